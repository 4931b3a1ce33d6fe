/**
 * What an operator would change so that a denied request is allowed: for every
 * code the setting that decides, the row that it rests on, and the change.
 *
 * It is read from the steps of the denial alone, so it can be told of records of
 * the past as well. What a caller could do instead is a hint of the decision,
 * which is tried; this is not, and never told to the caller (RULES D28).
 */
import type { DecisionJson } from "../Decision.ts"
import type { Code } from "../Errors.ts"
import type { Change, Step } from "../Step.ts"
import { Denied, isFacts, nothing, quoted, textsIn } from "./Denied.ts"
import type { Printed } from "./StepText.ts"

/** A row of the directory, or an issuer. */
export interface Row {
  /** What it is a row of. */
  readonly kind: "team" | "user" | "membership" | "organization" | "endUser" | "agent" | "issuer"
  /** Its id. */
  readonly id: string
}

export interface Remedy {
  /** The path of the setting; `null` where none has a say. `issuers[]` stands for the one in `row`, or for any. */
  readonly setting: string | null
  /** The row that it rests on; `null` where none has a say. */
  readonly row: Row | null
  /** The change, in words for the operator. */
  readonly text: string
}

/** A command with these words; nothing where one could be read as anything but a name. */
const command = (...words: ReadonlyArray<string>): string =>
  words.every((it) => /^[\w./:@=+,*-]+$/.test(it))
    ? ` jotgate ${words.map((it) => it.includes("*") ? `'${it}'` : it).join(" ")}`
    : ""

/** A sentence, with the command that does it where there is one. */
const doing = (what: string, how: string): string => how === "" ? `${what}.` : `${what}:${how}.`

const row = (kind: Row["kind"], id: string | undefined): Row | null => id === undefined ? null : { kind, id }

const of = (setting: string | null, text: string, about: Row | null = null): Remedy => ({ setting, row: about, text })

/** Lets a list of a row hold one more. */
const inRow = (about: Row | null, list: string, entry: string): Remedy =>
  of("directory", `Add ${entry} to ${list} of the ${about?.kind ?? "row"} ${quoted(about?.id)}.`, about)

/** Lets the models of a team or a user, told by the step that denied, hold the one that was asked for. */
const modelOf = (kind: "team" | "user", id: string | undefined, it: Denied): Remedy => {
  const models = textsIn(it.tried ?? it.facts, "models")
  const model = it.text("model")
  const how = id === undefined || model === undefined || models.length === 0
    ? ""
    : command(kind, "update", id, "--models", [...models, model].join(","))
  return of("directory", doing(`Add ${it.model} to models of the ${kind} ${quoted(id)}`, how), row(kind, id))
}

const modelOfTeam = (it: Denied): Remedy => modelOf("team", it.team, it)

const unblock = (kind: "team" | "user" | "agent", id: string | undefined): Remedy => {
  const how = id === undefined ? "" : command(kind, "update", id, "--no-blocked")
  return of("directory", doing(`Unblock the ${kind} ${quoted(id)}`, how), row(kind, id))
}

/** What the issuer of a token may give at most, and lists of roles. */
const inList = (it: Denied, list: string, entry: string): Remedy => {
  const rule = it.rule ?? "policy.roles[]"
  const place = rule.includes(".grants.") ? rule : `${rule}.${list}`
  return of(place, `List ${entry} in ${place}.`)
}

