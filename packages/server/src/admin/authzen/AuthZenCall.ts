/**
 * What a question of AuthZEN means here, purely: the call that an action on a resource is, what a subject would say of
 * itself, and in which ways a person's row may call. What nobody can make sense of has no meaning.
 */
import type { User } from "@jotgate/core/Directory"
import * as Request from "@jotgate/core/Request"
import type { Said, Supposed } from "../../directory/ReverseQuestions.ts"
import { isModelName } from "../../model/Peeked.ts"
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
  const server = properties?.["server"]
  if (server === undefined) return Request.toolFrom(id) === undefined ? undefined : id
  return typeof server !== "string" || server === "" || server.includes("/") || id === ""
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

const texts = (value: unknown): ReadonlyArray<string> | undefined =>
  Array.isArray(value) && value.every((it) => typeof it === "string")
    ? value
    : typeof value === "string"
    ? value.split(" ").filter((it) => it !== "")
    : undefined

/** What a person would say whose token says this; `undefined` when the properties describe no token. */
export const saidBy = (subject: Subject): Said | undefined => {
  const { issuer, scopes, subject: person, teams } = subject.properties ?? {}
  if (typeof issuer !== "string" && teams === undefined && scopes === undefined && person === undefined) {
    return undefined
  }
  const [groups, held] = [texts(teams), texts(scopes)]
  return {
    person: typeof person === "string" ? person : subject.id,
    ...(typeof issuer === "string" ? { issuer } : {}),
    ...(groups === undefined ? {} : { groups }),
    ...(held === undefined ? {} : { scopes: held })
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
export const oddity = ({ type }: Pick<Subject, "type">, { agent, model }: Supposed): string | undefined => {
  if (!subjects.has(type)) return `a subject of the type ${JSON.stringify(type)}`
  // No door lets a request with such a name pass, whatever its caller may.
  if (model !== undefined && !isModelName(model)) return "a name that is not that of one model"
  if (agent === undefined || type === "user" || type === "team") return undefined
  return type === "agent" ? "an agent that acts for an agent" : "an agent beside a token, which tells who acts"
}
