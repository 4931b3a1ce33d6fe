/**
 * The steps of a decision: a closed union, in which each step has facts of its
 * own.
 *
 * Facts are for the operator. They name rules, values and rows; a step never
 * holds a token, a signature or a secret, and what does not apply is left out.
 */
import * as Schema from "effect/Schema"
import * as Struct from "effect/Struct"
import { Codes } from "./Errors.ts"
import type { Fact } from "./Fact.ts"
import type { StepFacts } from "./StepFacts.ts"

export type { Change } from "./Change.ts"
export type { Fact } from "./Fact.ts"

/** A stable code of a denial (docs/embedding.md). */
export const CodeSchema = Schema.Literals(Object.values(Codes).flat())

const text = Schema.String
const name = Schema.NullOr(Schema.String)
const number = Schema.Finite
const flag = Schema.Boolean
const texts = Schema.Array(Schema.String)
/** A value of a token, escaped and cut. */
const shown: Schema.Codec<Fact> = Schema.Json
/** What a claim was read as: `PATH "VALUE"`, or a list of the path and the entries. */
const claim = Schema.Union([text, texts])

/** Facts of one step, all of them optional; those of the rule that decided come first. */
const factsOf = <Fields extends Schema.Struct.Fields>(fields: Fields) =>
  Schema.Struct({
    code: CodeSchema,
    rule: text,
    line: number,
    ...fields
  }).mapFields(Struct.map(Schema.optionalKey))

/** One of the token's teams, and whether it fits the request. */
const Candidate = Schema.Struct({
  team: text,
  verdict: Schema.Literals(["fits", "silent", "model", "tool", "route", "passThrough", "unknown"]),
  models: Schema.optionalKey(texts)
})

/** One change that would have allowed a denied request. */
const Change = Schema.Union([
  Schema.Struct({ change: Schema.Literal("row"), kind: text, name: text, text }),
  Schema.Struct({ change: Schema.Literal("team"), header: name, teams: Schema.optionalKey(texts), text }),
  Schema.Struct({ change: Schema.Literal("model"), models: texts, text }),
  Schema.Struct({ change: Schema.Literal("role"), role: text, value: text, text }),
  Schema.Struct({ change: Schema.Literal("scope"), scope: text, text }),
  Schema.Struct({
    change: Schema.Literal("tool"),
    tool: Schema.optionalKey(text),
    in: Schema.optionalKey(Schema.Array(Schema.Struct({ level: text, name: text }))),
    tools: Schema.optionalKey(texts),
    text
  }),
  Schema.Struct({ change: Schema.Literal("request"), header: name, text }),
  Schema.Struct({ change: Schema.Literals(["client", "agent"]), name, text }),
  Schema.Struct({
    change: Schema.Literal("operator"),
    setting: name,
    line: Schema.optionalKey(number),
    file: Schema.optionalKey(text),
    row: Schema.NullOr(Schema.Struct({ kind: text, id: text })),
    text
  })
])

/** The schema of the facts of a step: it has every fact that the type has. */
interface FactsSchema<Name extends StepName> extends Schema.Codec<StepFacts[Name]> {
  readonly fields: { readonly [Fact in keyof StepFacts[Name]]-?: Schema.Top }
}

/**
 * The facts of each step (`StepFacts` says what they mean). Made when a verdict is first read or written as JSON: no
 * decision needs them.
 */