/** The settings that say which tokens of an issuer are believed, by the reason of a refusal. */
const ofToken: Readonly<Record<string, readonly [setting: string, text: string]>> = {
  issuer: ["issuers", "List the issuer of the token (iss) among issuers, exactly as the token has it."],
  audience: [
    "issuers[].audience",
    "List the token's aud in audience, or let the client ask for the one that is listed."
  ],
  algorithm: ["issuers[].algorithms", "List the algorithm in algorithms, or leave the list out."],
  type: ["issuers[].types", "List the token's typ in types."],
  unknown_key: ["issuers[].jwks", "Let jwks name the key set that holds the token's kid."],
  signature: [
    "issuers[].jwks",
    "The token was not signed by this issuer: let jwks name its keys, or get another token."
  ],
  expiry: [
    "issuers[].expiry",
    "Let the issuer make shorter tokens with exp, or widen expiry.maxLifetime and expiry.required."
  ],
  time_claim: ["issuers[].expiry", "Let the issuer write its times as numbers of seconds."],
  not_yet_valid: ["issuers[].expiry.skew", "Set the clocks right, or widen expiry.skew."],
  issued_in_future: ["issuers[].expiry.skew", "Set the clocks right, or widen expiry.skew."],
  required_claim: ["issuers[].require", "Get a token with what require asks for, or ask for less there."],
  confirmation: [
    "issuers[].confirmation",
    "The token is bound to its sender: get one that is not, or set confirmation: ignore."
  ],
  token_kind: ["issuers[].tokens", "Send the access token, not the ID token, or set tokens: any."],
  claim_unreadable: ["issuers[].unreadable", "Map a claim of the right kind in claims, or set unreadable: ignore."],
  subject: ["issuers[].claims.user", "Let claims.user name a claim that holds the person's id."],
  opaque_refused: ["issuers[].opaque", "Send a JWT, or name introspection or userinfo in opaque."],
  opaque_client: ["issuers[].opaque", "List the token's client in opaque.introspection.accept."],
  inactive: ["issuers[].opaque", "The issuer says that the token is not active: get another one."],
  userinfo: ["issuers[].opaque", "The issuer's UserInfo does not take the token: get another one."],
  too_long: ["gateway.limits.token", "Put less into the token, or raise gateway.limits.token."],
  revoked: ["directory", "Take the token off the deny list: jotgate deny list, jotgate deny delete ID."]
}

const token = (it: Denied): Remedy => {
  const reason = it.text("reason")
  const [setting, text] = ofToken[reason ?? ""] ??
    ["issuers", "The token is not one that any setting would let in: get another one from a listed issuer."]
  return of(setting, text, row("issuer", it.issuer))
}

const tool = (it: Denied): Remedy => {
  const name = quoted(it.text("tool"))
  const missing = textsIn(it.facts, "missing")
  if (missing.length > 0) {
    return of(
      "policy.mcp",
      `Give the caller the scopes ${missing.map(quoted).join(", ")}, or ask for fewer in policy.mcp.`
    )
  }
  const lists = listsOf[it.text("kind") ?? ""] ?? "tools"
  // A list of a rule stands in the settings, whatever rows lack it besides.
  if (it.rule !== undefined) return of(it.rule, `List ${name} in ${it.rule}.`)
  const lacking = it.facts["lacking"]
  const [first] = Array.isArray(lacking) ? lacking : []
  const { level, name: id, patterns = [] } = isFacts(first) ? first : nothing
  const kinds = ["team", "user", "membership", "organization", "agent"] as const
  const kind = kinds.find((one) => one === level)
  if (kind === undefined || typeof id !== "string") return inRow(row("team", it.team), lists, name)
  const known = Array.isArray(patterns) ? patterns.filter((one): one is string => typeof one === "string") : []
  const how = (kind === "team" || kind === "user" || kind === "agent") && !known.some((one) => one.startsWith("!"))
    ? command(kind, "update", id, `--${lists}`, [...known, it.text("tool") ?? ""].join(","))
    : ""
  return of(
    "directory",
    doing(`Add ${name} to ${lists} of the ${kind} ${quoted(id)}`, how),
    row(kind, id)
  )
}

/** Where rows and rules list what is asked for, by its kind. */
const listsOf: Readonly<Record<string, string>> = { tool: "tools", prompt: "prompts", resource: "resources" }

const team = (it: Denied): Remedy => {
  const id = it.team
  const agent = it.text("agent")
  if (agent !== undefined) {
    return of("directory", `Add ${quoted(id)} to teams of the agent ${quoted(agent)}.`, row("agent", agent))
  }
  const { rule } = it
  if (rule !== undefined) {
    return of(rule, `List ${id === undefined ? "the team" : quoted(id)} in ${rule}.`, row("team", id))
  }
  return of(
    "policy.teamHeader",
    `Let the token name ${
      quoted(id)
    } among its teams, ask for one that it names, or set policy.teamHeader: memberships.`,
    row("team", id)
  )
}

