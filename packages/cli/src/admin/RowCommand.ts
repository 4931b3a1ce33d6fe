/**
 * The command of one kind of row: `jotgate NOUN list|show|create|update|delete`.
 *
 * A noun says what names its rows, which fields it has and which columns a
 * person wants to see; the five verbs are the same for all.
 */
import { Console, Effect, Option, Schema } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { failure } from "../Outcome.ts"
import * as AdminClient from "./AdminClient.ts"
import { json, place } from "./AdminFlags.ts"
import * as Columns from "./Columns.ts"

/** A flag that was given or not, whatever its value. */
export type Field = Flag.Flag<Option.Option<unknown>>

export interface Noun {
  /** The name of the command. */
  readonly name: string
  /** What a row is called. */
  readonly noun: string
  /** Where the rows are, after `/admin/v1`. */
  readonly path: string
  /** What names a row: `id`, or `user` and `team`. */
  readonly key: ReadonlyArray<string>
  readonly fields: Readonly<Record<string, Field>>
  readonly filters: Readonly<Record<string, Field>>
  readonly columns: ReadonlyArray<string>
}

type Given = Readonly<Record<string, Option.Option<unknown>>>

/** What was given, by the names of the API. */
const givenOf = (options: Given): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(options).flatMap(([name, it]) => Option.isSome(it) ? [[name, it.value]] : []))

const Row = Schema.Record(Schema.String, Schema.Unknown)

/** A row that was answered. */
const rowOf = (answer: unknown) =>
  Effect.mapError(Schema.decodeUnknownEffect(Row)(answer), () => failure("this is no admin listener of jotgate"))

const limit = Flag.Int("limit").pipe(
  Flag.withMetavar("N"),
  Flag.withDescription("At most so many rows"),
  Flag.optional
)

export const make = ({ columns, fields, filters, key, name, noun, path }: Noun) => {
  const named = {
    args: Object.fromEntries(key.map((it) => [it, Argument.String(it).pipe(Argument.optional)])),
    flags: Object.fromEntries(key.map((it) => [
      it,
      Flag.String(it).pipe(
        Flag.withMetavar(it.toUpperCase()),
        Flag.withDescription(`Instead of the argument ${it}`),
        Flag.optional
      )
    ]))
  }

  /** What names the row: each part as an argument or as a flag. */
  const keyOf = ({ args, flags }: { readonly args: Given; readonly flags: Given }) => {
    const parts: Record<string, string> = {}
    // Arguments fill the parts that no flag gives, in their order.
    const rest = key.flatMap((it) => Option.toArray(args[it] ?? Option.none())).map(String)
    for (const it of key) {
      const flag = flags[it] ?? Option.none()
      const value = Option.isSome(flag) ? String(flag.value) : rest.shift()
      if (value === undefined || value === "") {
        return failure(`which ${noun}? Give ${key.map((one) => one.toUpperCase()).join(" ")}`)
      }
      parts[it] = value
    }
    return rest.length > 0 ? failure(`${rest.join(" ")}: given twice`) : Effect.succeed(parts)
  }

  const pathOf = (parts: Readonly<Record<string, string>>): string =>
    `${path}/${key.map((it) => encodeURIComponent(parts[it] ?? "")).join("/")}`

  const said = (parts: Readonly<Record<string, string>>): string =>
    `${noun} ${key.map((it) => Columns.cell(parts[it])).join(" ")}`

  const print = (isJson: boolean, row: Columns.Row) =>
    Console.log(isJson ? JSON.stringify(row, null, 2) : Columns.fields(row).join("\n"))

  const list = Command.make(
    "list",
    { at: place, filters, limit, json },
    Effect.fn(`${name} list`)(function*({ at, filters, json, limit }) {
      const ask = yield* AdminClient.connect(at)
      const query = Object.fromEntries(Object.entries(givenOf(filters)).map(([field, it]) => [field, String(it)]))
      const all: Array<Columns.Row> = []
      yield* AdminClient.pages(
        ask,
        { path, query },
        (rows, isFirst) => {
          if (!json) return Console.log(Columns.table(columns, rows, isFirst).join("\n"))
          all.push(...rows)
          return Effect.void
        },
        Option.match(limit, { onNone: () => ({}), onSome: (limit) => ({ limit }) })
      )
      if (json) yield* Console.log(JSON.stringify(all, null, 2))
    }, Effect.scoped)
  ).pipe(Command.withDescription(`List the ${noun}s`))

  const show = Command.make(
    "show",
    { at: place, named, json },
    Effect.fn(`${name} show`)(function*({ at, json, named }) {
      const parts = yield* keyOf(named)
      const ask = yield* AdminClient.connect(at)
      yield* print(json, yield* Effect.flatMap(ask({ method: "GET", path: pathOf(parts) }), rowOf))
    }, Effect.scoped)
  ).pipe(Command.withDescription(`Show one ${noun}`))

  const create = Command.make(
    "create",
    { at: place, named, fields, json },
    Effect.fn(`${name} create`)(function*({ at, fields, json, named }) {
      const parts = yield* keyOf(named)
      const ask = yield* AdminClient.connect(at)
      const row = yield* Effect.flatMap(ask({ method: "POST", path, body: { ...parts, ...givenOf(fields) } }), rowOf)
      yield* json ? print(true, row) : Console.log(`${said(parts)} is made`)
    }, Effect.scoped)
  ).pipe(Command.withDescription(`Make a ${noun}`))

  const update = Command.make(
    "update",
    { at: place, named, fields, json },
    Effect.fn(`${name} update`)(function*({ at, fields, json, named }) {
      const parts = yield* keyOf(named)
      const body = givenOf(fields)
      if (Object.keys(body).length === 0) return yield* failure("what is to change? Give at least one field")
      const ask = yield* AdminClient.connect(at)
      const row = yield* Effect.flatMap(ask({ method: "PATCH", path: pathOf(parts), body }), rowOf)
      yield* json ? print(true, row) : Console.log(`${said(parts)} is changed`)
    }, Effect.scoped)
  ).pipe(Command.withDescription(`Change a ${noun}; what is not given stays`))

  const remove = Command.make(
    "delete",
    { at: place, named },
    Effect.fn(`${name} delete`)(function*({ at, named }) {
      const parts = yield* keyOf(named)
      const ask = yield* AdminClient.connect(at)
      yield* ask({ method: "DELETE", path: pathOf(parts) })
      yield* Console.log(`${said(parts)} is gone`)
    }, Effect.scoped)
  ).pipe(Command.withDescription(`Remove a ${noun}`))

  return Command.make(name).pipe(
    Command.withDescription(`List, show, make, change and remove ${noun}s`),
    Command.withSubcommands([list, show, create, update, remove])
  )
}
