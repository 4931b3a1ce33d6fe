/** What is read of a message, held to what a library writes, and to bytes that no library writes. */
import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import { decode } from "../../../src/doors/grpc/CheckMessage.ts"
import * as GrpcClient from "../../support/GrpcClient.ts"

type Header = readonly [string, string]

const Text = Schema.String.check(Schema.isMaxLength(40))
const Request = Schema.Struct({
  method: Schema.Literals(["GET", "POST", "PROPFIND"]),
  path: Schema.Literals(["/", "/v1/models", "/v1/é?x=1"]),
  host: Schema.Literals(["", "gate.example", "é"]),
  scheme: Schema.Literals(["", "http", "https"]),
  size: Schema.Literals([-1, 0, 7, -9_007_199_254_740_991, 9_007_199_254_740_991]),
  headers: Schema.Array(
    Schema.Tuple([
      Schema.Literals(["accept", "x-a", "Authorization", "x_b", "cookie"]),
      Schema.Literals(["", "a", " a,b ", "é\u00ff", "%", "x".repeat(200)])
    ])
  ).check(Schema.isMaxLength(4)),
  body: Text,
  asList: Schema.Boolean
})
const At = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 500 }))
const Byte = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 255 }))

const octets = (it: string): string => Buffer.from(it).toString("latin1")

const messageOf = ({ asList, body, headers, ...http }: typeof Request.Type) =>
  GrpcClient.bytes({
    attributes: {
      context_extensions: { tier: "gold" },
      request: {
        http: {
          id: "17",
          ...http,
          raw_body: Buffer.from(body),
          ...(asList
            ? { header_map: { headers: headers.map(([key, it]) => ({ key, raw_value: Buffer.from(it) })) } }
            : { headers: Object.fromEntries(headers) })
        }
      }
    }
  })

/** What reading comes to; `undefined` when the bytes are no message. */
const attempt = (bytes: Buffer): ReturnType<typeof decode> | undefined => {
  try {
    return decode(bytes)
  } catch (error) {
    assert.instanceOf(error, RangeError)
    return undefined
  }
}

const http = (members: object) => GrpcClient.bytes({ attributes: { request: { http: members } } })
const plain = { method: "GET", path: "/v1/models" }

const whyOf = (bytes: Buffer): string => {
  const it = decode(bytes)
  return Result.isFailure(it) ? it.failure : "read"
}

/** A field of bytes: its number, how long it is, what it holds. */
const field = (number: number, ...parts: ReadonlyArray<Buffer>): Buffer => {
  const inside = Buffer.concat(parts)
  assert.isBelow(inside.length, 128)
  return Buffer.concat([Buffer.of(number << 3 | 2, inside.length), inside])
}
const ofText = (number: number, it: string) => field(number, Buffer.from(it))
const request = (...parts: ReadonlyArray<Buffer>) => field(1, field(4, field(2, ...parts)))
const [method, path] = [ofText(2, "GET"), ofText(4, "/v1/models")]