const teamRoute = (it: Denied): Remedy => {
  const id = it.team
  if (it.rule === "policy.passThroughRoutes") {
    return id === undefined
      ? of("policy.passThroughRoutes", `${it.route} passes through for a team that lists it: let the token name one.`)
      : of(
        "policy.passThroughRoutes",
        `Add ${it.route} to passThroughRoutes of the team ${quoted(id)}.`,
        row("team", id)
      )
  }
  return of("policy.teamRoutes", `List ${it.route} in policy.teamRoutes.`, row("team", id))
}

const anybodyModel = (it: Denied): Remedy => {
  const about = row("user", it.user)
  return it.rule === "policy.withoutTeam"
    ? of(
      "policy.withoutTeam",
      `Let the token name a team, give the user models of their own, or set policy.withoutTeam: all.`,
      about
    )
    : modelOf("user", it.user, it)
}

/** The row whose budget is used up. */
const budgeted = (it: Denied): Row => {
  switch (it.text("of")) {
    case "team":
      return { kind: "team", id: it.team ?? "…" }
    case "user":
      return { kind: "user", id: it.user ?? "…" }
    case "organization":
      return { kind: "organization", id: it.found("organization", "organization") ?? "…" }
    case "endUser":
      return { kind: "endUser", id: it.found("endUser", "endUser") ?? "…" }
    default:
      return { kind: "membership", id: `${it.user ?? "…"}/${it.team ?? "…"}` }
  }
}

const domain = (email: string | undefined): string => quoted(email?.split("@").at(-1))

const unavailable = (it: Denied): Remedy =>
  of(
    "issuers[].jwks",
    "Let the issuer's addresses answer: jotgate doctor says which does not.",
    row("issuer", it.issuer)
  )

