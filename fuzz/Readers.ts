/** Real parsers of other languages, each a program that is asked about one body after another. */
import { Catalog } from "@jotgate/servers"
import { Result, Schema } from "effect"
import { execFileSync, spawn } from "node:child_process"
import { mkdirSync } from "node:fs"
import { dirname, join } from "node:path"

const Pairs = Schema.NullOr(Schema.Array(Schema.Tuple([Schema.String, Schema.String])))

/** What one parser makes of a body; null where it refuses it. */
const Read = Schema.Struct({
  fields: Pairs,
  /** Name and content in base64. */
  files: Pairs,
  json: Schema.Json,
  /** The same, read into what a server declares; only where the language does that. */
  struct: Schema.optional(Schema.Json),
  lines: Schema.NullOr(Schema.Array(Schema.Json))
})
export interface Read extends Schema.Schema.Type<typeof Read> {}

const decode = Schema.decodeUnknownResult(Schema.fromJsonString(Read))

/** One parser. */
export interface Reader {
  readonly name: string
  readonly ask: (type: string, body: Buffer) => Promise<Read>
  readonly stop: () => void
}

/** What the readers need of this machine. */
export const needs = ["python", "go", "starlette", "python-multipart", "anyio", "idna", "typing-extensions"] as const

const wheels = needs.slice(2)
const readers = join(import.meta.dirname, "readers")

const start = (
  name: string,
  command: string,
  args: ReadonlyArray<string>,
  env: Readonly<Record<string, string>> = {}
): Reader => {
  const program = spawn(command, args, { env: { ...process.env, ...env }, stdio: ["pipe", "pipe", "inherit"] })
  const waiting: Array<{ readonly done: (read: Read) => void; readonly fail: (why: Error) => void }> = []
  program.stdin.on("error", () => {})
  let rest = ""
  // By line feeds alone: `node:readline` ends a line at U+2028 as well, which stands as it is in JSON.
  program.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    const [first = "", ...more] = chunk.split("\n")
    const lines = [rest + first, ...more]
    rest = lines.pop() ?? ""
    for (const line of lines) {
      const asked = waiting.shift()
      Result.match(decode(line), {
        onFailure: () => asked?.fail(new Error(`${name} said ${line}`)),
        onSuccess: (read) => asked?.done(read)
      })
    }
  })
  program.on("close", (code) => {
    for (const { fail } of waiting.splice(0)) fail(new Error(`${name} ended with ${code}`))
  })
  return {
    name,
    ask: (type, body) =>
      new Promise((done, fail) => {
        waiting.push({ done, fail })
        program.stdin.write(`${JSON.stringify({ type, body: body.toString("base64") })}\n`)
      }),
    stop: () => program.stdin.end()
  }
}

const pythonPath = (): string => wheels.map((name) => dirname(Catalog.locate(name))).join(":")

const goProgram = (): string => {
  const program = join(Catalog.cache, "read-bodies")
  mkdirSync(Catalog.cache, { recursive: true })
  execFileSync(Catalog.locate("go"), ["build", "-o", program, join(readers, "read.go")], { stdio: "inherit" })
  return program
}

/** Starts all of them; throws what is missing. */
export const startAll = (): ReadonlyArray<Reader> => [
  start("python", Catalog.locate("python"), [join(readers, "read.py")], { PYTHONPATH: pythonPath() }),
  start("go", goProgram(), []),
  start("node", process.execPath, [join(readers, "read.mjs")])
]
