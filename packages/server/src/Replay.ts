/**
 * Recorded questions, asked anew under other rules: who gains, who loses, who
 * changes team.
 *
 * Records come page by page and a question that came before is asked once, so
 * neither time nor memory grows with what was asked again and again. Answers
 * that failed for a dependency say nothing of the rules and are left out; where
 * one fails now, nothing is said at all.
 */
import type { Allowed } from "@jotgate/core/Decision"
import type { Denial } from "@jotgate/core/Errors"
import { toolName } from "@jotgate/core/Request"
import { nowOf } from "@jotgate/core/Ticks"
import type { Now } from "@jotgate/core/Trace"
import type { FoundRecord } from "@jotgate/store/RecordStore"
import { Clock, Effect, Exit, Option, Schema } from "effect"
import { hash } from "node:crypto"
import { type Posed, reader } from "./record/KeptQuestion.ts"
import { nameOf } from "./record/Parties.ts"
import { isRedacted, type Redaction } from "./record/Redaction.ts"
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
  /**
   * Questions that are answered another way now, of people whose address is a pseudonym (`decisions.redact`): whether
   * for this is not known, so they are in no list.
   */
  hidden: Schema.Int,
  lost: Schema.Array(Change),
  gained: Schema.Array(Change),
  moved: Schema.Array(Change)
}).annotate({ identifier: "Replayed" })
export type Replayed = typeof Replayed.Type

/** A dependency failed, so nobody knows what would change; `code` is that of the answer. */
export class Undecided extends Schema.TaggedError<Undecided>()("Undecided", { code: Schema.String }) {}

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

/** Questions that are asked at a stretch: a gate that is asked has callers besides. */
const stretch = 50

/** Whether it was the rules that spoke, and no dependency that failed. */
const isRuling = (code: string | null | undefined): boolean => !(code ?? "").endsWith("_unavailable")

/** The person; an agent on its own is its own. */
const whoOf = ({ agent, claimed, user }: typeof Told.Type): string =>
  user ?? claimed?.email ?? claimed?.user ?? agent ?? "nobody"

/** What a question names of MCP servers. */
const toolIn = ({ tools }: Posed["about"]): string | null =>
  tools === undefined || "unseen" in tools ? null : tools.named.map(toolName).join(", ") || null

/** The team of a record is cut where its id is long. */
const differs = (before: Verdict, after: Verdict): boolean =>
  before.allowed !== after.allowed ||
  (before.allowed && before.team !== (after.team === null ? null : nameOf(after.team)))

/** What an issuer that the new file does not trust comes to. */
const untrusted: Verdict = { allowed: false, code: "invalid_token", team: null }

const spoken = (result: Allowed | Denial): Exit.Exit<Verdict, Undecided> =>
  result._tag === "Allowed"
    ? Exit.succeed({ allowed: true, code: null, team: result.principal.teamId ?? null })
    : isRuling(result.code)
    ? Exit.succeed({ allowed: false, code: result.code, team: null })
    : Exit.fail(new Undecided({ code: result.code }))

const verdictOf = (
  supposing: Supposing,
  { about, asked, claims }: Posed,
  now: Now
): Effect.Effect<Verdict, Undecided> => {
  const result = settle(supposing, { issuer: about.issuer, claims, traced: about.traced }, asked, now)
  return result === undefined ? Exit.succeed(untrusted) : Effect.flatMapEager(result, spoken)
}

/** What of a record says what the rules said. */
interface Ruled {
  /** All of it, to tell two verdicts apart. */
  readonly text: string
  readonly allowed: boolean
  /** The id of the team as JSON. */
  readonly team: string
}

/**
 * The verdict of the rules, read from the text of a record alone: reading the whole record, steps of up to 16 KiB in it,
 * costs many times as much. Quotation marks inside a value are escaped, so that no caller writes such a member.
 * `undefined` where the members are in another order, the rules did not speak, or the question was a dry one.
 */