/** By code; there is one for each. */
const remedies: Readonly<Record<Code, (it: Denied) => Remedy>> = {
  credential_conflict: () => of("gateway.credentials", "Send one token, or list fewer headers in gateway.credentials."),
  request_ambiguous: (it) =>
    of(
      "gateway.upstream.kind",
      `The caller must say it once${
        it.text("cause") === undefined ? "" : ` (${it.text("cause")})`
      }; gateway.upstream.kind narrows what an upstream reads.`
    ),
  body_invalid: () =>
    of("gateway.upstream.kind", "The caller must send a body that can be read in one way, of the type that it names."),
  tool_mismatch: () => of("policy.mcp", "The caller's headers Mcp-Method and Mcp-Name must say what the body says."),
  trace_id_required: (it) =>
    of(
      "directory",
      `The caller must send the id of a trace, or requireTraceId of the agent ${quoted(it.text("agent"))} be false.`,
      row("agent", it.text("agent"))
    ),
  token_missing: () =>
    of(
      "gateway.credentials",
      "Send a token in a header of gateway.credentials, or open the route in policy.openRoutes."
    ),
  token_expired: (it) =>
    of("issuers[].expiry", "Get a fresh token; expiry.skew allows for clocks.", row("issuer", it.issuer)),
  invalid_token: token,
  role_unmatched: () =>
    of(
      "policy.requireRole",
      "Map a role of the token in policy.roleMappings or policy.allowedUserRoles, or set policy.requireRole: false."
    ),
  role_model_denied: (it) => inList(it, "models", it.model),
  role_route_denied: (it) => inList(it, "routes", it.route),
  scope_model_denied: (it) =>
    of("policy.scopes", `List ${it.model} in models of a scope that the token holds, or give it another scope.`),
  scope_route_denied: (it) =>
    of("policy.scopes", `List ${it.route} in routes of a scope that the token holds, or give it another scope.`),
  admin_route_denied: (it) =>
    it.rule === "policy.adminOnlyRoutes"
      ? of(
        "policy.adminOnlyRoutes",
        `Make the user an admin, or take ${it.route} out of policy.adminOnlyRoutes.`,
        row("user", it.user)
      )
      : of("policy.adminRoutes", `List ${it.route} in policy.adminRoutes.`),
  team_required: (it) =>
    of(
      it.rule ?? "policy.requireTeam",
      `Let the token name a team, set directory.teams.default, or set ${it.rule ?? "policy.requireTeam"}: false.`
    ),
  team_denied: team,
  team_ambiguous: (it) =>
    of(
      "directory",
      `Give one of the teams with the alias ${quoted(it.text("alias"))} another one.`,
      row("team", it.text("alias"))
    ),
  team_model_denied: modelOfTeam,
  team_route_denied: teamRoute,
  team_blocked: (it) => unblock("team", it.team),
  member_model_denied: (it) => {
    const about = row("membership", `${it.user ?? "…"}/${it.team ?? "…"}`)
    return of(
      "directory",
      `Add ${it.model} to models of the membership ${quoted(about?.id)}, or empty the list.`,
      about
    )
  },
  user_blocked: (it) =>
    it.facts["active"] === false
      ? of("directory", `The user ${quoted(it.user)} has left: set active: true.`, row("user", it.user))
      : unblock("user", it.user),
  user_role_unknown: (it) =>
    of(
      "directory",
      `Give the user ${quoted(it.user)} a known role instead of ${quoted(it.text("role"))}.`,
      row("user", it.user)
    ),
  user_model_denied: anybodyModel,
  user_route_denied: (it) =>
    of("policy.userRoutes", `List ${it.route} in policy.userRoutes, or let the token name a team.`),
  end_user_blocked: (it) =>
    of("directory", `Unblock the end user ${quoted(it.text("endUser"))}.`, row("endUser", it.text("endUser"))),
  end_user_model_denied: (it) => inRow(row("endUser", it.text("endUser")), "models", it.model),
  email_domain_denied: (it) => of("policy.emailDomains", `List ${domain(it.text("email"))} in policy.emailDomains.`),
  organization_ambiguous: (it) =>
    of(
      "issuers[].claims",
      it.text("alias") === undefined
        ? "Let the token name one organization."
        : `Give one of the organizations with the alias ${quoted(it.text("alias"))} another one.`,
      row("organization", it.text("alias"))
    ),
  organization_mismatch: (it) =>
    of(
      "directory",
      `Let the team ${quoted(it.team)} belong to the organization ${quoted(it.text("tokenOrganization"))}.`,
      row("team", it.team)
    ),
  principal_required: () =>
    of(
      "policy.requirePrincipal",
      "Map the token's user or team in issuers[].claims, or set policy.requirePrincipal: false."
    ),
  groups_overage: (it) =>
    of(
      it.rule ?? "issuers[].claims.overage",
      "Let the provider list the groups of the application alone, or set claims.overage: ignore.",
      row("issuer", it.issuer)
    ),
  custom_denied: () => of("policy.custom", "The rule of policy.custom refuses it: change it there."),
  client_denied: (it) =>
    of("policy.mcpClients", `List the client ${quoted(it.text("client"))} in policy.mcpClients.allowed.`),
  peer_untrusted: () => of("gateway.trustedProxies", "List the proxy's address in gateway.trustedProxies."),
  upstream_key_missing: () =>
    of("gateway.upstream.authorization", "Put the team's key in its place, or set onMissingTeamKey: default."),
  model_unnamed: () =>
    of(
      "gateway.upstream.kind",
      "The caller must name the model where the upstream reads it, or be one who may call every model."
    ),
  model_unseen: () =>
    of(
      "gateway.forwardAuth.unseenModel",
      "Let the proxy send the body along, or set gateway.forwardAuth.unseenModel: pass where the next hop enforces x-jotgate-models."
    ),
  tool_denied: tool,
  tool_unseen: () =>
    of("policy.mcp", "Let the call go through the gate itself: this door does not see which tool is called."),
  session_denied: () => of("policy.mcp", "The session belongs to somebody else: the client must begin its own."),
  agent_unknown: (it) =>
    of(
      "policy.agents.unknown",
      `Create the agent ${quoted(it.text("agent"))}, or set policy.agents.unknown: allow.`,
      row("agent", it.text("agent"))
    ),
  agent_blocked: (it) => unblock("agent", it.text("agent")),
  agent_model_denied: (it) => inRow(row("agent", it.text("agent")), "models", it.model),
  team_not_found: (it) =>
    of(
      "directory.teams",
      `Create the team ${
        quoted(it.team)
      }, let directory.teams.create make it, or set directory.teams.whenUnknown: next.`,
      row("team", it.team)
    ),
  organization_not_found: (it) => {
    const id = it.text("organization") ?? it.text("alias")
    return of("directory", `Create the organization ${quoted(id)}.`, row("organization", id))
  },
  user_not_found: (it) =>
    it.facts["unproven"] === true
      ? of(
        "issuers[].identities",
        "Let the token prove its address (email_verified), or name the person by an id in claims.user."
      )
      : of(
        "directory.users",
        `Create the user ${quoted(it.user)}, set directory.users.create: true, or directory.users.unknown: allow.`,
        row("user", it.user)
      ),
  route_unknown: () =>
    of("gateway.upstream", "Name an upstream in gateway.upstream or gateway.upstreams for this path."),
  method_not_allowed: () => of(null, "TRACE and CONNECT are let through by no setting."),
  body_too_large: () => of("gateway.limits.body", "Send less, or raise gateway.limits.body."),
  media_type_unsupported: () =>
    of(
      "gateway.upstream.kind",
      "The caller must send a type that the route knows, or be one who may call every model."
    ),
  budget_exceeded: (it) => {
    const about = budgeted(it)
    return of("directory", `Raise maxBudget of the ${about.kind} ${quoted(about.id)}, or take it away.`, about)
  },
  headers_too_large: () => of("gateway.limits.headers", "Send less, or raise gateway.limits.headers."),
  upstream_unreachable: () => of("gateway.upstream.url", "Let the upstream answer: jotgate doctor asks it."),
  issuer_unavailable: unavailable,
  directory_unavailable: () => of("directory.url", "Let the directory's database answer: jotgate doctor asks it."),
  custom_unavailable: () => of("policy.custom", "The rule of policy.custom failed: its error stands in the log."),
  overloaded: () =>
    of(
      "gateway.limits",
      "Add a process, or raise gateway.limits.inFlight or inFlightPerCaller; where the audit is what cannot be written, make room for it (audit.onFull)."
    ),
  upstream_timeout: () =>
    of("gateway.upstream.timeouts", "Let the upstream answer sooner, or raise gateway.upstream.timeouts.")
}

