/**
 * Where processor time goes, by the profiler of V8 (`--cpu-prof`): microseconds of the main thread for each part.
 *
 * Of a bundle it is told by its source maps which source a frame is of.
 */
import { Schema } from "effect"
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs"
import { SourceMap } from "node:module"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { fileURLToPath } from "node:url"

const Frame = Schema.Struct({
  functionName: Schema.String,
  url: Schema.String,
  lineNumber: Schema.Number,
  columnNumber: Schema.Number
})
const Profile = Schema.Struct({
  nodes: Schema.Array(Schema.Struct({
    id: Schema.Number,
    callFrame: Frame,
    children: Schema.optionalKey(Schema.Array(Schema.Number))
  })),
  startTime: Schema.Number,
  samples: Schema.Array(Schema.Number),
  timeDeltas: Schema.Array(Schema.Number)
})
const decodeProfile = Schema.decodeUnknownSync(Schema.fromJsonString(Profile))

/** What a frame belongs to, by its name and its file; one that is none of them belongs to what called it. */
export type Parts = ReadonlyArray<readonly [part: string, frame: RegExp]>

/** What has Node write a profile into a folder when it ends. */
export const flags = (folder: string): ReadonlyArray<string> => ["--cpu-prof", `--cpu-prof-dir=${folder}`]

/** The monotonic clock of all processes, as profiles have it. */
export const micros = (): number => Number(process.hrtime.bigint() / 1000n)

/** Says where the source of a frame is. */
const makePlaceOf = () => {
  const maps = new Map<string, SourceMap | undefined>()
  const mapOf = (url: string): SourceMap | undefined => {
    if (!url.startsWith("file:")) return undefined
    const file = `${fileURLToPath(url)}.map`
    if (!maps.has(file)) {
      maps.set(file, existsSync(file) ? new SourceMap(JSON.parse(readFileSync(file, "utf8"))) : undefined)
    }
    return maps.get(file)
  }
  return ({ columnNumber, lineNumber, url }: typeof Frame.Type): string => {
    const entry = mapOf(url)?.findEntry(lineNumber, columnNumber)
    return entry !== undefined && "originalSource" in entry ? `/${entry.originalSource}` : url
  }
}

/** Microseconds of each part, between two times of the monotonic clock where they are given. */
export const sums = (
  text: string,
  parts: Parts,
  { from = 0, to = Infinity }: { readonly from?: number; readonly to?: number } = {}
): ReadonlyMap<string, number> => {
  const { nodes, samples, startTime, timeDeltas } = decodeProfile(text)
  const placeOf = makePlaceOf()
  const partOf = (frame: typeof Frame.Type): string | undefined =>
    parts.find(([, it]) => it.test(`${frame.functionName} ${placeOf(frame)}`))?.[0]
  const parents = new Map(nodes.flatMap((it) => (it.children ?? []).map((child) => [child, it.id] as const)))
  const own = new Map(nodes.map(({ callFrame, id }) => [id, partOf(callFrame)]))
  const idle = new Set(nodes.filter((it) => it.callFrame.functionName === "(idle)").map((it) => it.id))
  const owner = (id: number | undefined): string =>
    id === undefined ? "the rest" : own.get(id) ?? owner(parents.get(id))
  const found = new Map<string, number>()
  let at = startTime
  samples.forEach((id, index) => {
    at += timeDeltas[index] ?? 0
    if (at < from || at > to || idle.has(id)) return
    const part = owner(id)
    // A sample stands for the time until the next one.
    found.set(part, (found.get(part) ?? 0) + (timeDeltas[index + 1] ?? 0))
  })
  return found
}

/** The profile that the process which matters has written: the largest there is. */
export const written = async (folder: string): Promise<string> => {
  for (let tries = 0; tries < 100; tries++) {
    const files = readdirSync(folder).map((it) => join(folder, it))
      .toSorted((left, right) => statSync(right).size - statSync(left).size)
    const text = files[0] === undefined ? "" : readFileSync(files[0], "utf8")
    if (text.endsWith("}")) return text
    await sleep(200)
  }
  throw new Error("no profile was written")
}
