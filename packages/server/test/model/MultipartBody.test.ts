import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { placesOf } from "../../src/model/JsonPlaces.ts"
import { type FormShape, MultipartBody } from "../../src/model/MultipartBody.ts"
import { namesOf, type Peeked } from "../../src/model/Peeked.ts"

const shape: FormShape = {
  places: placesOf([{ path: "model" }, { path: "models[]" }, { path: "session.model" }]),
  lines: placesOf([{ path: "body.model" }]),
  mustName: false,
  isKnown: true
}

/** What is found, and what is sent with the boundary `Y`, of a body that comes in pieces of `step` bytes. */
const read = (body: string, step = 1_000_000, from = "X", to = "Y") => {
  const sent: Array<Buffer> = []
  const reader = new MultipartBody(from, to, shape, (bytes) => void sent.push(Buffer.from(bytes)))
  const bytes = Buffer.from(body)
  for (let at = 0; at < bytes.length; at += step) reader.push(bytes.subarray(at, at + step))
  return { seen: reader.end(), sent: Buffer.concat(sent).toString("utf8"), reader }
}

const names = (seen: Peeked) =>
  seen._tag === "Found" ? namesOf(seen).join(" ") : seen._tag === "Refused" ? seen.code : seen._tag

const part = (head: string, content: string) => `--X\r\n${head}\r\n\r\n${content}\r\n`
const field = (name: string, value: string) => part(`Content-Disposition: form-data; name="${name}"`, value)
const file = (name: string, content: string) =>
  part(`Content-Disposition: form-data; name="${name}"; filename="a"\r\nContent-Type: audio/wav`, content)
const end = "--X--\r\n"
const lines = (...models: ReadonlyArray<string>) =>
  models.map((model) => JSON.stringify({ body: { model } })).join("\n")

/** Bodies that some parser reads in another way than some other. */
const refused: ReadonlyArray<readonly [string, string]> = [
  ["a line feed before the first boundary", `\n${field("model", "a")}${end}`],
  ["a line end before the first boundary", `\r\n${field("model", "a")}${end}`],
  ["bytes as long as a boundary in its place", `${field("model", "a")}${end}`.replace("--", "xx")],
  ["a preamble", `text\r\n${field("model", "a")}${end}`],
  ["an epilogue", `${field("model", "a")}${end}text`],
  ["spaces behind a boundary", `--X \r\nContent-Disposition: form-data; name="model"\r\n\r\na\r\n${end}`],
  ["bare line feeds", field("model", "a").replaceAll("\r\n", "\n") + end],
  ["no end", field("model", "a")],
  ["a boundary within a line", field("model", "a--X") + end],
  [
    "a boundary behind a bare line feed",
    field("model", "a\n--X\nContent-Disposition: form-data; name=\"model\"\n\nb") + end
  ],
  ["a longer boundary", `${field("a", "1")}--XY\r\n${end}`],
  ["a part that says nothing of itself", `--B--\r\n`.replace("B", "X")],
  ["a disposition of another kind", part("Content-Disposition: x", "y") + end],
  ["a part without a head", `--X\r\n\r\na\r\n${end}`],
  ["a folded line", part("Content-Disposition: form-data;\r\n name=\"model\"", "a") + end],
  [
    "a line that is there twice",
    part("Content-Disposition: form-data; name=\"a\"\r\ncontent-disposition: form-data; name=\"model\"", "a") + end
  ],
  ["a name that is there twice", part("Content-Disposition: form-data; name=\"a\"; name=\"model\"", "a") + end],
  ["a name with a charset", part("Content-Disposition: form-data; name*=utf-8''model", "a") + end],
  ["a name in pieces", part("Content-Disposition: form-data; name*0=mo; name*1=del", "a") + end],
  ["a file name with a charset", part("Content-Disposition: form-data; name=\"f\"; filename*=utf-8''a", "a") + end],
  ["a backslash in a name", part("Content-Disposition: form-data; name=\"mo\\del\"", "a") + end],
  ["a file without a name", part("Content-Disposition: form-data; name=\"f\"; filename=\"\"", "a") + end],
  [
    "a transfer encoding",
    part("Content-Disposition: form-data; name=\"model\"\r\nContent-Transfer-Encoding: base64", "YQ==") + end
  ],
  [
    "another charset",
    part("Content-Disposition: form-data; name=\"model\"\r\nContent-Type: text/plain; charset=utf-16", "a") + end
  ],
  [
    "a field that some take for a file",
    part("Content-Disposition: form-data; name=\"a\"\r\nContent-Type: application/octet-stream", "a") + end
  ],
  [
    "a form inside a form",
    part("Content-Disposition: form-data; name=\"a\"\r\nContent-Type: multipart/mixed; boundary=Z", "a") + end
  ],
  ["a model that is a file", file("model", "a") + end],
  ["a session that is no JSON", field("session", "a") + end],
  ["a control character in a head", part("Content-Disposition: form-data; name=\"model\u0000\"", "a") + end],
  ["a head without an end", `--X\r\nContent-Disposition: form-data; name="${"a".repeat(9000)}`]
]