/** What an operator would change about a denial with this code and these steps. */
export const remedyOf = (code: Code, steps: ReadonlyArray<Printed>): Remedy => remedies[code](new Denied(steps))

/** Where something stands. */
export interface Line {
  /** The line, from 1. */
  readonly line: number
  /** The file, where it is another one than the configuration. */
  readonly file?: string
}

/** Where a setting, or the row that it is about, stands in its file; `undefined` when it has its default, or the file is not at hand. */
export type LineOf = (setting: string, row: Row | null) => Line | undefined

const changeOf = ({ row, setting, text }: Remedy, place: Line | undefined): Change => ({
  change: "operator",
  setting,
  ...place,
  row,
  text
})

/** The line that a step tells of the setting. */
const lineIn = (steps: ReadonlyArray<Printed>, setting: string): Line | undefined => {
  const line = steps.find((it) => it.facts["rule"] === setting)?.facts["line"]
  return typeof line === "number" ? { line } : undefined
}

/** The steps of a denial with what an operator would change, after what the caller could do. */
export const withRemedy = (
  code: Code | null,
  steps: ReadonlyArray<Step>,
  lineOf: LineOf = () => undefined
): ReadonlyArray<Step> => {
  if (code === null) return steps
  const remedy = remedyOf(code, steps)
  const place = remedy.setting === null
    ? undefined
    : lineOf(remedy.setting, remedy.row) ?? lineIn(steps, remedy.setting)
  const hint = steps.find((it) => it.step === "hint")
  const changes = [...hint?.facts.changes ?? [], changeOf(remedy, place)]
  return [
    ...steps.filter((it) => it.step !== "hint"),
    { step: "hint", outcome: "note", facts: { ...hint?.facts, changes } }
  ]
}

/** A decision as JSON with what an operator would change, where it tells its steps. */
export const remedied = (it: DecisionJson, lineOf?: LineOf): DecisionJson =>
  it.steps === undefined ? it : { ...it, steps: withRemedy(it.code, it.steps, lineOf) }
