/**
 * JSON-RPC has one reading here: what two parsers could take for two calls is no call.
 */
import { assert, describe, it } from "@effect/vitest"
import { maxMessages, type RpcBody, RpcReader } from "../../src/mcp/RpcReader.ts"

const read = (text: string | Uint8Array, step = 7): RpcBody => {
  const reader = new RpcReader()
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; at += step) reader.push(bytes.subarray(at, at + step))
  return reader.end()
}

const call = (params: string, rest = ""): string =>
  `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${params}${rest}}`

const message = (text: string) => {
  const body = read(text)
  return body._tag === "Messages" && body.messages.length === 1 ? body.messages[0] : undefined
}

const isBad = (text: string | Uint8Array, error: "parse" | "invalid") => {
  for (const step of [1, 5, 1000]) {
    const body = read(text, step)
    assert.strictEqual(body._tag === "Bad" ? body.error : body._tag, error, String(text))
  }
}

describe("a message", () => {
  it("is read wherever its members stand, and whatever its arguments hold", () => {
    const decoy = `{"name":"other","method":"tools/list","params":{"name":"x"},"a":[{"name":["y"]}]}`
    assert.deepStrictEqual(
      message(`{"params":{"arguments":${decoy},"name":"get-sum","_meta":{"progressToken":1}},"method":"tools/call",
        "id":"a\\u0062","jsonrpc":"2.0","extra":{"id":[1]}}`),
      { kind: "request", id: `"a\\u0062"`, method: "tools/call", params: { name: "get-sum" } }
    )
  })

  it("is a request, a notification or an answer", () => {
    const kinds = [
      [`{"jsonrpc":"2.0","id":-7,"method":"ping"}`, "request", "-7"],
      [`{"jsonrpc":"2.0","method":"notifications/initialized","params":{}}`, "notification", undefined],
      [`{"jsonrpc":"2.0","id":3,"result":{"action":"accept","content":{"name":{"id":1}}}}`, "response", "3"],
      [`{"jsonrpc":"2.0","id":3,"error":{"code":-1,"message":"no"}}`, "response", "3"]
    ] as const
    for (const [text, kind, id] of kinds) {
      assert.strictEqual(message(text)?.kind, kind, text)
      assert.strictEqual(message(text)?.id, id, text)
    }
  })

  it("names what completion, subscriptions and tasks name", () => {
    const params = (text: string) => message(call(text))?.params
    assert.deepStrictEqual(params(`{"ref":{"type":"ref/prompt","name":"p","title":"t"},"argument":{"name":"n"}}`), {
      ref: { type: "ref/prompt", name: "p" }
    })
    assert.deepStrictEqual(
      params(`{"notifications":{"resourceSubscriptions":["file:///a","file:///b"],"toolsListChanged":true}}`),
      { subscriptions: ["file:///a", "file:///b"] }
    )
    assert.deepStrictEqual(params(`{"notifications":{"resourceSubscriptions":[]},"taskId":"t"}`), { taskId: "t" })
    assert.deepStrictEqual(
      params(`{"notifications":{"taskIds":["t","u"],"resourceSubscriptions":["file:///a"]}}`),
      { taskIds: ["t", "u"], subscriptions: ["file:///a"] }
    )
    assert.deepStrictEqual(params(`{"notifications":{"taskIds":[]}}`), {})
    for (const odd of [`"t"`, "{}", "[1]", `[["t"]]`, `[{"taskId":"t"}]`, "null"]) {
      assert.isUndefined(message(call(`{"notifications":{"taskIds":${odd}}}`)), odd)
    }
    assert.deepStrictEqual(params(`{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}`), {
      version: "2026-07-28"
    })
  })
})

