/** A gate in front of a model, for clients that nobody here wrote: what each must get, and what it must be told. */
import { assert } from "@effect/vitest"
import { makeTeam, TeamId } from "@jotgate/core/Directory"
import { Folder } from "@jotgate/servers"
import { Effect } from "effect"
import { spawn } from "node:child_process"
import { mkdirSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import * as ModelUpstream from "./ModelUpstream.ts"
import * as World from "./World.ts"

/** What alice's team may call, and what it may not. */
export const models = {
  openai: { granted: "gpt-4o", denied: "gpt-9" },
  anthropic: { granted: "claude-x", denied: "claude-9" },
  gemini: { granted: "gemini-x", denied: "gemini-9" }
} satisfies Readonly<Record<string, Models>>

export interface Models {
  readonly granted: string
  readonly denied: string
}

export interface ClientWorld {
  readonly gate: World.World
  /** Alice's, of the team red. */
  readonly token: string
}

/** `options` may say other carriers and what the upstream gets. */
export const make = Effect.fnUntraced(function*(options: Pick<World.WorldOptions, "doors" | "upstream"> = {}) {
  const gate = yield* World.make({
    doors: { credentials: ["authorization", "x-api-key", "x-goog-api-key"] },
    ...options,
    rows: { teams: [makeTeam({ id: TeamId.make("red"), models: Object.values(models).map((it) => it.granted) })] },
    directory: { users: { unknown: "allow" } }
  })
  gate.upstream.answer = ModelUpstream.answer
  const world: ClientWorld = { gate, token: yield* gate.token("alice", { groups: ["red"] }) }
  return world
})

/** The upstream was asked, each time in alice's name, without her token and for nothing but what she may call. */
export const isServed = ({ gate, token }: ClientWorld): void => {
  const { requests } = gate.upstream
  assert.isNotEmpty(requests)
  for (const { body, headers, rawHeaders, url } of requests) {
    assert.strictEqual(headers["x-jotgate-user"], "alice")
    assert.strictEqual(headers["x-jotgate-team"], "red")
    assert.notInclude(`${url}\n${rawHeaders.join("\n")}`, token)
    for (const { denied } of Object.values(models)) assert.notInclude(`${url}\n${body.toString("utf8")}`, denied)
  }
}

/** What the caller of the client sees names the code, and the id of a decision by which an operator finds the record. */
export const isTold = ({ gate }: ClientWorld, shown: string, code = "team_model_denied"): void => {
  assert.include(shown, code)
  const [id = ""] = /d_[0-9A-HJKMNP-TV-Z]{26}/.exec(shown) ?? []
  assert.include(gate.log.recent(100).filter((it) => it.code === code).map((it) => it.decision), id, shown)
}

/** A client that is a program of its own. */
export interface Program {
  readonly program: string
  readonly args: ReadonlyArray<string>
  readonly env?: Readonly<Record<string, string>>
  /** What stands below its home before it starts. */
  readonly files?: Readonly<Record<string, string>>
}

export interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** Runs it in an empty home; it is killed with the scope. The gate answers in this process, so nothing here waits for it. */
export const run = Effect.fnUntraced(function*({ args, env = {}, files = {}, program }: Program) {
  const home = yield* Effect.acquireRelease(
    Effect.sync(() => Folder.make("client")),
    (it) => Effect.sync(it.remove)
  )
  for (const [name, text] of Object.entries(files)) {
    const file = join(home.path, name)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
  return yield* Effect.callback<Ended>((resume) => {
    const child = spawn(program, args, {
      cwd: home.path,
      stdio: ["ignore", "pipe", "pipe"],
      env: { PATH: process.env["PATH"] ?? "", HOME: home.path, TERM: "dumb", ...env }
    })
    let out = ""
    let err = ""
    child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()))
    child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()))
    child.on("error", (it) => resume(Effect.die(it)))
    child.on("close", (code) => resume(Effect.succeed({ code, out, err })))
    return Effect.sync(() => void child.kill("SIGKILL"))
  })
})

/** Runs a program that asks with one SDK: it prints these lines, and last what the SDK says of the denial. */
export const isRight = Effect.fnUntraced(function*(world: ClientWorld, program: Program, lines: ReadonlyArray<string>) {
  const env = { ...program.env, GATE: world.gate.url, TOKEN: world.token }
  const { code, err, out } = yield* run({ ...program, env })
  assert.strictEqual(code, 0, `${out}${err}`)
  const printed = out.trimEnd().split("\n")
  assert.deepStrictEqual(printed.slice(0, lines.length), lines)
  isTold(world, printed.slice(lines.length).join("\n"))
  isServed(world)
})
