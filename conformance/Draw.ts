/**
 * Scenarios drawn anew from recorded ones: tokens, requests and settings are mixed and bent, so that the decisions are
 * ones that nobody has written down. The same seed draws the same.
 */
import type { Case, Scenario } from "../packages/cli/test/conformance/Scenario.ts"

/** A source of numbers below 1 (mulberry32). */
export const numbers = (seed: number): () => number => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let it = Math.imul(state ^ (state >>> 15), state | 1)
    it ^= it + Math.imul(it ^ (it >>> 7), it | 61)
    return ((it ^ (it >>> 14)) >>> 0) / 4_294_967_296
  }
}

type Members = Readonly<Record<string, unknown>>

const isMembers = (it: unknown): it is Members => typeof it === "object" && it !== null && !Array.isArray(it)

/** Claims that a token cannot do without: bending them says nothing of the rules. */
const kept = new Set(["iss", "aud", "exp", "iat", "nbf"])

/** In another order. */
export const shuffled = <A>(all: ReadonlyArray<A>, random: () => number): ReadonlyArray<A> =>
  all.map((it) => ({ it, at: random() })).toSorted((a, b) => a.at - b.at).map(({ it }) => it)

const drawing = (random: () => number) => {
  const chance = (share: number): boolean => random() < share
  const one = <A>(all: ReadonlyArray<A>): A | undefined => all[Math.floor(random() * all.length)]

  /** Another shape of the same claim. */
  const bent = (value: unknown): unknown => {
    if (typeof value === "string") return one<unknown>([[value], "", null, 7, value, `${value} `])
    if (Array.isArray(value)) return one<unknown>([shuffled(value, random), value[0] ?? null, [], [...value, 7], value])
    if (isMembers(value)) return Object.fromEntries(Object.entries(value).map(([name, it]) => [name, bent(it)]))
    return one<unknown>([value, null])
  }

  const claims = (payload: Members, others: ReadonlyArray<Members>): Members => {
    const drawn: Record<string, unknown> = { ...payload }
    for (const name of Object.keys(payload)) {
      if (kept.has(name)) continue
      if (chance(0.1)) delete drawn[name]
      else if (chance(0.12)) drawn[name] = bent(payload[name])
    }
    const other = one(others) ?? {}
    for (const [name, value] of Object.entries(other)) if (!kept.has(name) && chance(0.25)) drawn[name] = value
    return drawn
  }

  return { chance, claims, one }
}

const payloadOf = ({ token }: Case): Members => isMembers(token.payload) ? token.payload : {}

/** Settings whose other value is as good. */
const switches = [
  "fallback_to_db_teams",
  "enforce_team_based_model_access",
  "team_claim_fallback",
  "user_id_upsert"
]

/** The scenario with `count` cases of its own making; its rows and keys stay. */
export const drawn = (scenario: Scenario, count: number, random: () => number): Scenario => {
  const { chance, claims, one } = drawing(random)
  const cases = scenario.cases ?? []
  const jwt: Record<string, unknown> = {}
  const general = isMembers(scenario.config["general_settings"]) ? scenario.config["general_settings"] : {}
  Object.assign(jwt, general["litellm_jwtauth"])
  for (const name of switches) if (chance(0.15)) jwt[name] = jwt[name] !== true
  return {
    ...scenario,
    id: `${scenario.id}-drawn`,
    config: { ...scenario.config, general_settings: { ...general, litellm_jwtauth: jwt } },
    cases: cases.length === 0 ? [] : Array.from({ length: count }, () => {
      const [who, what, how] = [one(cases), one(cases), one(cases)].map((it) => it ?? cases[0])
      if (who === undefined || what === undefined || how === undefined) throw new Error("there are cases")
      return {
        token: { ...who.token, payload: claims(payloadOf(who), cases.map(payloadOf)) },
        request: chance(0.3) ? { ...what.request, headers: how.request.headers ?? {} } : what.request,
        expect: { allowed: false }
      }
    })
  }
}
