/** Draws bodies with their content types: right ones, and ones that some parser reads in its own way. */
import { damaged, type Draw, pick } from "./Mutation.ts"

/** A request with a body. */
export interface Drawn {
  readonly path: string
  readonly contentType: string
  readonly body: Buffer
}

const models = ["gpt-4o", "claude-opus", "a", "models/x", "bé", "x y"]

const places: ReadonlyArray<(model: string) => unknown> = [
  (it) => ({ model: it }),
  (it) => ({ models: [it, "gpt-4o"] }),
  (it) => ({ model_id: it }),
  (it) => ({ fallbacks: [it] }),
  (it) => ({ fallbacks: [{ model: it, n: 1 }] }),
  (it) => ({ fallbacks: [{ "gpt-4o": [it] }] }),
  (it) => ({ extra_body: { model: it } }),
  (it) => ({ extra_body: { extra_body: { models: [it] } } }),
  (it) => ({ fallbacks: [{ model: it, fallbacks: [{ model: "a" }] }] }),
  (it) => ({ deployment_id: it, context_window_fallback_dict: { a: it } }),
  (it) => ({ dataSources: [{ parameters: { embedding_dependency: { deploymentName: it } } }] }),
  (it) => ({ session: { type: "realtime", model: it } }),
  (it) => ({ requests: [{ custom_id: "1", params: { model: it } }, { body: { model: it } }] }),
  (it) => ({ tools: [{ type: "image_generation", model: it }, { type: "function" }] }),
  (it) => ({ router_settings_override: { fallbacks: [{ a: [it] }] } }),
  () => ({ messages: [{ role: "user", content: "model: \"x\"" }] }),
  () => ({ metadata: { model: "not one" }, stream: true, n: 1.5e3 })
]

