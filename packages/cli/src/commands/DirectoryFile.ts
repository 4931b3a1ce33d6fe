/**
 * `jotgate directory apply FILE`, `jotgate directory export`: the whole
 * directory as a file.
 *
 * What applying would do is printed before it is done; it is done in one
 * transaction, so a file with one mistake changes nothing.
 */
import { findingLines, json as jsonOf, read } from "@jotgate/server/DirectoryDocument"
import { Console, Effect, FileSystem, Option, Result, Schema, Stdio, Stream } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { stringify } from "yaml"
import * as AdminClient from "../admin/AdminClient.ts"
import { json, place } from "../admin/AdminFlags.ts"
import * as Columns from "../admin/Columns.ts"
import { Failure, failure } from "../Outcome.ts"

const Plan = Schema.Struct({
  applied: Schema.Boolean,
  counts: Schema.Struct({ create: Schema.Int, change: Schema.Int, remove: Schema.Int }),
  steps: Schema.Array(Schema.Struct({ action: Schema.String, kind: Schema.String, id: Schema.String })),
  untold: Schema.Int
})
type Plan = typeof Plan.Type

const decodePlan = Schema.decodeUnknownEffect(Plan)

/** Most steps that are printed one by one. */
const shown = 200

const marks: Readonly<Record<string, string>> = { create: "+", change: "~", remove: "-" }

const nouns: Readonly<Record<string, string>> = {
  users: "user",
  teams: "team",
  organizations: "organization",
  endUsers: "end user",
  memberships: "membership",
  modelGroups: "model group",
  agents: "agent"
}

const sizeOf = ({ counts }: Plan): number => counts.create + counts.change + counts.remove

const planLines = (plan: Plan): ReadonlyArray<string> => [
  ...plan.steps.slice(0, shown).map(({ action, id, kind }) =>
    `${marks[action] ?? "?"} ${nouns[kind] ?? kind} ${Columns.cell(id)}`
  ),
  ...(sizeOf(plan) > shown ? [`… and ${sizeOf(plan) - shown} more`] : []),
  `plan: ${plan.counts.create} to create, ${plan.counts.change} to change, ${plan.counts.remove} to remove`
]

const paths: Readonly<Record<string, string>> = {
  users: "users",
  teams: "teams",
  organizations: "organizations",
  endUsers: "end-users",
  modelGroups: "model-groups",
  agents: "agents"
}

const Rows = Schema.Record(Schema.String, Schema.Array(Schema.Record(Schema.String, Schema.Unknown)))

/** What a file would change in each row, member by member: before and after. Memberships have no id of one part. */
const differences = Effect.fnUntraced(function*(ask: AdminClient.Ask, plan: Plan, body: unknown) {
  const rows = Option.getOrElse(Schema.decodeUnknownOption(Rows)(body), (): typeof Rows.Type => ({}))
  const changed = plan.steps.filter((it) => it.action === "change" && paths[it.kind] !== undefined).slice(0, shown)
  const lines = yield* Effect.forEach(
    changed,
    ({ id, kind }) =>
      ask({ method: "GET", path: `/${paths[kind]}/${encodeURIComponent(id)}` }).pipe(
        Effect.map((row) => {
          const before = Option.getOrElse(
            Schema.decodeUnknownOption(Schema.Record(Schema.String, Schema.Unknown))(row),
            (): Readonly<Record<string, unknown>> => ({})
          )
          const after = rows[kind]?.find((it) => it["id"] === id) ?? {}
          return Object.entries(after).flatMap(([name, value]) =>
            JSON.stringify(before[name]) === JSON.stringify(value)
              ? []
              : [
                `~ ${nouns[kind] ?? kind} ${Columns.cell(id)} ${name}: ${JSON.stringify(before[name] ?? null)} → ${
                  JSON.stringify(value)
                }`
              ]
          )
        }),
        Effect.orElseSucceed((): ReadonlyArray<string> => [])
      )
  )
  return lines.flat()
})

/** Tells on a terminal how far an import is; says nothing to a file. */
const progress = (): AdminClient.OnProgress | undefined =>
  process.stderr.isTTY
    ? (done, of) => void process.stderr.write(`\r${done} of ${of} rows${done === of ? "\n" : ""}`)
    : undefined

const textOf = (file: string) =>
  file === "-"
    ? Effect.flatMap(Stdio.Stdio, ({ stdin }) => Stream.mkString(Stream.decodeText(stdin))).pipe(
      Effect.catchTag("PlatformError", () => failure("standard input cannot be read"))
    )
    : Effect.flatMap(FileSystem.FileSystem, (files) => files.readFileString(file)).pipe(
      Effect.catchTag("PlatformError", (error) =>
        failure(`${file}: ${error.reason._tag === "NotFound" ? "there is no such file" : "cannot be read"}`))
    )

