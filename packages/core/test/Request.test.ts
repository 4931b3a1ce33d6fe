import { assert, describe, it } from "@effect/vitest"
import { Exit } from "effect"
import * as Request from "../src/Request.ts"

const pathOf = (target: string): string | undefined => {
  const made = Request.make({ method: "get", target, rawHeaders: [] })
  return Exit.isSuccess(made) ? made.value.path : undefined
}

describe("what is asked", () => {
  it.each(
    [
      "/",
      "/v1/models",
      "/v1/models/",
      "/a.b/..c/c..",
      "/a%20b",
      "/caf%C3%A9",
      "/a:b@c,d;".slice(0, -1),
      "/~a/-_!$&'()*+,=:@",
      "/%5Bx%5D",
      "/bedrock/model/anthropic.claude-3-5-sonnet-v1%3A0/converse",
      // RULES D64: separators inside the one segment that is a model name; both readings are judged.
      "/v1/models/meta-llama%2FLlama-3",
      "/openai/deployments/a%2Fb/chat/completions",
      "/bedrock/model/arn%3Aaws%3Abedrock%3Aus%3A1%3Ainference-profile%2Fclaude/converse",
      "/v1beta/models/x%3AgenerateContent",
      "/vertex_ai/v1/projects/p/locations/l/publishers/google/models/a%2Fb:rawPredict"
    ]
  )("%s is read alike by every parser", (target) => assert.strictEqual(pathOf(target), target))

  it.each(
    [
      "",
      "v1",
      "*",
      "http://host/v1",
      "//host/v1",
      "/a//b",
      "/./a",
      "/a/.",
      "/a/..",
      "/a/../b",
      "/a/%2e%2e/b",
      "/a/%2E/b",
      "/a%2fb",
      "/a%5cb",
      "/a\\b",
      "/a;x=1/b",
      "/a%3bx",
      "/a#b",
      "/a%23b",
      "/a%3Fb",
      "/a%00",
      "/a%0d%0ab",
      "/a%7f",
      "/a%",
      "/a%2",
      "/a%zz",
      "/a%61",
      "/a%25",
      "/v1/models/a%2F..%2Fb",
      "/v1/models/a%2F%2Fb",
      "/v1/models/%2Fa",
      "/v1/models/a%2F",
      "/v1/models/a%252Fb",
      "/v1/models/a%2F%E2%82%ACb",
      "/v1/models/a/b%2Fc",
      "/v1/files/a%2Fb",
      "/v1/files/a%3Ab",
      "/models%2Fa/b",
      "/a b",
      "/a\tb",
      "/a\u0000",
      "/caf\u00e9",
      "/a%C3",
      "/a%C0%AF",
      "/a%ED%A0%80",
      "/a{b}",
      "/a|b",
      "/a^b",
      "/a`b",
      "/a<b>",
      "/a\"b"
    ]
  )("threats E06, E07: %j could be read in two ways, so it is 400", (target) => assert.isUndefined(pathOf(target)))

  it.each(
    [
      ["v1", "a target that is no path"],
      ["/a//b", "nothing in segment 2"],
      ["/a/../b", "dots in segment 2"],
      ["/v1/files/a%2Fb", "%2F in segment 3"],
      ["/a%zz", "% in segment 1"],
      ["/a/b;x", "; in segment 2"],
      ["/a\tb", "U+0009 in segment 1"],
      ["/caf\u00e9", "U+00E9 in segment 1"],
      ["/a%C0%AF", "octets that are no UTF-8"],
      ["/a?b#c", "# in the query"]
    ] as const
  )("%j is told to the operator as: %s", (target, cause) => assert.strictEqual(Request.causeOf(target), cause))

  it("the query is not judged, and a fragment is refused there too", () => {
    assert.strictEqual(pathOf("/a?b=../c#".slice(0, -1)), "/a")
    assert.isUndefined(pathOf("/a?b#c"))
    assert.strictEqual(pathOf("/a?"), "/a")
  })

  it("the method is upper case, the path is as it came, a request without a model names none", () => {
    const made = Request.make({ method: "post", target: "/A?x", rawHeaders: ["A", "b"] })
    assert.deepStrictEqual(
      made,
      Exit.succeed({ method: "POST", path: "/A", rawHeaders: ["A", "b"], model: Request.noModel })
    )
  })

  it("headers keep their duplicates", () => {
    assert.deepStrictEqual(Request.rawHeadersOf({ a: "1", b: ["2", "3"] }), ["a", "1", "b", "2", "b", "3"])
    assert.deepStrictEqual(Request.rawHeadersOf([["a", "1"], ["a", "2"]]), ["a", "1", "a", "2"])
  })

  it("a path is decoded, or is not one", () => {
    assert.strictEqual(Request.decoded("/caf%C3%A9"), "/caf\u00e9")
    assert.strictEqual(Request.decoded("/a"), "/a")
    assert.isUndefined(Request.decoded("/%C3"))
  })
})
