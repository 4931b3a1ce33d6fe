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

/** A value that can be printed and written as JSON. */
export type Fact = string | number | boolean | null | ReadonlyArray<Fact> | { readonly [name: string]: Fact }

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
    /** Why the step denies. */
    code: CodeSchema,
    /** The path of the setting that decided. */
    rule: text,
    /** The line of that setting in the configuration file. */
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
  /** Another of the caller's teams, by its header; without the header when that is `null`. */
  Schema.Struct({ change: Schema.Literal("team"), header: name, teams: Schema.optionalKey(texts), text }),
  Schema.Struct({ change: Schema.Literal("model"), models: texts, text }),
  Schema.Struct({ change: Schema.Literal("role"), role: text, value: text, text }),
  Schema.Struct({ change: Schema.Literal("scope"), scope: text, text }),
  /** What a rule or rows must list, and where; or other tools that the call could name. */
  Schema.Struct({
    change: Schema.Literal("tool"),
    tool: Schema.optionalKey(text),
    in: Schema.optionalKey(Schema.Array(Schema.Struct({ level: text, name: text }))),
    tools: Schema.optionalKey(texts),
    text
  }),
  /** What the request itself must have. */
  Schema.Struct({ change: Schema.Literal("request"), header: name, text }),
  /** Who must be let in by the operator: an application, or a program that acts. Not tried, because no caller can. */
  Schema.Struct({ change: Schema.Literals(["client", "agent"]), name, text }),
  /** What an operator would change: the setting that decides, its line where it is known, and the row that it rests on. */
  Schema.Struct({
    change: Schema.Literal("operator"),
    setting: name,
    line: Schema.optionalKey(number),
    row: Schema.NullOr(Schema.Struct({ kind: text, id: text })),
    text
  })
])
export type Change = typeof Change.Type

/**
 * The facts of each step, by the name of the step, in the order in which a decision takes them. Made when a verdict is
 * first read or written as JSON: no decision needs them.
 */
const facts = () => ({
  /** Whether the request can be read in one way only. */
  request: factsOf({ cause: text }),
  /** Which headers were looked at for a credential. */
  credential: factsOf({ looked: texts, cause: text }),
  /** What proves the token; or why it is not believed (`reason`), with the values that were compared. */
  token: factsOf({
    reason: text,
    issuer: text,
    algorithm: shown,
    kid: shown,
    verifiedBy: text,
    audience: Schema.Union([text, texts]),
    /** Seconds until the token ends; `null` when it never does. */
    secondsLeft: Schema.NullOr(number),
    error: shown,
    keyAgeSeconds: Schema.NullOr(number),
    /** How many keys were tried. */
    keysTried: number,
    /** The length of the token in characters. */
    length: number,
    /** The largest length. */
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
  /** What was read from which claim, what was odd, and what nothing reads. */
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
    /** How many entries a list has of which only the first are shown. */
    teamsCount: number,
    rolesCount: number,
    userRolesCount: number,
    scopesCount: number,
    service: flag,
    overage: flag,
    notes: texts,
    unread: texts
  }),
  /** The answer of the host's own hook. */
  custom: factsOf({ reason: text }),
  /** The role of the token, and why it has it; or what that role or the token's issuer may not. */
  role: factsOf({ role: name, because: text, value: name, roles: texts, model: text, models: texts, route: text }),
  /** What the scopes of the token leave. */
  scope: factsOf({ held: texts, model: text, models: texts, route: text }),
  /** Who acts for the caller, and the lists that narrow what may be called. */
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
  /** Routes of admins. */
  admin: factsOf({ route: text }),
  /** On whose behalf the request is made. */
  team: factsOf({
    team: name,
    /** Where the team came from. */
    source: name,
    models: texts,
    candidates: Schema.Array(Candidate),
    /** The user's memberships, or how many they are. */
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
  /** The organization of the token, or that of the team when it is another. */
  organization: factsOf({
    organization: name,
    alias: name,
    named: text,
    team: text,
    teamOrganization: name,
    tokenOrganization: text
  }),
  /** The domain of the address. */
  email: factsOf({ email: name, accepted: texts }),
  /** The person's row. */
  user: factsOf({
    user: text,
    /** Whether there is one. */
    row: flag,
    role: name,
    foundBy: text,
    /** Whether an address that nothing proves is all that names the person. */
    unproven: flag,
    namespace: text,
    email: name,
    active: flag
  }),
  /** The customer of the caller. */
  endUser: factsOf({ endUser: text }),
  /** Whether anybody resulted; or which question the directory did not answer. */
  principal: factsOf({ operation: text }),
  /** The models that were asked for, and those that may be called. */
  model: factsOf({
    model: text,
    /** The places that name a model. */
    at: Schema.Union([text, texts]),
    /** The places that were looked at when none names one. */
    looked: texts,
    allowed: texts,
    models: texts,
    team: text,
    agent: text,
    endUser: text,
    withoutTeam: text
  }),
  /** What of an MCP server was asked for, and what may be used; or who lacks it, and in one sentence why. */
  tool: factsOf({
    /** `SERVER/NAME`. */
    tool: name,
    kind: text,
    server: text,
    allowed: texts,
    /** What has a list and lacks it: rules by their path, rows by their id. */
    lacking: Schema.Array(Schema.Struct({ level: text, name: text, patterns: texts })),
    /** Whether nothing that is said about the caller lists it. */
    unlisted: flag,
    /** Every scope that the token lacks. */
    missing: texts,
    candidates: Schema.Array(Candidate),
    text
  }),
  /** The route. */
  route: factsOf({ route: text, method: text, team: Schema.Null }),
  /** Whose spend is above its maximum. */
  limits: factsOf({ of: text, spend: Schema.NullOr(number), maxBudget: Schema.NullOr(number) }),
  /** The application that asks, on MCP routes. */
  client: factsOf({ from: name, client: name }),
  /** The answer of the host's own rule. */
  rule: factsOf({ reason: text }),
  /** What is written after an allow. */
  writes: factsOf({ writes: texts }),
  /** What would have allowed a denied request; `missing` says why that is not known. */
  hint: factsOf({ changes: Schema.Array(Change), missing: text })
})

/** The steps in the order in which a decision takes them. */
export type StepName = keyof ReturnType<typeof facts>

/** The facts of a step. */
export type FactsOf<Name extends StepName> = ReturnType<typeof facts>[Name]["Type"]

/** How a step came out. */
const Outcome = Schema.Literals(["ok", "denied", "skipped", "unavailable", "note"])
export type Outcome = typeof Outcome.Type

/** The step of a name, or of any of several. */
export type StepOf<Name extends StepName = StepName> = {
  readonly [N in Name]: { readonly step: N; readonly outcome: Outcome; readonly facts: FactsOf<N> }
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