const facts = (): { readonly [Name in StepName]: FactsSchema<Name> } => ({
  request: factsOf({ cause: text }),
  credential: factsOf({ looked: texts, cause: text }),
  token: factsOf({
    reason: text,
    issuer: text,
    algorithm: shown,
    kid: shown,
    verifiedBy: text,
    audience: Schema.Union([text, texts]),
    secondsLeft: Schema.NullOr(number),
    error: shown,
    keyAgeSeconds: Schema.NullOr(number),
    keysTried: number,
    length: number,
    limit: number,
    part: text,
    claim: shown,
    path: text,
    expected: shown,
    found: shown,
    cause: text,
    exp: shown,
    iat: shown,
    nbf: shown,
    now: number,
    difference: number,
    skew: number,
    lifetime: number,
    maxLifetime: number,
    alg: shown,
    enc: shown,
    crit: shown,
    b64: shown,
    known: texts,
    dropped: flag,
    by: text,
    issuedBefore: shown,
    until: shown,
    iss: shown,
    sub: shown,
    aud: shown,
    client_id: shown,
    status: number
  }),
  claims: factsOf({
    user: claim,
    email: claim,
    team: claim,
    teamAlias: claim,
    teams: claim,
    organization: claim,
    organizationAlias: claim,
    endUser: claim,
    object: claim,
    roles: claim,
    userRoles: claim,
    scopes: claim,
    teamsCount: number,
    rolesCount: number,
    userRolesCount: number,
    scopesCount: number,
    service: flag,
    overage: flag,
    notes: texts,
    unread: texts
  }),
  custom: factsOf({ reason: text }),
  role: factsOf({ role: name, because: text, value: name, roles: texts, model: text, models: texts, route: text }),
  scope: factsOf({ held: texts, model: text, models: texts, route: text }),
  agent: factsOf({
    agent: name,
    client: name,
    reason: text,
    chain: texts,
    models: Schema.Array(texts),
    tools: Schema.Array(texts),
    team: name,
    claim: text,
    found: text
  }),
  admin: factsOf({ route: text }),
  team: factsOf({
    team: name,
    source: name,
    models: texts,
    candidates: Schema.Array(Candidate),
    memberships: Schema.Union([number, texts]),
    header: text,
    object: text,
    teams: texts,
    alias: name,
    created: flag,
    aliases: texts,
    groups: texts,
    exist: number,
    route: text,
    model: name,
    granted: texts,
    denied: texts
  }),
  organization: factsOf({
    organization: name,
    alias: name,
    named: text,
    team: text,
    teamOrganization: name,
    tokenOrganization: text
  }),
  email: factsOf({ email: name, accepted: texts }),
  user: factsOf({
    user: text,
    row: flag,
    role: name,
    foundBy: text,
    unproven: flag,
    namespace: text,
    email: name,
    active: flag
  }),
  endUser: factsOf({ endUser: text }),
  principal: factsOf({ operation: text }),
  model: factsOf({
    model: text,
    at: Schema.Union([text, texts]),
    looked: texts,
    allowed: texts,
    models: texts,
    team: text,
    agent: text,
    endUser: text,
    withoutTeam: text
  }),
  tool: factsOf({
    tool: name,
    kind: text,
    server: text,
    allowed: texts,
    lacking: Schema.Array(Schema.Struct({ level: text, name: text, patterns: texts })),
    unlisted: flag,
    missing: texts,
    candidates: Schema.Array(Candidate),
    text
  }),
  route: factsOf({ route: text, method: text, team: Schema.Null }),
  limits: factsOf({ of: text, spend: Schema.NullOr(number), maxBudget: Schema.NullOr(number) }),
  client: factsOf({ from: name, client: name }),
  rule: factsOf({ reason: text }),
  writes: factsOf({ writes: texts }),
  hint: factsOf({ changes: Schema.Array(Change), missing: text })
})

/** The steps in the order in which a decision takes them. */
export type StepName = keyof StepFacts

/** The facts of a step. */
export type FactsOf<Name extends StepName> = StepFacts[Name]

/** How a step came out. */
const Outcome = Schema.Literals(["ok", "denied", "skipped", "unavailable", "note"])
export type Outcome = typeof Outcome.Type

/** The step of a name, or of any of several. */
export type StepOf<Name extends StepName = StepName> = {
  readonly [N in Name]: {
    /** Which step. */
    readonly step: N
    /** How it came out. */
    readonly outcome: Outcome
    /** What an operator needs to know of it. */
    readonly facts: FactsOf<N>
  }
}[Name]

/** One step of a decision: what was looked at, how it came out, and the facts that an operator needs. */
export type Step = StepOf

/** The schema of a step. */
export const Step: Schema.Codec<Step> = Schema.suspend(() => {
  const known = facts()
  const step = <Name extends StepName>(name: Name) =>
    Schema.Struct({ step: Schema.Literal(name), outcome: Outcome, facts: known[name] })
  return Schema.Union([
    step("request"),
    step("credential"),
    step("token"),
    step("claims"),
    step("custom"),
    step("role"),
    step("scope"),
    step("agent"),
    step("admin"),
    step("team"),
    step("organization"),
    step("email"),
    step("user"),
    step("endUser"),
    step("principal"),
    step("model"),
    step("tool"),
    step("route"),
    step("limits"),
    step("client"),
    step("rule"),
    step("writes"),
    step("hint")
  ])
})
