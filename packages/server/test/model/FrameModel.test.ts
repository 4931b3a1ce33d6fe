import { assert, describe, it } from "@effect/vitest"
import { find, type ModelRoute, websocket } from "@jotgate/core/ModelRoutes"
import { frameModel } from "../../src/model/FrameModel.ts"
import { namesOf } from "../../src/model/Peeked.ts"

const routeOf = (path: string): ModelRoute => {
  const route = find(websocket, path)
  if (route === undefined) throw new Error(`${path} is no model route`)
  return route
}

const said = (path: string, message: string) => {
  const seen = frameModel(routeOf(path), Buffer.from(message))
  return seen._tag === "Found" ? namesOf(seen).join(" ") : seen._tag === "Refused" ? seen.code : seen._tag
}

describe("FrameModel", () => {
  const table: ReadonlyArray<readonly [string, string, string]> = [
    ["/v1/realtime", `{"type":"session.update","session":{"model":"a"}}`, "a"],
    ["/v1/realtime", `{"type":"response.create","response":{"model":"a"}}`, "a"],
    [
      "/v1/realtime",
      `{"type":"session.update","session":{"model":"a","audio":{"input":{"transcription":{"model":"b"}}}}}`,
      "a b"
    ],
    ["/v1/live/sessions", `{"type":"session.start","session":{"model":"a"}}`, "a"],
    [
      "/v1/live/sessions/s",
      `{"type":"session.update","session":{"delegation":{"responses":{"model":"a"},"decisions":{"model":"b"}}}}`,
      "a b"
    ],
    ["/v1/realtime", `{"type":"input_audio_buffer.append","audio":"AAAA"}`, "Nothing"],
    ["/v1/realtime", `{"type":"response.create"}`, "Nothing"],
    ["/v1/realtime", `{"type":"other","session":{"model":"a"}}`, "a"],
    ["/v1/realtime", `{"session":{"model":"a"},"session":{"model":"b"}}`, "request_ambiguous"],
    ["/v1/realtime", `{"Session":{"model":"a"}}`, "request_ambiguous"],
    ["/v1/realtime", `no JSON`, "body_invalid"],
    ["/v1/responses", `{"type":"response.create","model":"a"}`, "a"],
    ["/v1/responses", `{"type":"response.create","response":{"model":"a"}}`, "a"],
    [
      "/v1/responses",
      `{"type":"response.create","model":"a","tools":[{"svg":{"model":"b"}}],"input":[{"tools":[{"model":"c"}]}]}`,
      "a b c"
    ],
    ["/v1/responses", `{"type":"response.create","response":{"model":"a","moderation":{"model":"b"}}}`, "a b"],
    ["/v1/responses", `{"type":"response.create"}`, "Unnamed"],
    ["/v1/responses", `{"type":"response.cancel"}`, "Nothing"]
  ]
  for (const [path, message, expected] of table) {
    it(`RULES D54: ${path} ${message}: ${expected}`, () => assert.strictEqual(said(path, message), expected))
  }
})