const ruledIn = (body: string): Ruled | undefined => {
  const verdict = /"verdict":"(allow|deny)","verdictCode":(?:null|"([a-z_]*)")/.exec(body)
  const team = /"team":(null|"(?:[^"\\]|\\.)*")/.exec(body)
  if (verdict === null || team === null || !isRuling(verdict[2]) || body.includes(`"dry":true`)) return undefined
  return { text: `${verdict[0]}${team[0]}`, allowed: verdict[1] === "allow", team: team[1] ?? "" }
}

/** Whether the text alone shows that nothing changed; where it does not, the record must be read. */
const isSame = (before: Ruled, after: Verdict): boolean =>
  before.allowed === after.allowed && (!after.allowed || before.team === JSON.stringify(after.team))

/** A change while it is counted. */
interface Counted extends Change {
  count: number
}

/** Equal verdicts as one: a million changes have few different ones. */
const oneOfEach = () => {
  const known = new Map<string, Verdict>()
  return (it: Verdict): Verdict => {
    const key = JSON.stringify(it)
    const found = known.get(key)
    if (found === undefined) known.set(key, it)
    return found ?? it
  }
}

/**
 * Asks every recorded question anew; `teamHeader` carries the team that was asked for, `plain` takes pseudonyms back.
 * Fails when one cannot be decided.
 */
export const run = <E>(
  pageAfter: (next: string | undefined) => Effect.Effect<Page, E>,
  supposing: Supposing,
  teamHeader: string,
  plain: Redaction = (it) => it
): Effect.Effect<Replayed, E | Undecided> =>
  Effect.gen(function*() {
    const same = new Set<string>()
    const changes = new Map<string, Counted>()
    const one = oneOfEach()
    let unreadable = 0
    let hidden = 0
    let asked = 0
    let next: string | undefined
    const read = reader(teamHeader)
    const clock = yield* Clock.Clock
    do {
      const page = yield* pageAfter(next)
      const now = nowOf(clock)
      for (const [at, { body, question }] of page.records.entries()) {
        if (at % stretch === 0) yield* Effect.yieldNow
        if (question === null) {
          unreadable++
          continue
        }
        const ruled = ruledIn(body)
        const key = hash("sha256", `${question}\n${ruled?.text ?? body}`, "binary")
        const known = changes.get(key)
        if (known !== undefined) known.count++
        if (known !== undefined || same.has(key)) {
          asked++
          continue
        }
        const whole = plain(question)
        const posed = read(whole)
        const quick = posed === undefined || ruled === undefined
          ? undefined
          : yield* verdictOf(supposing, posed, now)
        if (ruled !== undefined && quick !== undefined && isSame(ruled, quick)) {
          asked++
          same.add(key)
          continue
        }
        const record = Option.getOrUndefined(told(body))
        if (record === undefined || posed === undefined) {
          unreadable++
          continue
        }
        if (!isRuling(record.verdictCode) || record.dry === true) continue
        asked++
        const before: Verdict = { allowed: record.verdict === "allow", code: record.verdictCode, team: record.team }
        const after = quick ?? (yield* verdictOf(supposing, posed, now))
        if (differs(before, after) && isRedacted(whole)) hidden++
        else if (differs(before, after)) {
          changes.set(key, {
            who: whoOf(record),
            agent: record.agent,
            model: posed.about.models.join(",") || null,
            tool: toolIn(posed.about),
            path: posed.about.path,
            before: one(before),
            after: one(after),
            count: 1
          })
        } else same.add(key)
      }
      next = page.next
    } while (next !== undefined)
    same.clear()
    const all: Array<Change> = [...changes.values()]
    all.sort((a, b) => a.who < b.who ? -1 : a.who > b.who ? 1 : b.count - a.count)
    return {
      asked,
      unreadable,
      hidden,
      lost: all.filter(({ after, before }) => before.allowed && !after.allowed),
      gained: all.filter(({ after, before }) => !before.allowed && after.allowed),
      moved: all.filter(({ after, before }) => before.allowed && after.allowed)
    }
  })
