/**
 * What a question of AuthZEN means here, purely: the call that an action on a resource is, what a subject would say of
 * itself, and in which ways a person's row may call. What nobody can make sense of has no meaning.
 */
import type { User } from "@jotgate/core/Directory"
import { isModelName } from "@jotgate/core/ModelName"
import * as Request from "@jotgate/core/Request"
import type { Said, Supposed } from "../../directory/Questioner.ts"
import type { Evaluation, Situation, Subject } from "./AuthZenMessage.ts"

const methodPattern = /^[A-Z][A-Z_-]{0,31}$/

/** What can be asked about, as the metadata document tells it. */
export const vocabulary = {
  subject_types_supported: ["user", "team", "agent", "token"],
  resource_types_supported: ["model", "tool", "route"],
  action_names_supported: ["call", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
  context_members_supported: ["method", "path", "team", "agent"]
} as const

/** The methods that a search for actions on a route tries. */
export const methods = vocabulary.action_names_supported.filter((it) => it !== "call")

/** `SERVER/NAME` of a tool: of its id, or of its id at the server that the properties name. */
const toolOf = ({ id, properties }: Evaluation["resource"]): string | undefined => {
  const server = properties?.server
  if (server === undefined) return Request.toolFrom(id) === undefined ? undefined : id
  return server === "" || server.includes("/") || id === ""
    ? undefined
    : `${server}/${id}`
}

/** What of a call the situation tells. */
const told = ({ agent, team }: Situation) => ({
  ...(team === undefined ? {} : { team }),
  ...(agent === undefined ? {} : { agent })
})

/**
 * The call that an action on a resource is; `undefined` when nobody here knows what it could be. A tool is called, and
 * nothing else, at the path of its server, which must be a configured one.
 */
export const callOf = (
  { name }: Evaluation["action"],
  resource: Evaluation["resource"],
  context: Situation,
  servers: ReadonlySet<string>
): Supposed | undefined => {
  const named = name === "call" ? context.method : methodPattern.test(name) ? name : null
  if (named === null) return undefined
  const asked = { method: named ?? "POST", ...told(context) }
  const { path } = context
  switch (resource.type) {
    case "route":
      return { ...asked, route: resource.id }
    case "model":
      return { ...asked, model: resource.id, route: path ?? "/v1/chat/completions" }
    case "tool": {
      const tool = toolOf(resource)
      return name !== "call" || tool === undefined || !servers.has(Request.toolFrom(tool)?.server ?? "")
        ? undefined
        : { ...asked, method: "POST", tool, ...(path === undefined ? {} : { route: path }) }
    }
    default:
      return undefined
  }
}

const texts = (value: string | ReadonlyArray<string>): ReadonlyArray<string> =>
  typeof value === "string" ? value.split(" ").filter((it) => it !== "") : value

/** What a person would say whose token says this; `undefined` when the properties describe no token. */
export const saidBy = ({ id, properties }: Subject): Said | undefined => {
  const { issuer, scopes, subject, teams } = properties ?? {}
  if (issuer === undefined && teams === undefined && scopes === undefined && subject === undefined) return undefined
  return {
    person: subject ?? id,
    ...(issuer === undefined ? {} : { issuer }),
    ...(teams === undefined ? {} : { groups: texts(teams) }),
    ...(scopes === undefined ? {} : { scopes: texts(scopes) })
  }
}

/** One way in which a person may call. */
interface Way {
  readonly said: Said
  readonly call: Supposed
}

/**
 * The ways in which a person's row may call, in the order in which they are tried: in one of its teams, chosen as among
 * groups; in each of them; and without naming any. `who` and `can` count the same.
 */
export const waysOf = ({ email, id, teams }: User, call: Supposed): readonly [Way, ...ReadonlyArray<Way>] => {
  const alone = { person: id, ...(email === null ? {} : { email }) }
  if (teams.length === 0) return [{ said: alone, call }]
  const said = { ...alone, groups: teams }
  return call.team === undefined
    ? [{ said, call }, ...teams.map((team) => ({ said, call: { ...call, team } })), { said: alone, call }]
    : [{ said, call }]
}

const subjects: ReadonlySet<string> = new Set(vocabulary.subject_types_supported)

/** What nobody here can make sense of in a question about this subject; `undefined`: nothing. */
export const oddity = (
  { properties, type }: Pick<Subject, "type" | "properties">,
  { agent, model }: Supposed,
  issuers: ReadonlySet<string>
): string | undefined => {
  if (!subjects.has(type)) return `a subject of the type ${JSON.stringify(type)}`
  const issuer = properties?.issuer
  if (type === "user" && issuer !== undefined && !issuers.has(issuer)) return "an issuer that is not listed"
  // No door lets a request with such a name pass, whatever its caller may.
  if (model !== undefined && !isModelName(model)) return "a name that is not that of one model"
  if (agent === undefined || type === "user" || type === "team") return undefined
  return type === "agent" ? "an agent that acts for an agent" : "an agent beside a token, which tells who acts"
}