const apply = Command.make(
  "apply",
  {
    file: Argument.String("file").pipe(Argument.withDescription("The file, YAML or JSON; - reads standard input")),
    at: place,
    prune: Flag.Boolean("prune").pipe(
      Flag.withDescription("Remove the rows that the file does not hold"),
      Flag.withDefault(false)
    ),
    dryRun: Flag.Boolean("dry-run").pipe(
      Flag.withDescription("Print the plan and change nothing"),
      Flag.withDefault(false)
    ),
    json
  },
  Effect.fn("directory apply")(function*({ at, dryRun, file, json, prune }) {
    const name = file === "-" ? "standard input" : file
    const text = yield* textOf(file)
    const body = yield* Result.match(jsonOf(name, text), {
      onFailure: (lines) => new Failure({ lines: [...lines] }),
      onSuccess: (it) => Effect.succeed(it)
    })
    // The API looks at the rows, and a long file is not held twice; only to say where something is wrong it is read here.
    const wording = (faults: ReadonlyArray<AdminClient.Fault>) =>
      Result.match(read(name, text), {
        onFailure: (lines) => lines,
        onSuccess: () => findingLines(name, text, faults)
      })
    const ask = yield* AdminClient.connect(at, progress())
    const ofRun = (isDry: boolean) =>
      ask({
        method: "POST",
        path: "/directory",
        query: { prune: prune ? "all" : "none", dryRun: String(isDry) },
        json: body,
        wording
      }).pipe(
        Effect.flatMap(decodePlan),
        Effect.catchTag("SchemaError", () => failure("this is no admin listener of jotgate"))
      )
    const plan = yield* ofRun(true)
    if (!json) yield* Console.log(planLines(plan).join("\n"))
    if (dryRun && !json) {
      for (const line of yield* differences(ask, plan, JSON.parse(body))) yield* Console.log(line)
    }
    if (dryRun || sizeOf(plan) === 0) {
      if (json) yield* Console.log(JSON.stringify(plan, null, 2))
      return
    }
    const done = yield* ofRun(false)
    yield* Console.log(json ? JSON.stringify(done, null, 2) : `done: ${sizeOf(done)} rows`)
  }, Effect.scoped)
).pipe(Command.withDescription("Make the directory hold what a file holds"))

const Document = Schema.Record(Schema.String, Schema.Array(Schema.Unknown))

const decodeDocument = Schema.decodeUnknownEffect(Document)

/** Rows that are made YAML together: all at once would take a hundred times their size. */
const CHUNK = 500

/** A directory file as YAML. */
const yamlOf = (document: typeof Document.Type): string =>
  Object.entries(document).map(([kind, rows]) => {
    if (rows.length === 0) return `${kind}: []\n`
    const text: Array<string> = []
    for (let from = 0; from < rows.length; from += CHUNK) {
      const some = stringify({ [kind]: rows.slice(from, from + CHUNK) }, { aliasDuplicateObjects: false, lineWidth: 0 })
      text.push(from === 0 ? some : some.slice(some.indexOf("\n") + 1))
    }
    return text.join("")
  }).join("").trimEnd()

const exported = Command.make(
  "export",
  {
    at: place,
    out: Flag.String("out").pipe(
      Flag.withMetavar("FILE"),
      Flag.withDescription("Write there instead of to standard output"),
      Flag.optional
    ),
    json
  },
  Effect.fn("directory export")(function*({ at, json, out }) {
    const ask = yield* AdminClient.connect(at)
    const document = yield* Effect.flatMap(ask({ method: "GET", path: "/directory" }), decodeDocument).pipe(
      Effect.catchTag("SchemaError", () => failure("this is no admin listener of jotgate"))
    )
    const text = json ? JSON.stringify(document, null, 2) : yamlOf(document)
    if (Option.isNone(out)) return yield* Console.log(text)
    const files = yield* FileSystem.FileSystem
    yield* files.writeFileString(out.value, `${text}\n`).pipe(
      Effect.catchTag("PlatformError", () => failure(`${out.value}: cannot be written`))
    )
  }, Effect.scoped)
).pipe(Command.withDescription("Print the whole directory as a file"))

export const directory = Command.make("directory").pipe(
  Command.withDescription("The whole directory as a file"),
  Command.withSubcommands([apply, exported])
)