const jsonTricks: ReadonlyArray<(text: string, draw: Draw) => string> = [
  (text) => text.replace("\"model\"", "\"Model\""),
  (text) => text.replace("\"model\"", "\"\\u006dodel\""),
  (text) => text.replace("\"models\"", "\"model\u017f\""),
  (text) => text.replace(/\}$/, ",\"model\":\"other\"}"),
  (text) => text.replace(/^\{/, "{\"model\":\"other\","),
  (text) => text.replace(/^\{/, "{\"extra_body\":{\"model\":\"other\"},\"extra_body\":{},"),
  (text) => `\ufeff${text}`,
  (text) => `[${text}]`,
  (text) => `${text}${text}`,
  (text) => text.replace(":", ":NaN,\"x\":"),
  (text) => text.replaceAll(",", " ,\n\t"),
  (text, draw) => damaged(draw, text),
  (text) => text
]

const json = (draw: Draw): string => {
  const made: Record<string, unknown> = {}
  for (let count = 1 + draw(3); count > 0; count--) Object.assign(made, pick(draw, places)(pick(draw, models)))
  let text = JSON.stringify(made)
  for (let count = draw(5); count > 2; count--) text = pick(draw, jsonTricks)(text, draw)
  return text
}

const jsonTypes = [
  "application/json",
  "application/json; charset=utf-8",
  "Application/JSON;charset=UTF-8",
  "application/json; charset=utf-16",
  "application/json, text/plain",
  "application/vnd.api+json",
  "text/plain",
  "application/x-www-form-urlencoded",
  "multipart/form-data; boundary=X",
  ""
]

const encoded = (text: string, draw: Draw): string =>
  draw(6) === 0
    ? pick(draw, [text, text.toUpperCase(), `%${text.charCodeAt(0).toString(16)}${text.slice(1)}`])
    : encodeURIComponent(text)

const urlencoded = (draw: Draw): string => {
  const pairs: Array<string> = []
  for (let count = 1 + draw(4); count > 0; count--) {
    const name = pick(draw, ["model", "Model", "models[]", "prompt", "n", "model[]", "session", "purpose", "é"])
    const value = name === "session" ? "{\"model\":\"gpt-4o\"}" : pick(draw, [...models, "1", "a;model=b", "a&b", ""])
    pairs.push(`${encoded(name, draw)}=${encoded(value, draw)}`)
  }
  const text = pairs.join(pick(draw, ["&", "&", "&", "&&", ";"]))
  return draw(4) === 0 ? damaged(draw, text) : text
}

const part = (draw: Draw, lines: string): string => {
  const plain = draw(3) > 0
  const name = plain
    ? pick(draw, ["model", "model", "purpose", "prompt", "file", "image[]", "session"])
    : pick(draw, ["Model", "models[]", "mo\\del", "mod%65l", "é", "model ", "model[]", "file"])
  const isFile = name === "file" || draw(20) === 0
  const filename = isFile
    ? draw(3) > 0
      ? "; filename=\"a.jsonl\""
      : pick(draw, [
        "; filename=a.wav",
        "; filename=a",
        "; filename*=utf-8''a",
        "; filename=\"\"",
        "; filename=\"a\\\"b\"",
        "; filename=\"é\""
      ])
    : ""
  const value = isFile
    ? lines
    : name === "session"
    ? "{\"model\":\"gpt-4o\"}"
    : name === "purpose"
    ? pick(draw, ["batch", "batch", "user_data", "other"])
    : pick(draw, models)
  const disposition = plain && draw(6) > 0 ? `Content-Disposition: form-data; name="${name}"${filename}` : pick(draw, [
    `content-disposition:form-data;name="${name}"${filename}`,
    `Content-Disposition: form-data; name=${name}${filename}`,
    `Content-Disposition: form-data; name="${name}"; name="model"${filename}`,
    `Content-Disposition: form-data; name*=utf-8''model; name="${name}"${filename}`,
    `Content-Disposition: attachment; name="${name}"${filename}`,
    `Content-Disposition: form-data;\r\n name="${name}"${filename}`
  ])
  const more = plain && draw(4) > 0 ? "" : pick(draw, [
    "\r\nContent-Type: text/plain",
    "\r\nContent-Type: application/json",
    "\r\nContent-Type: text/plain; charset=utf-16",
    "\r\nContent-Type: application/octet-stream",
    "\r\nContent-Type: multipart/mixed; boundary=Y",
    "\r\nContent-Transfer-Encoding: base64",
    "\r\nContent-Transfer-Encoding: binary",
    "\r\nContent-Disposition: form-data; name=\"model\"",
    "\r\nX-Other: 1"
  ])
  return `${disposition}${more}\r\n\r\n${value}`
}

const jsonLines = (draw: Draw): string => {
  const lines: Array<string> = []
  for (let count = 1 + draw(3); count > 0; count--) {
    const line = JSON.stringify({
      custom_id: pick(draw, ["1", "\u2028{", "\u0085"]),
      body: { model: pick(draw, models) }
    })
    lines.push(draw(5) === 0 ? pick(draw, jsonTricks)(line, draw) : line)
  }
  return lines.join(pick(draw, ["\n", "\n", "\n", "\r\n", "\r", "\u2028"]))
}

const multipart = (draw: Draw): { readonly contentType: string; readonly text: string } => {
  const boundary = pick(draw, ["X", "----formdata-7", "a'b", "A B"])
  const end = draw(25) === 0 ? "\n" : "\r\n"
  const parts: Array<string> = []
  for (let count = 1 + draw(3); count > 0; count--) parts.push(part(draw, jsonLines(draw)))
  let text = parts.map((it) => `--${boundary}${end}${it}${end}`).join("")
  text += draw(3) > 0
    ? `--${boundary}--\r\n`
    : pick(draw, [`--${boundary}--`, `--${boundary}--`, "", `--${boundary}--\r\nepilogue`, `--${boundary} --\r\n`])
  if (draw(16) === 0) text = pick(draw, ["\n", "\r\n", "preamble\r\n", `--${boundary}x\r\n`]) + text
  if (draw(6) === 0) text = damaged(draw, text)
  const quoted = /[^\w-]/.test(boundary) ? `"${boundary}"` : boundary
  const contentType = draw(6) > 0 ? `multipart/form-data; boundary=${quoted}` : pick(draw, [
    `multipart/form-data; boundary="${boundary}"`,
    `multipart/form-data; boundary=${quoted}; boundary=Y`,
    `multipart/form-data; boundary*0=${quoted}`,
    `multipart/form-data; charset=utf-8; boundary=${quoted}`,
    `multipart/form-data; boundary="A\\X"`,
    `Multipart/Form-Data; Boundary=${quoted}`,
    `multipart/mixed; boundary=${quoted}`,
    "multipart/form-data",
    "application/json"
  ])
  return { contentType, text }
}

const jsonPaths = [
  "/v1/chat/completions",
  "/v1/responses",
  "/v1/messages/batches",
  "/v1/realtime/client_secrets",
  "/x/y"
]
const formPaths = ["/v1/images/edits", "/v1/audio/transcriptions", "/v1/files", "/v1/realtime/calls", "/x/y"]

/** One body. */
export const drawBody = (draw: Draw): Drawn => {
  const kind = draw(10)
  if (kind < 4) {
    const contentType = draw(3) > 0 ? "application/json" : pick(draw, jsonTypes)
    const path = pick(draw, contentType.startsWith("multipart") ? formPaths : [...jsonPaths, "/v1/images/edits"])
    const bytes = Buffer.from(json(draw))
    if (draw(20) === 0 && bytes.length > 0) bytes[draw(bytes.length)] = 0xff
    return { path, contentType, body: bytes }
  }
  if (kind < 6) {
    const contentType = draw(4) > 0
      ? "application/x-www-form-urlencoded"
      : pick(draw, [
        "application/x-www-form-urlencoded; charset=utf-8",
        "application/x-www-form-urlencoded; charset=utf-16",
        "application/json"
      ])
    return { path: pick(draw, formPaths), contentType, body: Buffer.from(urlencoded(draw)) }
  }
  const { contentType, text } = multipart(draw)
  return { path: pick(draw, formPaths), contentType, body: Buffer.from(text) }
}
