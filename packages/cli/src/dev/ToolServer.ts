/**
 * An MCP server of five tools that does nothing but say what it was called
 * with: Streamable HTTP, without sessions, every answer JSON.
 */
import type { ServerResponse } from "node:http"
import * as LocalServer from "./LocalServer.ts"

/** The tools, and what each says of itself. */
const tools = {
  get_repo: "Tells of a repository",
  list_repos: "Lists repositories",
  create_issue: "Opens an issue",
  delete_repo: "Deletes a repository",
  merge_pull: "Merges a pull request"
}

const revisions = ["2025-03-26", "2025-06-18", "2025-11-25"]

const field = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined

const parsed = (body: string): unknown => {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

const resultOf = (method: unknown, params: unknown): object | undefined => {
  switch (method) {
    case "initialize": {
      const asked = field(params, "protocolVersion")
      const protocolVersion = typeof asked === "string" && revisions.includes(asked) ? asked : revisions.at(-1)
      return { protocolVersion, capabilities: { tools: {} }, serverInfo: { name: "github (dev)", version: "1" } }
    }
    case "ping":
      return {}
    case "tools/list":
      return {
        tools: Object.entries(tools).map(([name, description]) => ({
          name,
          description,
          inputSchema: { type: "object", properties: { repo: { type: "string" } } }
        }))
      }
    case "tools/call": {
      const name = field(params, "name")
      return typeof name === "string" && Object.hasOwn(tools, name)
        ? {
          content: [{
            type: "text",
            text: `${name} was called with ${JSON.stringify(field(params, "arguments") ?? {})}`
          }]
        }
        : undefined
    }
    default:
      return undefined
  }
}

const answer = (response: ServerResponse, message: unknown): void => {
  const id = field(message, "id")
  // A notification is taken without a word.
  if (id === undefined) {
    response.writeHead(202)
    response.end()
    return
  }
  const result = resultOf(field(message, "method"), field(message, "params"))
  LocalServer.json(
    response,
    200,
    result === undefined
      ? { jsonrpc: "2.0", id, error: { code: -32601, message: "there is no such method or tool" } }
      : { jsonrpc: "2.0", id, result }
  )
}

/** Starts the server; it ends with the scope. The result is its URL. */
export const make = LocalServer.serve(() => (request, body, response) => {
  if (request.method !== "POST") {
    response.writeHead(405, { allow: "POST" })
    response.end()
    return
  }
  const message = parsed(body)
  if (message === undefined) {
    return LocalServer.json(response, 400, { jsonrpc: "2.0", id: null, error: { code: -32700, message: "no JSON" } })
  }
  answer(response, message)
})
