/**
 * Listed exactly when callable: what a filtered answer keeps, and what it is when it is no list.
 */
import { assert, describe, it } from "@effect/vitest"
import { filterAnswer, idKey, type ListPlan } from "../../src/mcp/ListAnswer.ts"
import { type ListMethod, listOf } from "../../src/mcp/McpMethod.ts"

const methodOf = (name: string): ListMethod => {
  const method = listOf(name)
  if (method === undefined) throw new TypeError(name)
  return method
}

const plan = (asked: Readonly<Record<string, string>>, allowed: ReadonlyArray<string>): ListPlan => ({
  lists: new Map(Object.entries(asked).map(([id, method]) => [idKey(id), methodOf(method)])),
  may: (list, name) => allowed.includes(`${list.kind} ${name}`),
  instead: (id) => `{"jsonrpc":"2.0","id":${id ?? "null"},"error":{"code":-32603,"message":"none"}}`
})

const tools = { "1": "tools/list" }
const filtered = (text: string, it: ListPlan) => {
  const answer = filterAnswer(Buffer.from(text), it)
  return answer === undefined ? undefined : { ...answer, text: answer.text.toString() }
}

describe("a filtered list", () => {
  it("is a sublist in the same order; everything else stays byte for byte", () => {
    const entry = (name: string) => `{"name":"${name}","inputSchema":{"maximum":12345678901234567890,"x":1.0}}`
    const text = `{"jsonrpc":"2.0", "id":1,"result":{"nextCursor":"eyJ\\u0041","tools":[${entry("a")}, ${entry("b")},
      ${entry("c")}],"_meta":{"tools":[1]}}}`
    assert.strictEqual(
      filtered(text, plan(tools, ["tool c", "tool a"]))?.text,
      `{"jsonrpc":"2.0", "id":1,"result":{"nextCursor":"eyJ\\u0041","tools":[${entry("a")},${
        entry("c")
      }],"_meta":{"tools":[1]}}}`
    )
  })

  it("is the very same bytes when all may be called", () => {
    const text = `{"jsonrpc":"2.0","id":1,"result":{"tools":[ {"name":"a"} , {"name":"b"} ]}}`
    assert.strictEqual(filtered(text, plan(tools, ["tool a", "tool b"]))?.text, text)
  })

  it("is empty when none may be called, and an empty list stays one", () => {
    for (const list of [`[{"name":"a"},{"name":"b"}]`, `[]`]) {
      const text = `{"id":1,"result":{"tools":${list}}}`
      const answer = filtered(text, plan(tools, []))
      assert.strictEqual(answer?.text, `{"id":1,"result":{"tools":[]}}`)
      assert.isTrue(answer?.isComplete)
    }
  })

  it("keeps no entry without one plain name", () => {
    const odd = [`{"title":"a"}`, `{"name":1}`, `{"name":{"name":"a"}}`, `"a"`, `["a"]`, `{}`, `null`, `7`]
    odd.push(`{"name":"a","name":"b"}`, `{"name":"a","n\\u0061me":"b"}`, `[{"name":"a"}]`)
    const text = `{"id":1,"result":{"tools":[${odd.join(",")},{"x":{"name":"z"},"name":"b"}]}}`
    assert.strictEqual(
      filtered(text, plan(tools, ["tool a", "tool b"]))?.text,
      `{"id":1,"result":{"tools":[{"x":{"name":"z"},"name":"b"}]}}`
    )
  })

  it("says no longer that it may be shared, wherever it said so", () => {
    const may = plan(tools, ["tool a"])
    for (
      const [before, after] of [
        [`"cacheScope":"public","tools":[{"name":"b"}]`, `"cacheScope":"private","tools":[]`],
        [`"tools":[{"name":"a"}],"cacheScope":"public"`, `"tools":[{"name":"a"}],"cacheScope":"private"`]
      ]
    ) {
      assert.strictEqual(filtered(`{"result":{${before}},"id":1}`, may)?.text, `{"result":{${after}},"id":1}`)
    }
  })

  it("prompts, resources and templates are filtered by their own names", () => {
    const text = `[{"id":"a","result":{"prompts":[{"name":"p"},{"name":"q"}]}},` +
      `{"id":2,"result":{"resources":[{"uri":"file:///a","name":"q"},{"uri":"file:///b"}]}},` +
      `{"id":3,"result":{"resourceTemplates":[{"uriTemplate":"file:///{x}","uri":"file:///a"}]}}]`
    const asked = { "\"\\u0061\"": "prompts/list", "2": "resources/list", "3": "resources/templates/list" }
    assert.strictEqual(
      filtered(text, plan(asked, ["prompt q", "resource file:///a"]))?.text,
      `[{"id":"a","result":{"prompts":[{"name":"q"}]}},` +
        `{"id":2,"result":{"resources":[{"uri":"file:///a","name":"q"}]}},` +
        `{"id":3,"result":{"resourceTemplates":[]}}]`
    )
  })
})

