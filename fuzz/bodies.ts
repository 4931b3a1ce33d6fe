/**
 * Draws bodies and gives those that the gate lets through to real parsers of other languages, as they are sent.
 *
 * The models that each parser takes out of what it receives must be the models that were judged, no more and no fewer
 * (RULES D55); a parser that refuses a body takes none out of it, and that is counted. What may pass a door that cannot
 * change it is given to them as it came. The oracle that walks over what the parsers answer is written apart from the
 * reader that it checks.
 */
import { namesOf } from "@jotgate/core/Request"
import { isUtf8 } from "node:buffer"
import { readBody } from "../packages/server/src/model/ModelPeek.ts"
import { invalid, type Peeked } from "../packages/server/src/model/Peeked.ts"
import {
  bodyReader,
  readTarget,
  requestedModel,
  type TargetReading
} from "../packages/server/src/model/RequestModel.ts"
import { drawBody, type Drawn } from "./BodyDraw.ts"
import { generator } from "./Mutation.ts"
import { type Read, type Reader, startAll } from "./Readers.ts"

/** What was done, and what was found. */
export interface Report {
  readonly seed: number
  readonly drawn: number
  /** Bodies that a caller who is restricted may send, and of these the ones that name models. */
  readonly passed: number
  readonly named: number
  /** Those that doors pass as they came. */
  readonly passedAsTheyCame: number
  /** Of all readings, those in which a parser refused what was passed. */
  readonly refusedByParsers: number
  readonly findings: ReadonlyArray<string>
}

interface Sent {
  readonly contentType: string
  readonly body: Buffer
  readonly models: ReadonlySet<string>
}

/** The names that were judged; `undefined` when a restricted caller is not let through. */
const judged = (target: TargetReading, seen: Peeked): ReadonlySet<string> | undefined => {
  const model = requestedModel(target, seen)
  return model === undefined || model._tag === "Conflict" || model._tag === "Unnamed"
    ? undefined
    : new Set(namesOf(model))
}

/** What the gate sends of a body. */
const sentOf = ({ body, contentType }: Drawn, target: TargetReading): Sent | undefined => {
  const pieces: Array<Buffer> = []
  const reader = bodyReader(target, contentType, () => "jotgate-7d0f", (bytes) => void pieces.push(Buffer.from(bytes)))
  if (reader === undefined) return undefined
  // In two pieces, somewhere.
  const cut = body.length % 7
  for (const piece of [body.subarray(0, cut), body.subarray(cut)]) if (piece.length > 0) reader.push(piece)
  const end = reader.end()
  const sent = Buffer.concat(pieces)
  const seen = reader.isText && !isUtf8(sent) ? invalid("no UTF-8") : end
  const models = reader.isKnown ? judged(target, seen) : undefined
  return models === undefined ? undefined : { contentType: reader.type, body: sent, models }
}

const isObject = (it: unknown): it is Readonly<Record<string, unknown>> =>
  typeof it === "object" && it !== null && !Array.isArray(it)

const camel = (name: string): string => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())

/** The values at a path of a JSON value; a name may have its other spelling. */
const valuesAt = (value: unknown, path: ReadonlyArray<string>): ReadonlyArray<unknown> => {
  const [part, ...rest] = path
  if (part === undefined) return [value]
  if (part === "[]") return Array.isArray(value) ? value.flatMap((it) => valuesAt(it, rest)) : []
  if (!isObject(value)) return []
  if (part === "*") return Object.values(value).flatMap((it) => valuesAt(it, rest))
  return [...new Set([part, camel(part)])].flatMap((it) => Object.hasOwn(value, it) ? valuesAt(value[it], rest) : [])
}

const isText = (it: unknown): it is string => typeof it === "string"

/** The texts at a path of a JSON value. */
const textsAt = (value: unknown, path: ReadonlyArray<string>): ReadonlyArray<string> =>
  valuesAt(value, path).filter(isText)

const partsOf = (path: string): ReadonlyArray<string> => path.replaceAll("[]", ".[]").split(".")

/** Where models stand in a body, and where what is read as a body of its own. */
interface OraclePlaces {
  readonly members: ReadonlyArray<ReadonlyArray<string>>
  readonly carriers: ReadonlyArray<ReadonlyArray<string>>
  readonly lines: ReadonlyArray<ReadonlyArray<string>>
}

const oraclePlaces = ({ route }: TargetReading): OraclePlaces => ({
  members: route === undefined
    ? [["model"]]
    : route.places.flatMap((it) =>
      it._tag === "Member" && it.like === undefined && it.reads === undefined ? [partsOf(it.path)] : []
    ),
  carriers: route?.places.flatMap((it) => it._tag === "Member" && it.like === "" ? [partsOf(it.path)] : []) ?? [],
  lines:
    route?.places.flatMap((it) =>
      it._tag === "Lines" && it.like === undefined && it.reads === undefined ? [partsOf(it.path)] : []
    ) ?? []
})

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const ofJson = (value: unknown, places: OraclePlaces): ReadonlyArray<string> => [
  ...places.members.flatMap((path) => textsAt(value, path)),
  ...places.carriers.flatMap((path) => valuesAt(value, path)).filter(isObject).flatMap((it) => ofJson(it, places))
]

