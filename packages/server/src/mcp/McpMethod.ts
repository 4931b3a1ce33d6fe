/**
 * What a message asks for, by its method: calls of tools, prompts and resources, lists, or nothing of the kind.
 *
 * Every method of the revisions stands here. One that does not is none that could be judged: what it would call is not
 * seen (RULES D53).
 */
import { isItemName, isResourceUri, isTemplate } from "./ItemName.ts"
import type { RpcMessage, RpcParams } from "./RpcReader.ts"

/** The kinds of what a server offers. */
export type ItemKind = "tool" | "prompt" | "resource"

/** One thing that a message asks for. */
export interface AskedItem {
  readonly kind: ItemKind
  /** The name, or the URI; of a template as it stands. */
  readonly name: string
  readonly isTemplate: boolean
}

/** What a message asks for; `undefined` names mean that it could not be read. */
export type MethodAsks =
  | { readonly _tag: "Items"; readonly items: ReadonlyArray<AskedItem> }
  | { readonly _tag: "None" }
  | { readonly _tag: "Unseen" }
  | { readonly _tag: "Bad"; readonly why: string }

/** A list that a server gives, the member of its result that holds it, and the member that names an entry. */
export interface ListMethod {
  readonly kind: ItemKind
  readonly member: "tools" | "prompts" | "resources" | "resourceTemplates"
  readonly names: "name" | "uri" | "uriTemplate"
}

const lists: Readonly<Record<string, ListMethod>> = {
  "tools/list": { kind: "tool", member: "tools", names: "name" },
  "prompts/list": { kind: "prompt", member: "prompts", names: "name" },
  "resources/list": { kind: "resource", member: "resources", names: "uri" },
  "resources/templates/list": { kind: "resource", member: "resourceTemplates", names: "uriTemplate" }
}

/** Every list, by the member of its result. */
export const listMembers: ReadonlyArray<ListMethod> = Object.values(lists)

/** The list that this method asks for. */
export const listOf = (method: string): ListMethod | undefined =>
  Object.hasOwn(lists, method) ? lists[method] : undefined

/** Methods that call nothing, of all revisions and of the extension of tasks. */
const plain = new Set([
  ...Object.keys(lists),
  "initialize",
  "ping",
  "server/discover",
  "logging/setLevel",
  "tasks/get",
  "tasks/result",
  "tasks/list",
  "tasks/cancel",
  "tasks/update",
  "notifications/initialized",
  "notifications/cancelled",
  "notifications/progress",
  "notifications/message",
  "notifications/roots/list_changed",
  "notifications/tasks/status",
  "notifications/elicitation/complete"
])

const none: MethodAsks = { _tag: "None" }
const unseen: MethodAsks = { _tag: "Unseen" }
const bad = (why: string): MethodAsks => ({ _tag: "Bad", why })

const named = (kind: "tool" | "prompt", name: string | undefined): MethodAsks =>
  name === undefined || !isItemName(name)
    ? bad(`the name of a ${kind} is missing, or is none`)
    : { _tag: "Items", items: [{ kind, name, isTemplate: false }] }

const resources = (uris: ReadonlyArray<string | undefined>, mayBeTemplates: boolean): MethodAsks => {
  const items: Array<AskedItem> = []
  for (const uri of uris) {
    if (uri === undefined || !isResourceUri(uri)) {
      return bad("the URI of a resource is missing, or could be read in more than one way")
    }
    items.push({ kind: "resource", name: uri, isTemplate: mayBeTemplates && isTemplate(uri) })
  }
  return items.length === 0 ? none : { _tag: "Items", items }
}

const completed = ({ ref }: RpcParams): MethodAsks => {
  if (ref?.type === "ref/prompt" && ref.uri === undefined) return named("prompt", ref.name)
  return ref?.type === "ref/resource" ? resources([ref.uri], true) : bad("what is to be completed is not named")
}

/** What this message asks for. An answer to a request of the server asks for nothing. */
export const asksOf = ({ kind, method, params }: RpcMessage): MethodAsks => {
  if (kind === "response") return none
  switch (method) {
    case "tools/call":
      return named("tool", params.name)
    case "prompts/get":
      return named("prompt", params.name)
    case "resources/read":
    case "resources/subscribe":
    case "resources/unsubscribe":
      return resources([params.uri], false)
    case "completion/complete":
      return completed(params)
    case "subscriptions/listen":
      return resources(params.subscriptions ?? [], false)
    default:
      return plain.has(method) ? none : unseen
  }
}

/** Methods whose requests must repeat a name in `Mcp-Name`. */
const naming = new Set(["tools/call", "prompts/get", "resources/read"])

const nameIn = ({ method, params }: RpcMessage): string | undefined =>
  method.startsWith("tasks/")
    ? params.taskId
    : method.startsWith("resources/")
    ? params.uri
    : method === "completion/complete"
    ? params.ref?.name ?? params.ref?.uri
    : params.name

/** What `Mcp-Name` must repeat of a message where it is there, and whether a request must have it. */
export const mirroredName = (
  message: RpcMessage
): { readonly name: string | undefined; readonly isRequired: boolean } => ({
  name: nameIn(message),
  isRequired: naming.has(message.method)
})

/** The tasks that a message speaks of: a task is its caller's, as a session is. */
export const tasksOf = ({ params: { taskId, taskIds = [] } }: RpcMessage): ReadonlyArray<string> =>
  taskId === undefined ? taskIds : [taskId, ...taskIds]

/** The task that the headers of a request speak of: a client must name it there. */
export const taskOfHeaders = (method: string, name: string | undefined): ReadonlyArray<string> =>
  method.startsWith("tasks/") && name !== undefined ? [name] : []

/** What the headers of a request ask for whose body nobody sees; the server compares both. */
export const asksOfHeaders = (method: string, name: string | undefined): MethodAsks =>
  method === "completion/complete" || method === "subscriptions/listen" || method === "resources/subscribe" ||
    method === "resources/unsubscribe"
    ? unseen
    : method.startsWith("tasks/") && method !== "tasks/list" && name === undefined
    ? bad("the task is not named")
    : asksOf({
      kind: "request",
      id: "0",
      method,
      params: name === undefined ? {} : { name, uri: name }
    })
