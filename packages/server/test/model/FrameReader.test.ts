import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { closeFrame, frame, FrameEdge, FrameReader, type Read } from "../../src/model/FrameReader.ts"

/** A masked frame of a client. */
const masked = (opcode: number, payload: Buffer, isFinal = true, more = 0): Buffer => {
  const head = Buffer.alloc(14)
  head.writeUInt8((isFinal ? 0x80 : 0) | more | opcode, 0)
  let at = 2
  if (payload.length < 126) head.writeUInt8(0x80 | payload.length, 1)
  else if (payload.length < 65_536) {
    head.writeUInt8(0x80 | 126, 1)
    head.writeUInt16BE(payload.length, 2)
    at = 4
  } else {
    head.writeUInt8(0x80 | 127, 1)
    head.writeBigUInt64BE(BigInt(payload.length), 2)
    at = 10
  }
  const key = Buffer.of(1, 2, 3, 4)
  return Buffer.concat([head.subarray(0, at), key, Buffer.from(payload.map((byte, i) => byte ^ (key[i & 3] ?? 0)))])
}

const pieces = (bytes: Buffer, size: number): ReadonlyArray<Buffer> =>
  Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) => bytes.subarray(at * size, (at + 1) * size))

const read = (bytes: Buffer, size: number, limit = 1_000_000): ReadonlyArray<Read> => {
  const reader = new FrameReader(limit)
  return pieces(bytes, size).flatMap((it) => reader.push(it))
}

const Size = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 700 }))

describe("FrameReader", () => {
  it.prop("puts messages together however they are cut into frames and bytes, control frames between them", {
    texts: Schema.Array(Schema.String.check(Schema.isMaxLength(300))).check(Schema.isMaxLength(5)),
    cut: Size,
    size: Size
  }, ({ cut, size, texts }) => {
    const ping = masked(9, Buffer.from("p"))
    const sent = texts.map((text) => {
      const parts = pieces(Buffer.from(text), cut)
      const frames = parts.length === 0
        ? [masked(1, Buffer.alloc(0))]
        : parts.map((it, at) => masked(at === 0 ? 1 : 0, it, at === parts.length - 1))
      return frames.flatMap((it, at) => at === 0 ? [it] : [ping, it])
    })
    const found = read(Buffer.concat(sent.flat()), size)
    const messages = found.flatMap((it) => it._tag === "Message" ? [it] : [])
    assert.deepStrictEqual(messages.map((it) => it.payload.toString()), texts.map((it) => Buffer.from(it).toString()))
    assert.isTrue(messages.every((it) => it.isText))
    // What is passed on is what was sent, byte for byte, control frames moved to the front of their message.
    const passed = found.flatMap((it) => it._tag === "Message" ? it.bytes : it._tag === "Control" ? [it.bytes] : [])
    assert.strictEqual(Buffer.concat(passed).length, Buffer.concat(sent.flat()).length)
    assert.isFalse(found.some((it) => it._tag === "Refused"))
  })

  const cases: ReadonlyArray<readonly [string, Buffer, 1002 | 1009]> = [
    ["a frame that is not masked", Buffer.of(0x81, 1, 65), 1002],
    ["an extension's bit", masked(1, Buffer.from("x"), true, 0x40), 1002],
    ["an unknown opcode", masked(3, Buffer.from("x")), 1002],
    ["an unknown control opcode", masked(11, Buffer.from("x")), 1002],
    ["a continuation of nothing", masked(0, Buffer.from("x")), 1002],
    [
      "a new message within another",
      Buffer.concat([masked(1, Buffer.from("x"), false), masked(1, Buffer.from("y"))]),
      1002
    ],
    ["a long control frame", masked(9, Buffer.alloc(126)), 1002],
    ["a control frame in pieces", masked(9, Buffer.from("x"), false), 1002],
    ["a message that is too large", masked(1, Buffer.alloc(1_001)), 1009],
    [
      "one that is too large together",
      Buffer.concat([masked(1, Buffer.alloc(900), false), masked(0, Buffer.alloc(200))]),
      1009
    ],
    [
      "a length beyond any memory",
      Buffer.of(0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4),
      1009
    ]
  ]
  for (const [title, bytes, code] of cases) {
    it(`refuses ${title} with ${code}, before it is whole`, () => {
      for (const size of [1, 3, 10_000]) {
        const found = read(bytes, size, 1_000)
        assert.deepStrictEqual(found.at(-1), { _tag: "Refused", code })
      }
    })
  }

  it.prop("FrameEdge finds where a server's frame ends, however it comes", {
    lengths: Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 70_000 }))).check(
      Schema.isMinLength(1),
      Schema.isMaxLength(4)
    ),
    size: Size
  }, ({ lengths, size }) => {
    const frames = lengths.map((length) => frame(1, Buffer.alloc(length)))
    const edge = new FrameEdge()
    const [first] = frames
    let seen = 0
    let at = -1
    for (const it of pieces(Buffer.concat(frames), size)) {
      const found = edge.push(it)
      if (found !== -1 && at === -1) at = seen + found
      seen += it.length
    }
    assert.strictEqual(at, first?.length)
    assert.isTrue(edge.isBetween)
  })

  it("writes a close with its code and reason", () => {
    assert.deepStrictEqual(closeFrame(1008, "no"), Buffer.of(0x88, 4, 0x03, 0xf0, 110, 111))
    assert.strictEqual(closeFrame(1008, "x".repeat(500)).length, 124)
  })
})
