/**
 * `jotgate plan NEW`: who gains, loses or changes team when a file is
 * put in force, by asking the recorded questions anew under it. Exit 1 when
 * somebody loses.
 */
import { LitellmReleases } from "@jotgate/core/Settings"
import type { Change, Page, Replayed } from "@jotgate/server/Replay"
import type { RecordStore } from "@jotgate/store/RecordStore"
import { Console, Context, Effect, Layer, Option, Schema } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { dirname, resolve } from "node:path"
import * as AdminClient from "../admin/AdminClient.ts"
import { json, place } from "../admin/AdminFlags.ts"
import { printable } from "../admin/Columns.ts"
import { configFlag, loadSound, only } from "../Configuration.ts"
import { asRelease } from "../import/Releases.ts"
import { type Failure, failure, Negative } from "../Outcome.ts"

const wholeStore = "decisions.store keeps questions: set it to directory, sqlite:PATH or postgres://…"

const whereOf = ({ team }: Change["before"]): string => team === null ? "no team" : `team ${team}`

const sentence = ({ after, agent, before, count, model, path, tool, who: person }: Change): string => {
  const who = agent === null ? person : person === agent ? `agent ${agent}` : `${person} by agent ${agent}`
  const asked = `${tool ?? model ?? path}${count === 1 ? "" : ` (${count} times)`}`
  return before.allowed && after.allowed
    ? `~ ${who}  ${asked}: ${whereOf(before)} → ${whereOf(after)}`
    : before.allowed
    ? `- ${who}  ${asked}: allowed in ${whereOf(before)}, would be ${after.code}`
    : `+ ${who}  ${asked}: was ${before.code}, would be allowed in ${whereOf(after)}`
}

/** Changes that are printed at once: a million of them make no one text. */
const printed = 1_000

const chunks = function*(changes: ReadonlyArray<Change>): Generator<ReadonlyArray<Change>> {
  for (let at = 0; at < changes.length; at += printed) yield changes.slice(at, at + printed)
}

const piecesOfText = function*(lists: ReadonlyArray<ReadonlyArray<Change>>): Generator<string> {
  for (const list of lists) {
    for (const some of chunks(list)) yield some.map((it) => printable(sentence(it))).join("\n")
  }
}

/** What `JSON.stringify` makes of all of it, with two spaces. */
const piecesOfJson = function*(
  { asked, gained, hidden, lost, moved }: Pick<Replayed, "asked" | "gained" | "hidden" | "lost" | "moved">
): Generator<string> {
  yield `{\n  "asked": ${asked},${hidden === 0 ? "" : `\n  "hidden": ${hidden},`}`
  for (const [name, list] of [["lost", lost], ["gained", gained], ["moved", moved]] as const) {
    const end = name === "moved" ? "\n}" : ","
    if (list.length === 0) {
      yield `  "${name}": []${end}`
      continue
    }
    yield `  "${name}": [`
    let left = list.length
    for (const some of chunks(list)) {
      left -= some.length
      const items = JSON.stringify(some, null, 2).slice(2, -2).replaceAll(/^/gm, "  ")
      yield left === 0 ? `${items}\n  ]${end}` : `${items},`
    }
  }
}

/** Records that are asked for at once. */
const size = 1_000

const Kept = Schema.Struct({
  items: Schema.Array(Schema.Struct({ record: Schema.Unknown, question: Schema.NullOr(Schema.Unknown) })),
  next: Schema.NullOr(Schema.String)
})
const decodeKept = Schema.decodeUnknownEffect(Kept)

/** The questions of a running gate, page by page. */
const listener = (ask: AdminClient.Ask) =>
  Effect.fnUntraced(function*(after: string | undefined) {
    const query = { after, limit: String(size) }
    const answer = yield* ask({ method: "GET", path: "/decisions/questions", query })
    const { items, next } = yield* Effect.mapError(
      decodeKept(answer),
      () => failure("this is no admin listener of jotgate")
    )
    return {
      records: items.map(({ question, record }) => ({
        body: JSON.stringify(record),
        question: question === null ? null : JSON.stringify(question)
      })),
      next: next ?? undefined
    } satisfies Page
  })

/** The questions of a store, page by page. */
const stored = (store: RecordStore["Service"]) =>
  Effect.fnUntraced(function*(below: string | undefined) {
    const records = yield* Effect.mapError(
      store.search({ limit: size, below }),
      () => failure("the store of records does not answer")
    )
    return { records, next: records.length < size ? undefined : records.at(-1)?.id } satisfies Page
  })

