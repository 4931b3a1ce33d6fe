/**
 * What `/openapi.json` says besides the contract: what each operation is for,
 * that it wants the admin token, and the addresses of the listener that are no
 * part of the contract because they answer no JSON of ours.
 */

/** What each operation does, by its id. */
const summaries: Readonly<Record<string, string>> = {
  "decisions.decide": "May this request pass?",
  "decisions.decideBatch": "May these requests pass?",
  "past.find": "Show one decision of the past",
  "past.list": "Search decisions of the past, newest first",
  "past.again": "Ask a past question again with the rows and rules of now",
  "past.questions": "Export the questions of the past, to ask them under another configuration",
  "configuration.status": "Show which configuration is in force, and how the last reload ended",
  "configuration.plan": "Say what would change for whom under another configuration",
  "authzen.evaluation": "AuthZEN: may this subject do that?",
  "authzen.evaluations": "AuthZEN: several questions at once",
  "authzen.searchSubject": "AuthZEN: which people may?",
  "authzen.searchResource": "AuthZEN: which models may they call?",
  "authzen.searchAction": "AuthZEN: what may they do?",
  "deny.list": "List the denied tokens",
  "deny.create": "Deny a token, a subject, a key or everything issued before a time",
  "deny.show": "Show an entry of the deny list",
  "deny.remove": "Take an entry from the deny list",
  "issuers.list": "List the issuers with their keys",
  "issuers.show": "Show an issuer with its keys",
  "issuers.refresh": "Fetch the keys of an issuer now",
  "issuers.drop": "Drop keys of an issuer",
  "config.current": "Show the settings in force, without secrets",
  "config.validate": "Say what is wrong with a configuration",
  "audit.list": "List what was changed, by whom",
  "directory.export": "Export all rows",
  "directory.apply": "Make the directory hold what a file holds",
  "questions.teamsWhoMay": "List the teams that may call a model or a tool",
  "questions.usersWhoMay": "List the users who may call a model or a tool",
  "questions.agentsWhoMay": "List the agents that may call a model or a tool",
  "questions.canAgent": "Say what an agent may call",
  "questions.canTeam": "Say what a team may call",
  "questions.canUser": "Say what a user may call",
  "questions.canAnybody": "Say what anybody with a valid token may call",
  "litellm.teamNew": "LiteLLM: create a team",
  "litellm.teamUpdate": "LiteLLM: change a team",
  "litellm.teamInfo": "LiteLLM: show a team",
  "litellm.teamList": "LiteLLM: list teams",
  "litellm.teamDelete": "LiteLLM: delete teams",
  "litellm.userNew": "LiteLLM: create a user",
  "litellm.userInfo": "LiteLLM: show a user",
  "litellm.memberAdd": "LiteLLM: add members to a team",
  "litellm.memberDelete": "LiteLLM: remove a member from a team"
}

const verbs: Readonly<Record<string, string>> = {
  list: "List the",
  create: "Create one of the",
  show: "Show one of the",
  put: "Replace one of the",
  update: "Change one of the",
  remove: "Remove one of the"
}

/** What a group of operations is about, by its id. */
const groups: Readonly<Record<string, string>> = {
  decisions: "Questions: may a request pass?",
  past: "Decisions of the past: found, searched, asked again.",
  configuration: "The configuration in force, and what another one would change.",
  authzen: "The AuthZEN Authorization API 1.0.",
  users: "Users of the directory.",
  teams: "Teams of the directory.",
  organizations: "Organizations of the directory.",
  endUsers: "End users of the directory.",
  memberships: "Who is in which team.",
  modelGroups: "Named groups of models.",
  agents: "Agents of the directory.",
  deny: "Tokens that are denied although they are valid.",
  issuers: "Issuers and their keys.",
  config: "The configuration.",
  audit: "What was changed in the directory.",
  directory: "The whole directory as a file.",
  questions: "Who may, and who can?",
  litellm: "The part of LiteLLM's management API that other programs use.",
  health: "Liveness, readiness and metrics; no token is needed."
}

const nouns: Readonly<Record<string, string>> = {
  endUsers: "end users",
  modelGroups: "model groups"
}

const summaryOf = (id: string): string | undefined => {
  const [group = "", name = ""] = id.split(".")
  const verb = verbs[name]
  return summaries[id] ?? (verb === undefined ? undefined : `${verb} ${nouns[group] ?? group}`)
}

const text = (type: string) => ({ [type]: { schema: { type: "string" } } })
const json = { "application/json": { schema: { type: "object" } } }

const operation = (
  operationId: string,
  tag: string,
  summary: string,
  content: object,
  more: Readonly<Record<string, { readonly description: string; readonly content?: object }>> = {},
  isOpen = true
) => ({
  get: {
    tags: [tag],
    operationId,
    summary,
    parameters: [],
    security: isOpen ? [{}] : [],
    responses: { 200: { description: "Success", content }, ...more }
  }
})

const problem = { "application/problem+json": { schema: { type: "object" } } }

