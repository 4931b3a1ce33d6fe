/**
 * `jotgate deny`: the deny list. What an entry names is refused at once, however
 * long its token has still to live.
 */
import { Console, Effect, Option, Schema } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import * as AdminClient from "../admin/AdminClient.ts"
import { json, place, text } from "../admin/AdminFlags.ts"
import * as Columns from "../admin/Columns.ts"
import { failure } from "../Outcome.ts"

const columns = ["id", "issuer", "jti", "subject", "issuedBefore", "kid", "expiresAt"]

/** Unix seconds, or an ISO time. */
const time = (name: string, what: string) =>
  Flag.String(name).pipe(
    Flag.filterMap(
      (it) => {
        const seconds = /^\d+(?:\.\d+)?$/.test(it) ? Number(it) : Date.parse(it) / 1000
        return Number.isFinite(seconds) ? Option.some(seconds) : Option.none()
      },
      (it) => `${it} is neither seconds since 1970 nor a time such as 2030-01-31T12:00:00Z`
    ),
    Flag.withMetavar("TIME"),
    Flag.withDescription(what),
    Flag.optional
  )

const entry = {
  jti: text("jti", "The id of one token"),
  subject: text("subject", "The subject of tokens"),
  issuedBefore: time("issued-before", "Tokens that were issued before"),
  kid: text("kid", "The key that tokens are signed with"),
  expiresAt: time("expires-at", "When the entry ends; without it, never")
}

const Entry = Schema.Record(Schema.String, Schema.Unknown)

const entryOf = (answer: unknown) =>
  Effect.mapError(Schema.decodeUnknownEffect(Entry)(answer), () => failure("this is no admin listener of jotgate"))

const print = (isJson: boolean, row: Columns.Row) =>
  Console.log(isJson ? JSON.stringify(row, null, 2) : Columns.fields(row).join("\n"))

/** Blocks an agent everywhere: its row, which is made when there is none. */
const blocked = Effect.fnUntraced(function*(
  ask: Effect.Success<ReturnType<typeof AdminClient.connect>>,
  id: string,
  isJson: boolean
) {
  const path = `/agents/${encodeURIComponent(id)}`
  const change = ask({ method: "PATCH", path, body: { blocked: true } })
  const made = ask({ method: "POST", path: "/agents", body: { id, blocked: true } })
  const row = yield* Effect.flatMap(Effect.catch(change, () => made), entryOf)
  yield* isJson ? print(true, row) : Console.log(`the agent ${Columns.cell(row["id"])} is blocked from now on`)
})

const create = Command.make(
  "create",
  {
    at: place,
    issuer: Flag.String("issuer").pipe(
      Flag.withMetavar("ISS"),
      Flag.withDescription("Whose tokens: the id or the iss of an issuer"),
      Flag.optional
    ),
    agent: text("agent", "Instead of tokens: an agent, whoever it acts for and whatever issuer says so"),
    entry,
    json
  },
  Effect.fn("deny create")(function*({
    agent,
    at,
    entry: { expiresAt, issuedBefore, jti, kid, subject },
    issuer,
    json
  }) {
    const named = [issuer, jti, subject, issuedBefore, kid, expiresAt].some((it) => it._tag === "Some")
    if (Option.isSome(agent)) {
      if (named) return yield* failure("--agent blocks an agent everywhere: give it alone")
      return yield* blocked(yield* AdminClient.connect(at), agent.value, json)
    }
    if (Option.isNone(issuer)) return yield* failure("whose? Give --issuer ISS, or --agent ID")
    const body = {
      issuer: issuer.value,
      jti: Option.getOrUndefined(jti),
      subject: Option.getOrUndefined(subject),
      issuedBefore: Option.getOrUndefined(issuedBefore),
      kid: Option.getOrUndefined(kid),
      expiresAt: Option.getOrUndefined(expiresAt)
    }
    const ask = yield* AdminClient.connect(at)
    const made = yield* Effect.flatMap(ask({ method: "POST", path: "/deny", body }), entryOf)
    yield* json ? print(true, made) : Console.log(`denied from now on (entry ${Columns.cell(made["id"])})`)
  }, Effect.scoped)
).pipe(Command.withDescription("Deny tokens, or an agent, from now on"))

const list = Command.make(
  "list",
  { at: place, issuer: text("issuer", "Only entries for this issuer"), json },
  Effect.fn("deny list")(function*({ at, issuer, json }) {
    const ask = yield* AdminClient.connect(at)
    const all: Array<Columns.Row> = []
    const query = { issuer: Option.getOrUndefined(issuer) }
    yield* AdminClient.pages(ask, { path: "/deny", query }, (rows) => Effect.sync(() => void all.push(...rows)))
    yield* Console.log(json ? JSON.stringify(all, null, 2) : Columns.table(columns, all).join("\n"))
  }, Effect.scoped)
).pipe(Command.withDescription("List the entries in force"))

const id = Argument.String("id").pipe(Argument.withDescription("The id of the entry"))

const show = Command.make(
  "show",
  { at: place, id, json },
  Effect.fn("deny show")(function*({ at, id, json }) {
    const ask = yield* AdminClient.connect(at)
    yield* print(json, yield* Effect.flatMap(ask({ method: "GET", path: `/deny/${encodeURIComponent(id)}` }), entryOf))
  }, Effect.scoped)
).pipe(Command.withDescription("Show one entry"))

const update = Command.make(
  "update",
  { at: place, id, expiresAt: entry.expiresAt, json },
  Effect.fn("deny update")(function*({ at, expiresAt, id, json }) {
    if (Option.isNone(expiresAt)) return yield* failure("what is to change? Give --expires-at TIME")
    const ask = yield* AdminClient.connect(at)
    const found = yield* Effect.flatMap(ask({ method: "GET", path: `/deny/${encodeURIComponent(id)}` }), entryOf)
    const body = { ...found, id: undefined, expiresAt: expiresAt.value }
    const made = yield* Effect.flatMap(ask({ method: "POST", path: "/deny", body }), entryOf)
    yield* json ? print(true, made) : Console.log(`entry ${Columns.cell(id)} is changed`)
  }, Effect.scoped)
).pipe(Command.withDescription("Change when an entry ends"))

const remove = Command.make(
  "delete",
  { at: place, id },
  Effect.fn("deny delete")(function*({ at, id }) {
    const ask = yield* AdminClient.connect(at)
    yield* ask({ method: "DELETE", path: `/deny/${encodeURIComponent(id)}` })
    yield* Console.log(`entry ${Columns.cell(id)} is gone`)
  }, Effect.scoped)
).pipe(Command.withDescription("Take an entry away"))

export const deny = Command.make("deny").pipe(
  Command.withDescription("Deny tokens before their time is over"),
  Command.withSubcommands([create, list, show, update, remove])
)
