/**
 * Recorded questions, asked anew under other rules: who gains, who loses, who
 * changes team.
 *
 * Records come page by page and a question that came before is asked once, so
 * neither time nor memory grows with what was asked again and again. Answers
 * that failed for a dependency say nothing of the rules and are left out.
 */
import { toolName } from "@jotgate/core/Request"
import type { FoundRecord } from "@jotgate/store/RecordStore"
import { Effect, Option, Schema } from "effect"
import { hash } from "node:crypto"
import { KeptQuestion, requestOf } from "./record/KeptQuestion.ts"
import { settle, type Supposing } from "./Supposition.ts"

/** What the rules said, and for which team. */
export const Verdict = Schema.Struct({
  allowed: Schema.Boolean,
  code: Schema.NullOr(Schema.String),
  team: Schema.NullOr(Schema.String)
})
export type Verdict = typeof Verdict.Type

/** A question whose answer is another one. */
export const Change = Schema.Struct({
  /** The person, as the record knows it. */
  who: Schema.String,
  /** The agent that acted. */
  agent: Schema.NullOr(Schema.String),
  model: Schema.NullOr(Schema.String),
  /** What of an MCP server was asked for: `SERVER/NAME`. */
  tool: Schema.NullOr(Schema.String),
  path: Schema.String,
  before: Verdict,
  after: Verdict,
  /** How often it was asked. */
  count: Schema.Int
})
export type Change = typeof Change.Type

/** What came of it. */
export const Replayed = Schema.Struct({
  /** Questions that were asked, each as often as it was recorded. */
  asked: Schema.Int,
  /** Records without a question. */
  unreadable: Schema.Int,
  lost: Schema.Array(Change),
  gained: Schema.Array(Change),
  moved: Schema.Array(Change)
}).annotate({ identifier: "Replayed" })
export type Replayed = typeof Replayed.Type

/** Some records, newest first, and where the next ones begin; `next` is `undefined` after the last. */
export interface Page {
  readonly records: ReadonlyArray<Pick<FoundRecord, "body" | "question">>
  readonly next: string | undefined
}

/** What a replay needs of a record; the rest, its steps above all, is not looked at. */
const Told = Schema.Struct({
  verdict: Schema.Literals(["allow", "deny"]),
  verdictCode: Schema.NullOr(Schema.String),
  team: Schema.NullOr(Schema.String),
  user: Schema.NullOr(Schema.String),
  agent: Schema.NullOr(Schema.String),
  claimed: Schema.NullOr(
    Schema.Struct({ user: Schema.NullOr(Schema.String), email: Schema.NullOr(Schema.String) })
  ),
  dry: Schema.optionalKey(Schema.Boolean)
})

const told = Schema.decodeUnknownOption(Schema.fromJsonString(Told))
const kept = Schema.decodeUnknownOption(Schema.fromJsonString(KeptQuestion))

const isRuled = (it: typeof Told.Type): boolean => !(it.verdictCode ?? "").endsWith("_unavailable")

/** The person; an agent on its own is its own. */
const whoOf = ({ agent, claimed, user }: typeof Told.Type): string =>
  user ?? claimed?.email ?? claimed?.user ?? agent ?? "nobody"

/** What a question names of MCP servers. */
const toolIn = ({ tools }: KeptQuestion): string | null =>
  tools === undefined || "unseen" in tools ? null : tools.named.map(toolName).join(", ") || null

const differs = (one: Verdict, other: Verdict): boolean =>
  one.allowed !== other.allowed || (one.allowed && one.team !== other.team)

const verdictOf = Effect.fnUntraced(function*(supposing: Supposing, question: KeptQuestion, teamHeader: string) {
  const { claims, issuer, traced } = question
  const result = yield* settle(supposing, { issuer, claims, traced }, requestOf(question, teamHeader)).pipe(
    // An issuer that the new file does not trust any more.
    Effect.catch(() => Effect.succeed(undefined))
  )
  return result === undefined
    ? { allowed: false, code: "invalid_token", team: null }
    : result._tag === "Allowed"
    ? { allowed: true, code: null, team: result.principal.teamId ?? null }
    : { allowed: false, code: result.code, team: null }
})

/**
 * What of a record tells its verdict from that of another one with the same question, read from its text alone:
 * reading the whole record costs ten times as much, and most questions have come before. Quotation marks inside a value
 * are escaped, so that no caller writes such a member. `undefined` where the members are in another order.
 */
const verdictText = (body: string): string | undefined => {
  const verdict = /"verdict":"(?:allow|deny)","verdictCode":(?:null|"[a-z_]*")/.exec(body)
  const team = /"team":(?:null|"(?:[^"\\]|\\.)*")/.exec(body)
  return verdict === null || team === null ? undefined : `${verdict[0]}${team[0]}${body.includes(`"dry":true`)}`
}

/** Asks every recorded question anew; `teamHeader` carries the team that was asked for. */
export const run = <E>(
  pageAfter: (next: string | undefined) => Effect.Effect<Page, E>,
  supposing: Supposing,
  teamHeader: string
): Effect.Effect<Replayed, E> =>
  Effect.gen(function*() {
    const same = new Set<string>()
    /** Questions that say nothing of the rules. */
    const left = new Set<string>()
    const changes = new Map<string, { count: number; readonly change: Omit<Change, "count"> }>()
    let unreadable = 0
    let asked = 0
    let next: string | undefined
    do {
      const page = yield* pageAfter(next)
      for (const { body, question } of page.records) {
        if (question === null) {
          unreadable++
          continue
        }
        const key = hash("sha256", `${question}\n${verdictText(body) ?? body}`, "base64").slice(0, 24)
        const known = changes.get(key)
        if (known !== undefined) known.count++
        if (known !== undefined || same.has(key)) {
          asked++
          continue
        }
        if (left.has(key)) continue
        const record = Option.getOrUndefined(told(body))
        const posed = Option.getOrUndefined(kept(question))
        if (record === undefined || posed === undefined) {
          unreadable++
          continue
        }
        if (!isRuled(record) || record.dry === true) {
          left.add(key)
          continue
        }
        asked++
        const before: Verdict = { allowed: record.verdict === "allow", code: record.verdictCode, team: record.team }
        const after = yield* verdictOf(supposing, posed, teamHeader)
        if (differs(before, after)) {
          const change = {
            who: whoOf(record),
            agent: record.agent,
            model: posed.models.join(",") || null,
            tool: toolIn(posed),
            path: posed.path,
            before,
            after
          }
          changes.set(key, { count: 1, change })
        } else same.add(key)
      }
      next = page.next
    } while (next !== undefined)
    const all = Array.from(changes.values(), ({ change, count }): Change => ({ ...change, count }))
      .toSorted((a, b) => a.who < b.who ? -1 : a.who > b.who ? 1 : b.count - a.count)
    return {
      asked,
      unreadable,
      lost: all.filter(({ after, before }) => before.allowed && !after.allowed),
      gained: all.filter(({ after, before }) => !before.allowed && after.allowed),
      moved: all.filter(({ after, before }) => before.allowed && after.allowed)
    }
  })