/** Addresses that are no part of the contract. */
const plain = {
  "/livez": operation("health.live", "health", "Say that the process is there", text("text/plain"), {
    "400": { description: "The request is malformed", content: problem }
  }),
  "/readyz": operation("health.ready", "health", "Say whether the gate can answer, and what is missing", json, {
    "400": { description: "The request is malformed", content: problem },
    "503": { description: "Nobody could be served", content: json }
  }),
  "/metrics": operation("health.metrics", "health", "Show the figures for Prometheus", text("text/plain"), {
    "400": { description: "The request is malformed", content: problem }
  }),
  "/admin/v1/decisions/live": operation(
    "past.live",
    "past",
    "Follow decisions as they are made, as server-sent events",
    text("text/event-stream"),
    {
      "401": { description: "The admin token is needed", content: text("text/plain") },
      "403": { description: "This token is no admin's", content: text("text/plain") }
    },
    false
  ),
  "/.well-known/authzen-configuration": operation(
    "authzen.metadata",
    "authzen",
    "AuthZEN: name the addresses of the API",
    json,
    { "400": { description: "The request is malformed", content: problem } }
  )
}

/** What each parameter says, by its name. */
const parameters: Readonly<Record<string, string>> = {
  id: "The id of the row, issuer, decision or entry",
  user: "The id of the user",
  team: "The id of the team",
  organization: "The id of the organization",
  issuer: "The id of the issuer",
  kid: "The id of the key; left out: all of them",
  model: "The name of the model",
  tool: "The tool of an MCP server: SERVER/NAME",
  prompt: "The prompt of an MCP server: SERVER/NAME",
  resource: "The resource of an MCP server: SERVER/URI",
  agent: "The id of the agent",
  agents: "Tell with each the agents that may act for it",
  route: "The path of the call; default /v1/chat/completions",
  method: "The method of the call; default POST",
  who: "The person: an id of the token or of a row, or an address",
  code: "The code of the answer",
  status: "The status of the answer",
  since: "From here on: a time (RFC 3339), a date, or so long ago (15m, 7d)",
  until: "Up to there: a time (RFC 3339), a date, or so long ago (15m, 7d)",
  after: "`next` of the page before",
  cursor: "`next` of the page before",
  limit: "At most so many, 1 to 1000",
  blocked: "Only those that are blocked, or that are not",
  role: "Only those with this role",
  alias: "Only those with this alias",
  email: "Only those with this address",
  prune: "Which rows that are not in the document are removed: none, those of an earlier file, or all",
  dryRun: "Say what would change, and change nothing",
  "idempotency-key": "A name for this change: sent again with the same name it is done once",
  "if-match": "Change only the row with this entity tag (RFC 9110); another one is 412",
  "if-none-match": "`*`: only when there is no such row; for a question, the entity tag that is known already",
  user_id: "The id of the user",
  team_id: "The id of the team",
  organization_id: "The id of the organization"
}

/** A parameter with what it says. */
const described = (it: unknown): unknown =>
  isObject(it) && typeof it["name"] === "string" && it["description"] === undefined
    ? { ...it, description: parameters[it["name"]] ?? it["name"] }
    : it

const isObject = (it: unknown): it is Record<string, unknown> =>
  typeof it === "object" && it !== null && !Array.isArray(it)

/** Questions are open to this machine as long as no token is configured. */
const openAtHome: ReadonlySet<string> = new Set(["decisions", "past", "authzen"])

const completed = (it: unknown): unknown => {
  if (!isObject(it) || typeof it["operationId"] !== "string") return it
  const group = it["operationId"].split(".")[0] ?? ""
  const said: ReadonlyArray<unknown> = Array.isArray(it["security"]) ? it["security"] : []
  const isOpen = said.length > 0
  const security = isOpen ? said : openAtHome.has(group) ? [{ bearer: [] }, {}] : [{ bearer: [] }]
  const summary = it["summary"] ?? summaryOf(it["operationId"])
  const access = said.some((one) => isObject(one) && Object.keys(one).length === 0)
    ? "No token is needed."
    : openAtHome.has(group)
    ? "Needs the admin token or the token of an admin; open to this machine as long as no token is configured."
    : "Needs the admin token or the token of an admin."
  return {
    ...it,
    ...(summary === undefined ? {} : { summary }),
    ...(Array.isArray(it["parameters"]) ? { parameters: it["parameters"].map(described) } : {}),
    description: `${groups[group] ?? group} ${access}`,
    security,
    tags: [group]
  }
}

/** Adds to a document what is not in the contract. */
export const complete = (document: Readonly<Record<string, unknown>>): Record<string, unknown> => {
  const paths = { ...(isObject(document["paths"]) ? document["paths"] : {}), ...plain }
  const written = Object.entries(paths).map(([path, item]) =>
    [
      path,
      Object.fromEntries(Object.entries(item).map(([method, one]) => [method, completed(one)]))
    ] as const
  )
  const used = new Set(
    written.flatMap(([, item]) =>
      Object.values(item).flatMap((it) => isObject(it) && Array.isArray(it["tags"]) ? it["tags"] : [])
    )
  )
  return {
    ...document,
    info: {
      ...(isObject(document["info"]) ? document["info"] : {}),
      contact: { name: "jotgate", url: "https://jotgate.dev" }
    },
    servers: [{ url: "/", description: "The admin listener that this document comes from" }],
    paths: Object.fromEntries(written),
    tags: [...used].toSorted().map((name) => ({ name, description: groups[name] ?? name }))
  }
}
