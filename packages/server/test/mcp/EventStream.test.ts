/**
 * Events as they pass: whatever the chunks, readers see the same events, with the data that was chosen.
 */
import { assert, describe, it } from "@effect/vitest"
import { EventStream, type OnEvent } from "../../src/mcp/EventStream.ts"

/** What a reader of the stream sees (HTML, server-sent events): name, data and id of each event. */
const seen = (text: string) => {
  const events: Array<readonly [string, string]> = []
  let data: Array<string> = []
  let name = ""
  for (const line of text.replace(/^\uFEFF/, "").split(/\r\n|\r|\n/)) {
    if (line === "") {
      if (data.length > 0) events.push([name, data.join("\n")])
      data = []
      name = ""
      continue
    }
    const [, field = "", value = ""] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? []
    if (field === "data") data.push(value)
    else if (field === "event") name = value
  }
  return events
}

const every = [Buffer.from("")]

const through = (
  text: string | Buffer,
  step: number,
  onEvent: OnEvent,
  limit = 1024,
  marks: ReadonlyArray<Buffer> = every
) => {
  const stream = new EventStream(onEvent, { limit, marks })
  const bytes = Buffer.from(text)
  const out: Array<Buffer> = []
  for (let at = 0; at < bytes.length; at += step) {
    const piece = stream.push(bytes.subarray(at, at + step))
    if (piece === undefined) return undefined
    out.push(piece)
  }
  const rest = stream.end()
  return rest === undefined ? undefined : Buffer.concat([...out, rest]).toString()
}

const upper: OnEvent = (_, data) => data.includes("x") ? Buffer.from(data.toString().toUpperCase()) : "same"

const streams = [
  `data: axb\n\ndata: c\n\n`,
  `event: message\r\nid: 7\r\ndata: {"x":1}\r\n\r\n: still here\r\n\r\ndata: b\r\n\r\n`,
  `data: axb\r\rid: 1\rdata: c\r\r`,
  `\uFEFFdata: äxö\ndata:€x\ndata\ndata:  y\n\n`,
  `: c\n\ndata: x\n: between\nretry: 5\ndata: y\nid: 3\nevent: e\n\n`,
  `data: {"x":\ndata: 1}\r\ndata:2\n\nevent: endpoint\ndata: /m?x=1\n\n`,
  `id: 1\ndata:\n\ndata: x`,
  `data: one\n\ndata: x\n`,
  `database: x\ndata : x\n data: x\nDATA: x\n\n`
]

describe("a stream of events", () => {
  it("is read alike however it is cut, and lines of other fields stay", () => {
    for (const text of streams) {
      const whole = text.endsWith("\n\n") || text.endsWith("\r\r") || text.endsWith("\r\n\r\n") ? text : `${text}\n\n`
      const expected = seen(whole).map(([name, data]) =>
        [name, data.includes("x") ? data.toUpperCase() : data] as const
      )
      for (let step = 1; step <= Buffer.byteLength(text); step++) {
        const out = through(text, step, upper)
        assert.deepStrictEqual(seen(out ?? ""), expected, `${JSON.stringify(text)} by ${step}: ${JSON.stringify(out)}`)
        for (const field of text.match(/^(?:id|retry|event): .*$|^: .*$/gm) ?? []) assert.include(out, field.trim())
      }
    }
  })

  it("is read alike when only marked events are looked at", () => {
    const marks = [Buffer.from("x")]
    for (const text of streams) {
      for (let step = 1; step <= Buffer.byteLength(text); step++) {
        assert.deepStrictEqual(
          seen(through(text, step, upper, 1024, marks) ?? ""),
          seen(through(text, step, upper) ?? ""),
          `${JSON.stringify(text)} by ${step}`
        )
      }
    }
  })

  it("that is left alone passes byte for byte", () => {
    for (const text of streams.filter((it) => /(?:\n\n|\r\r|\r\n\r\n)$/.test(it))) {
      for (const step of [1, 2, 3, 7, 1000]) {
        assert.strictEqual(through(text, step, () => "same"), text.replace(/^\uFEFF/, ""))
      }
    }
  })

  it("hands on comments and whole lines at once, data with its event", () => {
    const stream = new EventStream(() => "same", { limit: 1024, marks: every })
    const push = (text: string) => stream.push(Buffer.from(text))?.toString()
    assert.strictEqual(push(":\r\n"), ":\r\n")
    assert.strictEqual(push("id: 1\nda"), "id: 1\n")
    assert.strictEqual(push("ta: a\n"), "")
    assert.strictEqual(push(": late\n"), "")
    assert.strictEqual(push("\n"), "data: a\n: late\n\n")
  })

  it("ends where it is told to, and at an event that is too large", () => {
    assert.isUndefined(through("data: a\n\ndata: b\n\n", 4, (_, data) => data.toString() === "b" ? "cut" : "same"))
    assert.isUndefined(through(`data: ${"a".repeat(2000)}\n\n`, 100, () => "same"))
    assert.isUndefined(through(`data: ${"a".repeat(2000)}\n\n`, 5000, () => "same"))
    assert.isUndefined(through("data: aaaa\n".repeat(500), 11, () => "same"))
    assert.isUndefined(through("a".repeat(2000), 100, () => "same"))
    assert.isDefined(through("data: aaaa\n\n".repeat(500), 7, () => "same"))
  })
})