const ambiguous: ReadonlyArray<readonly [string, string]> = [
  ["two models", field("model", "a") + field("model", "a") + end],
  ["a name in capitals", field("Model", "a") + end],
  ["a name with spaces", field("model ", "a") + end],
  ["an encoded name", field("%6dodel", "a") + end],
  ["a name with brackets", field("model[]", "a") + end],
  ["a name with a dot", field("session.model", "a") + end],
  ["a charset for all fields", field("_charset_", "utf-16") + end],
  ["two purposes", field("purpose", "user_data") + field("purpose", "batch") + end]
]

const good: ReadonlyArray<readonly [string, string, string]> = [
  ["a model", field("model", "a") + end, "a"],
  ["no line end at the end", field("model", "a") + "--X--", "a"],
  ["a model behind a file", file("audio", "RIFF") + field("model", "a") + end, "a"],
  ["several models", field("models[]", "a") + field("models[]", "b") + end, "a b"],
  [
    "a session",
    part("Content-Disposition: form-data; name=\"session\"\r\nContent-Type: application/json", "{\"model\":\"a\"}") +
    end,
    "a"
  ],
  ["a name without quotes", part("content-disposition:form-data;name=model", "a") + end, "a"],
  [
    "an encoding that is none",
    part("Content-Disposition: form-data; name=\"model\"\r\nContent-Transfer-Encoding: binary", "a") + end,
    "a"
  ],
  ["a batch", field("purpose", "batch") + file("file", lines("a", "b", "a")) + end, "a b"],
  [
    "a batch beside the lines of another file, whatever its name",
    field("purpose", "batch") + file("other", lines("b")) + file("file", lines("a")) + end,
    "b a"
  ],
  [
    "a batch beside a file that only some cut into lines",
    field("purpose", "batch") + file("other", `${lines("b")}\r${lines("b")}`) + file("file", lines("a")) + end,
    "body_invalid"
  ],
  ["a batch whose purpose comes last", file("file", lines("a")) + field("purpose", "batch") + end, "a"],
  [
    "a batch with a line that names none",
    field("purpose", "batch") + file("file", `${lines("a")}\n{}`) + end,
    "Unnamed"
  ],
  ["a batch that is no JSON", field("purpose", "batch") + file("file", "RIFF") + end, "body_invalid"],
  [
    "a batch with a model in two ways",
    field("purpose", "batch") + file("file", `{"body":{"model":"a","Model":"b"}}`) + end,
    "request_ambiguous"
  ],
  ["another purpose", field("purpose", "user_data") + file("file", lines("a")) + end, "Nothing"],
  ["no purpose, and lines of a batch", file("file", lines("a")) + end, "a"],
  ["no purpose, and no lines", file("file", "RIFF") + end, "Nothing"]
]