export const plan = Command.make(
  "plan",
  {
    file: Argument.String("file").pipe(Argument.withDescription("The new configuration file"), Argument.optional),
    config: configFlag,
    from: Flag.String("from").pipe(
      Flag.withMetavar("STORE|URL|FILE"),
      Flag.withDescription(
        "Where the questions are: the admin listener of a gate, sqlite:PATH, postgres://…, or the configuration whose decisions.store holds them; default: those of the new file"
      ),
      Flag.optional
    ),
    release: Flag.Literals("against-litellm", LitellmReleases).pipe(
      Flag.withDescription("Decide as this release of LiteLLM would, to see an upgrade beforehand"),
      Flag.optional
    ),
    tokenEnv: place.tokenEnv,
    json
  },
  Effect.fn("plan")(function*({ config, file, from, json, release, tokenEnv }) {
    const name = yield* only(file, config)
    const loaded = yield* loadSound(name)
    const next = Option.match(release, {
      onNone: () => loaded,
      onSome: (it) => ({ ...loaded, settings: asRelease(loaded.settings, it) })
    })
    const [{ dry }, { storeOf }, Replay, { RecordStore }] = yield* Effect.promise(() =>
      Promise.all([
        import("../Running.ts"),
        import("../explain/RecordSource.ts"),
        import("@jotgate/server/Replay"),
        import("@jotgate/store/RecordStore")
      ])
    )
    const source = Option.getOrUndefined(from)
    const url = source !== undefined && /^https?:/.test(source) ? source : undefined
    const asStore = source !== undefined && /^(?:sqlite|postgres(?:ql)?):/.test(source)
    const where = asStore
      ? { ...next.settings, decisions: { ...next.settings.decisions, store: source } }
      : source === undefined || url !== undefined
      ? next.settings
      : /\.ya?ml$|\.json$/.test(source)
      ? (yield* loadSound(source)).settings
      : yield* failure(`--from ${source}: the lines of a log hold no questions. ${wholeStore}`)
    const layer = url === undefined ? storeOf(where) : undefined
    if (layer === undefined && url === undefined) {
      return yield* failure(`there are no recorded questions. ${wholeStore}`)
    }
    const pageAfter: (next: string | undefined) => Effect.Effect<Page, Failure | Negative> = layer === undefined
      ? listener(yield* AdminClient.connect({ config: Option.none(), admin: from, tokenEnv, direct: false }))
      : stored(Context.get(
        yield* Layer.build(layer).pipe(Effect.mapError(() => failure("the store of records cannot be opened"))),
        RecordStore
      ))
    const { supposing } = yield* dry({ config: next, env: process.env, base: dirname(resolve(name)) })
    if (supposing === undefined) return yield* failure("nobody can be asked")
    const [teamHeader = "x-team-id"] = next.settings.policy.teamHeaders
    const { undone } = yield* Effect.promise(() => import("../explain/Pseudonyms.ts"))
    const plain = yield* undone({ ...next, settings: { ...next.settings, decisions: where.decisions } })
    const told = yield* Replay.run(pageAfter, supposing, teamHeader, plain).pipe(
      Effect.catchTag("Undecided", ({ code }) => failure(`the recorded questions cannot be decided: ${code}`))
    )
    const { asked, gained, hidden, lost, moved, unreadable } = told
    if (asked === 0) return yield* failure(`no questions are recorded yet. ${wholeStore}`)
    const pieces = json ? piecesOfJson({ asked, hidden, lost, gained, moved }) : piecesOfText([lost, gained, moved])
    for (const it of pieces) {
      yield* Console.log(it)
      // Whoever reads has a turn.
      yield* Effect.yieldNow
    }
    if (!json) {
      yield* Console.log(
        `${asked} questions: ${lost.length} lose, ${gained.length} gain, ${moved.length} change team${
          unreadable === 0 ? "" : `; ${unreadable} records without a question`
        }${
          hidden === 0
            ? ""
            : `; of ${hidden} it is not known, as the address of whoever asked is a pseudonym (decisions.redact) of nobody with a row`
        }`
      )
    }
    if (lost.length > 0) return yield* new Negative({ lines: [] })
  }, Effect.scoped)
).pipe(Command.withDescription("What would change for whom under another configuration, from recorded questions"))
