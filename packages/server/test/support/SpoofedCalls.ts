/**
 * Requests that try to have an MCP server run a tool which their caller may not call, by saying something else to
 * whoever judges them: in headers, spellings, encodings, batches, methods and paths.
 */
import { Effect } from "effect"
import { request } from "node:http"
import { gzipSync } from "node:zlib"

/** One request as it goes over the wire. */
export interface Spoofed {
  readonly what: string
  readonly method: string
  readonly path: string
  /** Names and values in turn, besides the token. */
  readonly headers: ReadonlyArray<string>
  readonly body: Buffer
}

const version = "io.modelcontextprotocol/protocolVersion"

/** Ways to tell another name, or none. */
const heads = (allowed: string, denied: string): Readonly<Record<string, ReadonlyArray<string>>> => ({
  "no headers": [],
  "the allowed name": modern(allowed),
  "the allowed name in base64": modern(`=?base64?${Buffer.from(allowed).toString("base64")}?=`),
  "both names": [...modern(allowed), "mcp-name", denied],
  "both names, the other way round": [...modern(denied), "mcp-name", allowed],
  "both names in one line": modern(`${allowed}, ${denied}`),
  "an older version and the allowed name": [...modern(allowed).slice(2), "mcp-protocol-version", "2025-06-18"],
  "no version and the allowed name": modern(allowed).slice(2),
  "two versions": [...modern(allowed), "mcp-protocol-version", "2025-06-18"],
  "a list": [...modern(allowed).slice(0, 2), "mcp-method", "tools/list"],
  "an underscore": [...modern(allowed), "mcp_name", denied],
  "the allowed name and an override": [...modern(allowed), "x-http-method-override", "GET"]
})

const modern = (name: string): ReadonlyArray<string> => [
  "mcp-protocol-version",
  "2026-07-28",
  "mcp-method",
  "tools/call",
  "mcp-name",
  name
]

const call = (params: string, more = `"id":1,"method":"tools/call"`): string =>
  `{"jsonrpc":"2.0",${more},"params":${params}}`

/** Ways to call the denied tool. */
const bodies = (allowed: string, denied: string): Readonly<Record<string, string | Buffer>> => {
  const plain = call(`{"name":"${denied}","arguments":{}}`)
  const good = call(`{"name":"${allowed}","arguments":{}}`, `"id":2,"method":"tools/call"`)
  return {
    "a plain call": plain,
    "a call of the newest revision": call(`{"name":"${denied}","arguments":{},"_meta":{"${version}":"2026-07-28"}}`),
    "a name that is there twice": call(`{"name":"${allowed}","name":"${denied}"}`),
    "a name that is there twice, the other way round": call(`{"name":"${denied}","name":"${allowed}"}`),
    "a name in another case": call(`{"Name":"${denied}","name":"${allowed}"}`),
    "an escaped member": call(`{"name":"${allowed}","n\\u0061me":"${denied}"}`),
    "an escaped name": call(`{"name":"\\u00${denied.charCodeAt(0).toString(16)}${denied.slice(1)}"}`),
    "params that are there twice": call(
      `{"name":"${allowed}"}`,
      `"id":1,"method":"tools/call","params":{"name":"${denied}"}`
    ),
    "two methods": call(`{"name":"${denied}"}`, `"id":1,"method":"tools/list","method":"tools/call"`),
    "an escaped method": call(`{"name":"${denied}"}`, `"id":1,"method":"tools\\u002fcall"`),
    "a notification": call(`{"name":"${denied}"}`, `"method":"tools/call"`),
    "a batch": `[${good},${plain}]`,
    "a batch of one": `[${plain}]`,
    "a batch in a batch": `[[${plain}]]`,
    "two texts": `${good}\n${plain}`,
    "a mark": `\uFEFF${plain}`,
    "UTF-16": Buffer.from(plain, "utf16le"),
    "a name with a zero": call(`{"name":"${denied}\\u0000"}`),
    "a name with a space": call(`{"name":" ${denied}"}`),
    "a decoy in the arguments": call(`{"arguments":{"name":"${allowed}"},"name":"${denied}"}`),
    "an answer that calls": call(`{"name":"${denied}"}`, `"id":1,"method":"tools/call","result":{}`),
    "an unknown method": call(`{"name":"${denied}"}`, `"id":1,"method":"tools/callTool"`),
    "a list of params": call(`["${denied}"]`),
    "an odd id": call(`{"name":"${denied}"}`, `"id":{"a":1},"method":"tools/call"`)
  }
}

/** All of them, for a tool that may be called and one that may not. */
export const spoofedCalls = (path: string, allowed: string, denied: string): ReadonlyArray<Spoofed> => {
  const every = Object.entries(heads(allowed, denied)).flatMap(([head, headers]) =>
    Object.entries(bodies(allowed, denied)).map(([kind, body]): Spoofed => ({
      what: `${kind}, ${head}`,
      method: "POST",
      path,
      headers: ["content-type", "application/json", ...headers],
      body: Buffer.from(body)
    }))
  )
  const plain = every[0]
  if (plain === undefined) return every
  const head = modern(allowed)
  const others: ReadonlyArray<Partial<Spoofed> & { readonly what: string }> = [
    ...["PUT", "PATCH", "GET", "DELETE"].map((method) => ({ what: method, method })),
    ...[path.toUpperCase(), `${path}/`, `/${path}`, `${path}/%2e`, `${path};x=1`, `${path}?x=1`, `${path}//`]
      .map((it) => ({ what: it, path: it })),
    ...["text/plain", "application/json; charset=utf-16", "application/json-rpc", "application/x-www-form-urlencoded"]
      .map((type) => ({ what: type, headers: ["content-type", type, ...head] })),
    { what: "no type", headers: head },
    {
      what: "compressed",
      headers: ["content-type", "application/json", "content-encoding", "gzip", ...head],
      body: gzipSync(plain.body)
    },
    { what: "named by connection", headers: [...plain.headers, "connection", "mcp-name, mcp-method", ...head] }
  ]
  return [...every, ...others.map((it) => ({ ...plain, ...it }))]
}

/** Sends one, and answers with the status; 0 when there is no answer. */
export const sendSpoofed = (origin: string, token: string, it: Spoofed): Effect.Effect<number> =>
  Effect.callback<number>((resume) => {
    const { hostname, port } = new URL(origin)
    const outgoing = request({
      hostname,
      port,
      method: it.method,
      path: it.path,
      headers: [
        ...[
          "host",
          `${hostname}:${port}`,
          "authorization",
          `Bearer ${token}`,
          "accept",
          "application/json, text/event-stream"
        ],
        ...it.headers,
        ...["content-length", String(it.body.length)]
      ]
    }, (answer) => {
      answer.resume()
      answer.on("close", () => resume(Effect.succeed(answer.statusCode ?? 0)))
    })
    outgoing.on("error", () => resume(Effect.succeed(0)))
    outgoing.setTimeout(10_000, () => outgoing.destroy(new Error("no answer")))
    outgoing.end(it.body)
  })
