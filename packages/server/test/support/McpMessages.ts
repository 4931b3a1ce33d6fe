/** Messages to MCP servers as they go over the wire: header lines as they are written, and what comes back. */
import { Effect } from "effect"
import { type IncomingHttpHeaders, request } from "node:http"
import type * as World from "./World.ts"

/** One request. */
export interface Sent {
  /** `POST` where it is left out. */
  readonly method?: string
  /** `/mcp/files` where it is left out. */
  readonly path?: string
  /** Names and values in turn, besides the token. */
  readonly headers?: ReadonlyArray<string>
  readonly body?: string | Uint8Array
}

/** What came back. */
export interface Answered {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

/** Sends one. */
export const sendMessage = (
  { url }: Pick<World.World, "url">,
  token: string,
  { body, headers = [], method = "POST", path = "/mcp/files" }: Sent
): Effect.Effect<Answered> =>
  Effect.callback<Answered>((resume) => {
    const { host, hostname, port } = new URL(url)
    const bytes = body === undefined ? undefined : Buffer.from(body)
    const hasType = headers.some((it, at) => at % 2 === 0 && it.toLowerCase() === "content-type")
    const outgoing = request({
      hostname,
      port,
      method,
      path,
      headers: [
        ...["host", host, "authorization", `Bearer ${token}`, "accept", "application/json, text/event-stream"],
        ...(bytes === undefined || hasType ? [] : ["content-type", "application/json"]),
        ...headers,
        ...(bytes === undefined ? [] : ["content-length", String(bytes.length)])
      ]
    }, (answer) => {
      const chunks: Array<Buffer> = []
      answer.on("data", (chunk: Buffer) => chunks.push(chunk))
      answer.on("close", () =>
        resume(Effect.succeed({
          status: answer.statusCode ?? 0,
          headers: answer.headers,
          text: Buffer.concat(chunks).toString("utf8")
        })))
    })
    outgoing.on("error", (error) => resume(Effect.die(error)))
    outgoing.end(bytes)
  })

/** A call of one tool. */
export const call = (name: string, id: unknown = 1, more: object = {}): string =>
  JSON.stringify({ jsonrpc: "2.0", id, method: "tools/call", params: { name, arguments: {}, ...more } })

/** A request of any method. */
export const message = (method: string, params: object = {}, id: unknown = 1): string =>
  JSON.stringify({ jsonrpc: "2.0", id, method, params })

/** The headers of a request of the newest revision. */
export const modern = (method: string, ...names: ReadonlyArray<string>): ReadonlyArray<string> => [
  "mcp-protocol-version",
  "2026-07-28",
  "mcp-method",
  method,
  ...names.flatMap((it) => ["mcp-name", it])
]