const ofFields = (fields: NonNullable<Read["fields"]>, { members }: OraclePlaces): ReadonlyArray<string> =>
  fields.flatMap(([name, value]) =>
    members.flatMap(([first, second, ...rest]) => {
      if (second === undefined) return first === name ? [value] : []
      if (second === "[]" && `${first}[]` === name && rest.length === 0) return [value]
      return first === name ? textsAt(parsed(value), [second, ...rest]) : []
    })
  )

const purposeOf = (fields: Read["fields"]): string | undefined => fields?.find(([name]) => name === "purpose")?.[1]

/** What a parser takes out of a body by its type; `undefined` when it refuses it. */
const modelsOf = (read: Read, contentType: string, places: OraclePlaces): ReadonlyArray<string> | undefined => {
  if (!/^(?:multipart\/form-data|application\/x-www-form-urlencoded)/.test(contentType)) {
    return read.json === null ? undefined : ofJson(read.json, places)
  }
  if (read.fields === null) return undefined
  const lined = purposeOf(read.fields) === "batch" && places.lines.length > 0
    ? (read.lines ?? []).flatMap((line) => places.lines.flatMap((path) => textsAt(line, path)))
    : []
  return [...ofFields(read.fields, places), ...lined]
}

/** What a server that declares its members reads, whatever the type says, and one that reads any body as JSON. */
const modelsAnyway = (read: Read, places: OraclePlaces): ReadonlyArray<string> => [
  ...ofJson(read.json, places),
  ...ofJson(read.struct, places).filter((it) => it !== "")
]

const difference = (sent: Sent, reader: Reader, read: Read, places: OraclePlaces): string | undefined => {
  const models = modelsOf(read, sent.contentType, places)
  const anyway = modelsAnyway(read, places)
  // A file that says nothing of its purpose is judged as if it were a batch.
  const isBatch = purposeOf(read.fields) === "batch" || places.lines.length === 0
  const missed = models === undefined || !isBatch ? [] : [...sent.models].filter((it) => !models.includes(it))
  const more = [...models ?? [], ...anyway].filter((it) => !sent.models.has(it))
  return missed.length === 0 && more.length === 0
    ? undefined
    : `${reader.name} reads ${JSON.stringify(models ?? anyway)}, judged were ${JSON.stringify([...sent.models])}`
}

/** Every model that some parser takes out of what an upstream of this kind received. */
export const modelsTaken = async (
  readers: ReadonlyArray<Reader>,
  target: TargetReading,
  contentType: string,
  body: Buffer
): Promise<ReadonlyArray<string>> => {
  const places = oraclePlaces(target)
  const reads = await Promise.all(readers.map((it) => it.ask(contentType, body)))
  return reads.flatMap((read) => [...modelsOf(read, contentType, places) ?? [], ...modelsAnyway(read, places)])
}

const BATCH = 500
const ENOUGH = 10

/** Draws so many bodies; the same seed draws alike. */
export const run = async (count: number, seed: number): Promise<Report> => {
  const draw = generator(seed)
  const readers = startAll()
  const findings: Array<string> = []
  let [drawn, passed, named, passedAsTheyCame, refusedByParsers] = [0, 0, 0, 0, 0]

  const compare = async (it: Drawn, sent: Sent, places: OraclePlaces) => {
    const asked = readers.map((reader) => reader.ask(sent.contentType, sent.body))
    for (const [at, read] of (await Promise.all(asked)).entries()) {
      const reader = readers[at]
      if (reader === undefined) continue
      if (modelsOf(read, sent.contentType, places) === undefined) refusedByParsers++
      const found = difference(sent, reader, read, places)
      if (found !== undefined) {
        findings.push(`${found}\n  ${it.path} ${it.contentType}\n  ${JSON.stringify(it.body.toString("latin1"))}`)
      }
    }
  }

  const tryOne = async (it: Drawn): Promise<void> => {
    const target = readTarget("POST", it.path, [])
    const places = oraclePlaces(target)
    const sent = sentOf(it, target)
    if (sent === undefined || it.body.length === 0) return
    passed++
    if (sent.models.size > 0) named++
    await compare(it, sent, places)
    const models = judged(target, readBody(target, it.contentType, it.body, true))
    if (models === undefined) return
    passedAsTheyCame++
    await compare(it, { contentType: it.contentType, body: it.body, models }, places)
  }

  try {
    while (drawn < count && findings.length < ENOUGH) {
      const batch = Array.from({ length: Math.min(BATCH, count - drawn) }, () => drawBody(draw))
      drawn += batch.length
      await Promise.all(batch.map(tryOne))
    }
  } finally {
    for (const it of readers) it.stop()
  }
  return { seed, drawn, passed, named, passedAsTheyCame, refusedByParsers, findings }
}