describe("a message", () => {
  it.prop("is read as a library writes it, byte for byte", { asked: Request }, ({ asked }) => {
    const { asList, body, headers, host, method, path, scheme, size } = asked
    const all: ReadonlyArray<Header> = asList ? headers : Object.entries(Object.fromEntries(headers))
    assert.deepStrictEqual(
      decode(messageOf(asked)),
      Result.succeed({
        method,
        target: octets(path),
        scheme,
        host: octets(host),
        rawHeaders: all.flatMap(([key, value]) => [key, octets(value)]),
        headSize: all.reduce(
          (size, it) => size + Buffer.byteLength(`${it[0]}: ${it[1]}\r\n`),
          Buffer.byteLength(`${method} ${path} HTTP/1.1\r\n`)
        ),
        body: Buffer.from(body),
        isOfUnknownSize: size < 0
      })
    )
  })

  it.prop(
    "that is cut, or has another byte, is read or refused, and never anything else",
    { asked: Request, at: At, byte: Byte },
    ({ asked, at, byte }) => {
      const whole = messageOf(asked)
      const place = at % whole.length
      const other = Buffer.from(whole)
      other[place] = byte
      for (const it of [whole.subarray(0, place), other]) {
        const read = attempt(it)
        if (read !== undefined && Result.isSuccess(read)) assert.isNotEmpty(read.success.method)
      }
    }
  )

  it("may hold what nobody here knows: other fields, other kinds of number, groups", () => {
    const unknown = [
      Buffer.of(15 << 3 | 2, 1, 7),
      Buffer.of(14 << 3, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01),
      Buffer.of(14 << 3 | 1, 1, 2, 3, 4, 5, 6, 7, 8),
      Buffer.of(14 << 3 | 5, 1, 2, 3, 4),
      Buffer.of(7 << 3 | 3, 1 << 3, 1, 6 << 3 | 3, 6 << 3 | 4, 7 << 3 | 4),
      // A field of ours that is no text is not ours.
      Buffer.of(5 << 3, 1)
    ]
    for (const it of unknown) assert.strictEqual(whyOf(request(method, path, it)), "read", it.toString("hex"))
  })

  it("of bytes that are no message throws", () => {
    const none = [
      Buffer.of(0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f),
      Buffer.of(0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01),
      Buffer.of(0x00, 0x01),
      Buffer.of(0x0a),
      request(Buffer.of(14 << 3, 0xff)),
      request(Buffer.of(14 << 3, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01)),
      request(Buffer.of(7 << 3 | 3, 1 << 3, 1)),
      request(Buffer.of(7 << 3 | 4)),
      request(Buffer.of(7 << 3 | 7, 1)),
      request(Buffer.alloc(100, 7 << 3 | 3)),
      // Longer than the message around it.
      Buffer.of(0x0a, 2, 0x22, 9, 0x12, 0, 0, 0, 0, 0, 0, 0)
    ]
    for (const it of none) assert.throws(() => decode(it), RangeError, undefined, it.toString("hex"))
  })
})

describe("what could be read in two ways", () => {
  const listed = (...headers: ReadonlyArray<object>) => http({ ...plain, header_map: { headers } })
  const cases: Readonly<Record<string, readonly [string, ReadonlyArray<Buffer>]>> = {
    "a field that is there twice": ["a field that is there twice", [
      request(method, path, path),
      request(method, method, path),
      request(method, path, ofText(11, "{}"), ofText(11, "{}")),
      request(method, path, ofText(5, "a"), ofText(5, "b")),
      request(method, path, field(3, ofText(1, "a"), ofText(2, "1"), ofText(2, "2"))),
      Buffer.concat([request(method, path), request(method, path)]),
      field(1, field(4, field(2, method, path)), field(4, field(2, path))),
      request(method, path, field(13), field(13))
    ]],
    "a value and a raw value": ["value and raw_value differ", [
      listed({ key: "authorization", value: "Bearer a", raw_value: Buffer.from("Bearer b") })
    ]],
    "pseudo headers": ["attributes and pseudo headers differ", [
      http({ ...plain, headers: { ":path": "/v1/files" } }),
      http({ ...plain, headers: { ":method": "POST" } }),
      listed({ key: ":path", value: "/v1/models" }, { key: ":path", value: "/v1/files" })
    ]],
    "methods that HTTP does not have": [
      "a method that HTTP does not have",
      ["G ET", "POST\r\n", "POST\0", "\u041f", "X".repeat(33)].map((it) => http({ ...plain, method: it }))
    ],
    "headers that HTTP does not have": ["a header that HTTP does not have", [
      http({ ...plain, headers: { "": "a" } }),
      http({ ...plain, headers: { "authorization ": "Bearer a" } }),
      http({ ...plain, headers: { "x-é": "a" } }),
      http({ ...plain, headers: { "x-a\r\nauthorization": "Bearer a" } }),
      ...["\n", "\r", "\0"].map((it) => http({ ...plain, headers: { "x-a": `1${it}2` } }))
    ]]
  }
  for (const [title, [why, messages]] of Object.entries(cases)) {
    it(title, () => {
      for (const it of messages) assert.strictEqual(whyOf(it), why, it.toString("latin1"))
    })
  }

  it("is not refused where both ways say the same", () => {
    const messages = [
      http({ ...plain, headers: { ":path": "/v1/models", ":method": "GET", ":authority": "other" } }),
      listed({ key: "x-a", value: "1", raw_value: Buffer.from("1") }),
      http({ ...plain, body: "{}", raw_body: Buffer.from("{}") })
    ]
    for (const it of messages) assert.strictEqual(whyOf(it), "read")
  })
})
