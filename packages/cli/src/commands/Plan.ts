/**
 * `jotgate plan --config NEW`: who gains, loses or changes team when a file is
 * put in force, by asking the recorded questions anew under it. Exit 1 when
 * somebody loses.
 */
import { LitellmReleases } from "@jotgate/core/Settings"
import { RecordStore } from "@jotgate/store/RecordStore"
import { Console, Context, Effect, Layer, Option } from "effect"
import { Command, Flag } from "effect/cli"
import { dirname, resolve } from "node:path"
import { json } from "../admin/AdminFlags.ts"
import { configFlag, loadSound, only } from "../Configuration.ts"
import { asRelease } from "../import/Releases.ts"
import { failure, Negative } from "../Outcome.ts"
import type { Change } from "../policy/Replay.ts"

const wholeStore = "decisions.store keeps questions: set it to directory, sqlite:PATH or postgres://…"

const place = ({ team }: Change["before"]): string => team === null ? "no team" : `team ${team}`

const sentence = ({ after, before, count, model, path, who }: Change): string => {
  const asked = `${model === null ? path : model}${count === 1 ? "" : ` (${count} times)`}`
  return before.allowed && after.allowed
    ? `~ ${who}  ${asked}: ${place(before)} → ${place(after)}`
    : before.allowed
    ? `- ${who}  ${asked}: allowed in ${place(before)}, would be ${after.code}`
    : `+ ${who}  ${asked}: was ${before.code}, would be allowed in ${place(after)}`
}

export const plan = Command.make(
  "plan",
  {
    config: configFlag,
    from: Flag.String("from").pipe(
      Flag.withMetavar("STORE"),
      Flag.withDescription(
        "The configuration whose decisions.store holds the questions, or sqlite:PATH; default: that of --config"
      ),
      Flag.optional
    ),
    release: Flag.Literals("against-litellm", LitellmReleases).pipe(
      Flag.withDescription("Decide as this release of LiteLLM would, to see an upgrade beforehand"),
      Flag.optional
    ),
    json
  },
  Effect.fn("plan")(function*({ config, from, json, release }) {
    const name = yield* only(Option.none(), config)
    const loaded = yield* loadSound(name)
    const next = Option.match(release, {
      onNone: () => loaded,
      onSome: (it) => ({ ...loaded, settings: asRelease(loaded.settings, it) })
    })
    const [{ dry }, { storeOf }, Replay] = yield* Effect.promise(() =>
      Promise.all([import("../Running.ts"), import("../explain/PastDecision.ts"), import("../policy/Replay.ts")])
    )
    const source = Option.getOrUndefined(from)
    if (source !== undefined && /^https?:/.test(source)) {
      return yield* failure(`--from ${source}: a listener gives no questions; name its configuration or its store`)
    }
    const asStore = source !== undefined && /^(?:sqlite|postgres(?:ql)?):/.test(source)
    const where = asStore
      ? { ...next.settings, decisions: { ...next.settings.decisions, store: source } }
      : source === undefined
      ? next.settings
      : /\.ya?ml$|\.json$/.test(source)
      ? (yield* loadSound(source)).settings
      : yield* failure(`--from ${source}: the lines of a log hold no questions. ${wholeStore}`)
    const layer = storeOf(where)
    if (layer === undefined) return yield* failure(`there are no recorded questions. ${wholeStore}`)
    const services = yield* Layer.build(layer).pipe(
      Effect.mapError(() => failure("the store of records cannot be opened"))
    )
    const { supposing } = yield* dry({ config: next, env: process.env, base: dirname(resolve(name)) })
    if (supposing === undefined) return yield* failure("nobody can be asked")
    const [teamHeader = "x-team-id"] = next.settings.policy.teamHeaders
    const { asked, changes, unreadable } = yield* Replay.run(Context.get(services, RecordStore), supposing, teamHeader)
    if (asked === 0) return yield* failure(`the store holds no questions yet. ${wholeStore}`)
    const lost = changes.filter((it) => it.before.allowed && !it.after.allowed)
    const gained = changes.filter((it) => !it.before.allowed && it.after.allowed)
    const moved = changes.filter((it) => it.before.allowed && it.after.allowed)
    if (json) {
      yield* Console.log(JSON.stringify({ asked, lost, gained, moved }, null, 2))
    } else {
      for (const it of [...lost, ...gained, ...moved]) yield* Console.log(sentence(it))
      yield* Console.log(
        `${asked} questions: ${lost.length} lose, ${gained.length} gain, ${moved.length} change team${
          unreadable === 0 ? "" : `; ${unreadable} records without a question`
        }`
      )
    }
    if (lost.length > 0) return yield* new Negative({ lines: [] })
  }, Effect.scoped)
).pipe(Command.withDescription("What would change for whom under another configuration, from recorded questions"))