describe("MultipartBody", () => {
  for (const [title, body] of refused) {
    it(`RULES D55: ${title} is refused, however it is cut`, () => {
      for (const step of [1, 3, 1_000_000]) assert.strictEqual(names(read(body, step).seen), "body_invalid")
    })
  }
  for (const [title, body] of ambiguous) {
    it(`RULES D19: ${title}`, () => {
      for (const step of [1, 1_000_000]) assert.strictEqual(names(read(body, step).seen), "request_ambiguous")
    })
  }
  for (const [title, body, expected] of good) {
    it(`RULES D54: ${title}`, () => {
      for (const step of [1, 3, 1_000_000]) assert.strictEqual(names(read(body, step).seen), expected)
    })
  }

  it("RULES D55: what is sent is in one spelling, whatever came", () => {
    const { sent } = read(
      part("X-Other: 1\r\ncontent-disposition:form-data;  name=model", "a") +
        part(
          "Content-Type:Audio/WebM;codecs=opus\r\nContent-Disposition: form-data; filename=\"é.webm\"; name=\"file\"",
          "RIFF"
        ) +
        end
    )
    assert.strictEqual(
      sent,
      "--Y\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\na\r\n" +
        "--Y\r\nContent-Disposition: form-data; name=\"file\"; filename=\"é.webm\"\r\nContent-Type: audio/webm; codecs=opus\r\n\r\nRIFF\r\n" +
        "--Y--\r\n"
    )
  })

  it("RULES D55: a door passes what it would have written itself, and nothing else", () => {
    const same = (body: string) => {
      const { reader, seen } = read(body, 1_000_000, "X", "X")
      return seen._tag !== "Refused" && reader.isSameAsSent("multipart/form-data; boundary=X")
    }
    assert.isTrue(same(field("model", "a") + file("f", "RIFF") + end))
    assert.isTrue(same(field("model", "a") + "--X--"))
    assert.isFalse(same(part("content-disposition: form-data; name=\"model\"", "a") + end))
    assert.isFalse(same(part("Content-Disposition: form-data; name=\"model\"\r\nX-Other: 1", "a") + end))
  })

  it("a large file is settled once the model is known, and not before", () => {
    const settled = (body: string, mustName: boolean) => {
      const reader = new MultipartBody("X", "Y", { ...shape, mustName }, () => {})
      reader.push(Buffer.from(body))
      return reader.isSettled
    }
    assert.isTrue(settled(field("model", "a") + file("audio", "RIFF\n").slice(0, -2), true))
    assert.isFalse(settled(file("audio", "RIFF").slice(0, -2), true))
    assert.isTrue(settled(file("audio", "RIFF\n").slice(0, -2), false))
    assert.isFalse(settled(field("model", "a"), true))
    assert.isFalse(settled(field("purpose", "batch") + file("file", lines("a", "b")).slice(0, -2), false))
    assert.isTrue(settled(field("purpose", "user_data") + file("file", lines("a", "b")).slice(0, -2), false))
  })

  it("a field of more than 1 MiB is too large, a form of more than 1000 parts is refused", () => {
    assert.strictEqual(names(read(field("a", "x".repeat(1024 * 1024 + 1)) + end).seen), "body_too_large")
    assert.strictEqual(names(read(field("a", "1").repeat(1001) + end).seen), "body_invalid")
    assert.strictEqual(names(read(field("a", "1").repeat(1000) + end).seen), "Nothing")
  })

  it.prop("what is sent is read again as it was, and sent again as it is", {
    value: Schema.String,
    content: Schema.String,
    step: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 50 }))
  }, ({ content, step, value }) => {
    const once = read(field("prompt", value) + file("audio", content) + end, step)
    if (once.seen._tag === "Refused") return
    const again = read(once.sent, 1_000_000, "Y", "Y")
    assert.strictEqual(again.sent, once.sent)
    assert.deepStrictEqual(again.seen, once.seen)
  })
})