describe("an answer that is no list", () => {
  const broken = [
    `{"id":1,"result":{}}`,
    `{"id":1,"result":{"tools":{}}}`,
    `{"id":1,"result":{"tools":{"name":"a"}}}`,
    `{"id":1,"result":{"tools":"a"}}`,
    `{"id":1,"result":{"tools":null}}`,
    `{"id":1,"result":[{"tools":[]}]}`,
    `{"id":1,"result":{"tools":[],"tools":[{"name":"a"}]}}`,
    `{"id":1,"result":{"tools":[],"to\\u006fls":[{"name":"a"}]}}`,
    `{"id":1,"result":{"tools":[]},"result":{"tools":[{"name":"a"}]}}`,
    `{"id":1,"result":{"prompts":[]}}`,
    `{"id":1,"result":{"tools":[],"prompts":[]}}`,
    `{"id":1,"result":{"tools":[]},"error":{"code":1}}`,
    `{"id":7,"id":1,"result":{"tools":[{"name":"a"}]}}`,
    `{"id":1,"result":{"x":1},"result":{"tools":[{"name":"a"}]}}`
  ]
  it("is an error for the same id", () => {
    for (const text of broken) {
      const answer = filtered(text, plan(tools, ["tool a"]))
      assert.isTrue(answer?.isBroken, text)
      assert.notInclude(answer?.text ?? "", `"a"`, text)
    }
  })

  it("an error of the server, a request of the server with the same id and other answers are passed on", () => {
    for (
      const text of [
        `{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no tools"}}`,
        `{"jsonrpc":"2.0","id":1,"method":"sampling/createMessage","params":{"tools":[{"name":"a"}]}}`,
        `{"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":1}}`,
        `{"jsonrpc":"2.0","id":2,"result":{"content":[{"type":"text","text":"x"}]}}`
      ]
    ) {
      const answer = filtered(text, plan(tools, []))
      assert.strictEqual(answer?.text, text)
      assert.isFalse(answer?.isBroken)
    }
  })

  it("is complete when each request for a list has its answer, which a request of the server is none", () => {
    const both = { "1": "tools/list", "2": "prompts/list" }
    const complete = (text: string) => filtered(text, plan(both, []))?.isComplete
    const [one, two] = [`{"id":1,"result":{"tools":[]}}`, `{"id":2,"error":{"code":1,"message":""}}`]
    assert.isTrue(complete(`[${one},${two}]`))
    assert.isFalse(complete(`[${one}]`))
    assert.isFalse(complete(two))
    assert.isFalse(complete(`[${one},{"id":2,"method":"ping"}]`))
  })

  it("a list with an id that nobody asked with is filtered all the same", () => {
    assert.strictEqual(
      filtered(`{"id":9,"result":{"tools":[{"name":"a"}]}}`, plan({}, []))?.text,
      `{"id":9,"result":{"tools":[]}}`
    )
  })

  it("what is no JSON-RPC is nothing", () => {
    for (const text of ["", " ", "null", "7", `"x"`, "{", `{"id":1,}`, `[1]`, `[[{}]]`, `{"id":1} {}`]) {
      assert.isUndefined(filtered(text, plan(tools, [])), text)
    }
  })
})