describe("no message", () => {
  it("is what is no JSON", () => {
    const texts = ["", " ", "{", `{"jsonrpc":"2.0",}`, call(`{"name":"a"}`).slice(0, -1), `${call("{}")}x`, "\uFEFF{}"]
    for (const text of texts) isBad(text, "parse")
    isBad(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":'a'}}`, "parse")
    isBad(`// x\n${call("{}")}`, "parse")
    isBad(`${call(`{"name":"a"}`)}${call(`{"name":"b"}`)}`, "parse")
    isBad(`{"jsonrpc":"2.0","id":NaN,"method":"ping"}`, "parse")
  })

  it("is JSON of another shape", () => {
    for (const text of ["null", "7", `"x"`, "{}", "[]", "[1]", "[[]]", `[[${call("{}")}]]`, `[{}]`, "true"]) {
      isBad(text, "invalid")
    }
    isBad(`{"id":1,"method":"ping"}`, "invalid")
    isBad(`{"jsonrpc":"1.0","id":1,"method":"ping"}`, "invalid")
    isBad(`{"jsonrpc":2.0,"id":1,"method":"ping"}`, "invalid")
    isBad(`{"jsonrpc":"2.0","id":1}`, "invalid")
    isBad(`{"jsonrpc":"2.0","id":1,"method":""}`, "invalid")
    isBad(`{"jsonrpc":"2.0","id":1,"method":["ping"]}`, "invalid")
    isBad(`{"jsonrpc":"2.0","id":1,"method":null,"result":{}}`, "invalid")
  })

  it("is a member that is there twice, in escapes or in another case", () => {
    for (
      const text of [
        call(`{"name":"a"}`, `,"method":"tools/list"`),
        call(`{"name":"a"}`, `,"params":{"name":"b"}`),
        call(`{"name":"a"}`, `,"id":2`),
        call(`{"name":"a"}`, `,"x":1,"x":2`),
        call(`{"name":"a","name":"b"}`),
        call(`{"name":"a","n\\u0061me":"b"}`),
        call(`{"n\\u0061me":"a"}`),
        call(`{"name":"a","Name":"b"}`),
        call(`{"NAME":"a"}`),
        call(`{"name":"a","arguments":{},"arguments":{}}`),
        call(`{"name":"a"}`, `,"Method":"tools/list"`),
        call(`{"name":"a"}`, `,"\\u006dethod":"tools/list"`),
        call(`{"uri":"file:///a","URI":"file:///b"}`),
        call(`{"ref":{"type":"ref/prompt","type":"ref/resource"}}`),
        call(`{"_meta":{"io.modelcontextprotocol/protocolVersion":"a","io.modelcontextprotocol/protocolVersion":"b"}}`),
        call(`{"notifications":{"resourceSubscriptions":["a"],"resourceSubscriptions":[]}}`),
        // K and ſ fold to ASCII letters.
        call(`{"ta\u017FkId":"a"}`)
      ]
    ) isBad(text, "invalid")
  })

  it("is an id that is neither text nor whole number, and two kinds of message at once", () => {
    for (const id of ["null", "1.5", "1.0", "1e3", "true", "{}", `{"a":1}`, "[1]", "[]", "1".repeat(30)]) {
      isBad(`{"jsonrpc":"2.0","id":${id},"method":"ping"}`, "invalid")
    }
    isBad(`{"jsonrpc":"2.0","id":"${"a".repeat(300)}","method":"ping"}`, "invalid")
    isBad(`{"jsonrpc":"2.0","id":1,"method":"ping","result":{}}`, "invalid")
    isBad(`{"jsonrpc":"2.0","id":1,"method":"ping","error":{"code":1}}`, "invalid")
    isBad(`{"jsonrpc":"2.0","result":{}}`, "invalid")
  })

  it("is a name of another kind", () => {
    for (const params of ["[]", `["a"]`, "null", `"a"`, "7"]) isBad(call(params), "invalid")
    for (const name of ["7", "null", `{"a":1}`, `["a"]`, "[]", `"\\ud800"`]) isBad(call(`{"name":${name}}`), "invalid")
    isBad(call(`{"notifications":{"resourceSubscriptions":"file:///a"}}`), "invalid")
    isBad(call(`{"notifications":{"resourceSubscriptions":[{"uri":"file:///a"}]}}`), "invalid")
    isBad(call(`{"ref":["ref/prompt"]}`), "invalid")
  })

  it("is longer than any name, or names more resources than a bound", () => {
    assert.isDefined(message(call(`{"taskId":"${"x".repeat(6_000)}"}`)))
    assert.strictEqual(read(call(`{"taskId":"${"x".repeat(7_000)}"}`), 10_000)._tag, "Bad")
    const listen = (count: number) =>
      call(
        `{"notifications":{"resourceSubscriptions":[${Array.from({ length: count }, (_, at) => `"file:///${at}"`)}]}}`
      )
    assert.isDefined(message(listen(100)))
    isBad(listen(101), "invalid")
  })
})

describe("a batch", () => {
  it("is read member by member", () => {
    const body = read(`[${call(`{"name":"a"}`)},{"jsonrpc":"2.0","method":"x"},{"jsonrpc":"2.0","id":"1","result":{}}]`)
    assert.isTrue(body._tag === "Messages" && body.isBatch)
    assert.deepStrictEqual(
      body._tag === "Messages" ? body.messages.map((it) => [it.kind, it.method]) : [],
      [["request", "tools/call"], ["notification", "x"], ["response", ""]]
    )
  })

  it("has no two calls with one id, and not more members than a bound", () => {
    isBad(`[${call("{}")},${call("{}")}]`, "invalid")
    isBad(`[[${call("{}")}]]`, "invalid")
    isBad(`[{"jsonrpc":"2.0","id":"a","method":"x"},{"jsonrpc":"2.0","id":"\\u0061","method":"x"}]`, "invalid")
    const many = (count: number) =>
      `[${Array.from({ length: count }, (_, id) => `{"jsonrpc":"2.0","id":${id},"method":"x"}`).join(",")}]`
    assert.strictEqual(read(many(maxMessages))._tag, "Messages")
    isBad(many(maxMessages + 1), "invalid")
  })
})
