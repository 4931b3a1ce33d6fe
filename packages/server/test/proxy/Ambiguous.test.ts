/** Every 400 names its cause for the operator, and never for the caller. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Raw from "../support/Raw.ts"
import * as World from "../support/World.ts"

/** Header lines besides the token, a target, and the cause. */
const causes: ReadonlyArray<readonly [string, ReadonlyArray<string>, string]> = [
  ["/v1/files/a%2Fb", [], "%2F in segment 3"],
  ["/v1/files/../x", [], "dots in segment 3"],
  ["/v1//files", [], "nothing in segment 2"],
  ["/v1/files", ["X-Team-Id: red", "X-Team-Id: blue"], "two values of x-team-id"],
  ["/v1/files", ["X-Team-Id: red", "X-Litellm-Team-Id: blue"], "x-team-id and x-litellm-team-id differ"],
  ["/v1/files", ["Authorization: Bearer other"], "two values of authorization"],
  ["/v1/files", ["X-Api-Key: other"], "authorization and x-api-key differ"],
  ["/v1/files", ["Content-Type: a/b", "Content-Type: c/d"], "two values of content-type"],
  ["/v1/files", ["Host: a b"], "host is no name"],
  ["/v1/files", ["Transfer-Encoding: xchunked"], "a transfer-encoding other than chunked"]
]

const form = "multipart/form-data; boundary=B"
const field = (name: string, value: string) =>
  `--B\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`

/** Type, body, code and cause of bodies that are refused. */
const bodies: ReadonlyArray<readonly [string, string, string, string]> = [
  ["application/json", `{"model":"gpt-4o","model":"gpt-4o"}`, "request_ambiguous", "two values of model"],
  ["application/json", `{"MODEL":"gpt-4o"}`, "request_ambiguous", "the name of a member in another spelling"],
  ["application/json", `{"model":"a,b"}`, "request_ambiguous", "a comma in a model's name"],
  ["application/json", `{"model":7}`, "body_invalid", "model is no text"],
  ["application/json", `{"model":"gpt-4o"`, "body_invalid", "JSON that does not end"],
  ["application/json", `model=gpt-4o`, "body_invalid", "no JSON"],
  ["application/x-www-form-urlencoded", `{"model":"gpt-4o"}`, "body_invalid", "JSON under the type of a form"],
  [form, `${field("model", "gpt-4o")}${field("model", "o1")}--B--\r\n`, "request_ambiguous", "the field model twice"],
  [form, "--B--\r\nContent-Disposition: x\r\n\r\ny\r\n--B--\r\n", "body_invalid", "no part behind boundary 1"],
  [form, `x\r\n${field("model", "gpt-4o")}--B--\r\n`, "body_invalid", "bytes before the first boundary"],
  [form, `${field("model", "gpt-4o")}--B--\r\nx`, "body_invalid", "bytes behind the last boundary"],
  [form, field("model", "gpt-4o"), "body_invalid", "a form that does not end"],
  [form, `${field("a", "b\n--B")}--B--\r\n`, "body_invalid", "part 1: a boundary that begins no line"],
  [form, `${field("a", "b")}${field("", "c")}--B--\r\n`, "body_invalid", "part 2: no name"],
  [
    form,
    `${field(`model"; filename*="x`, "c")}--B--\r\n`,
    "body_invalid",
    "part 1: no content-disposition that can be"
  ],
  [form, `${field(`model"; size="1`, "c")}--B--\r\n`, "body_invalid", "part 1: a parameter besides name and filename"],
  ["application/x-www-form-urlencoded", "model=gpt-4o;a=b", "body_invalid", "a form that two parsers could read"],
  [`${form}; boundary=C`, "--B--\r\n", "body_invalid", "a type that can be read in more than one way"]
]

describe("what was ambiguous", () => {
  it.live("in a body stands in the record too, at the proxy and at a door that sees it", () =>
    Effect.gen(function*() {
      const world = yield* World.make()
      const bearer = `Authorization: Bearer ${yield* world.token("alice", { groups: ["red"] })}`
      for (const [type, body, code, cause] of bodies) {
        const path = "/v1/audio/transcriptions"
        for (
          const [line, told] of [[`POST ${path} HTTP/1.1`, []], ["GET /_jotgate/auth/traefik HTTP/1.1", [
            "X-Forwarded-Method: POST",
            `X-Forwarded-Uri: ${path}`
          ]]] as const
        ) {
          const head = [bearer, ...told, `Content-Type: ${type}`, `Content-Length: ${body.length}`, "Connection: close"]
          const answer = yield* Raw.send(world.port, Raw.request(line, head, body))
          const { cause: found, code: said } = world.log.recent(1)[0] ?? assert.fail("nothing was recorded")
          assert.deepStrictEqual([Raw.statuses(answer), said], [[400], code], `${body}: ${answer}`)
          assert.include(found ?? "", cause, `${line}: ${body}`)
          assert.notInclude(answer, cause)
        }
      }
    }))

  it.live("stands in the record of the answer, and not in the answer", () =>
    Effect.gen(function*() {
      const world = yield* World.make({ doors: { credentials: ["authorization", "x-api-key"] } })
      const bearer = `Authorization: Bearer ${yield* world.token("alice", { groups: ["red"] })}`
      for (const [target, headers, cause] of causes) {
        const answer = yield* Raw.send(
          world.port,
          Raw.request(`GET ${target} HTTP/1.1`, [bearer, ...headers, "Connection: close"])
        )
        assert.deepStrictEqual(Raw.statuses(answer), [400], cause)
        assert.notInclude(answer, cause)
        const record = world.log.recent(1)[0] ?? assert.fail("nothing was recorded")
        assert.include(record.cause ?? "", cause, `${target} ${headers.join(" ")}`)
      }
    }))
})
