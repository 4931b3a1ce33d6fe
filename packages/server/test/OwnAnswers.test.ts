/**
 * Nobody gets the answer of another: hundreds of connections at once, several requests on each, some of which hang up
 * in between. Each answer is the asker's own, in the order in which it asked, and has one record.
 */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { connect } from "node:net"
import * as Raw from "./support/Raw.ts"
import * as World from "./support/World.ts"

const connections = 300
const atOnce = 60

const names = Array.from({ length: 30 }, (_, at) => `person-${at}`)
const persons = Object.fromEntries(names.map((it) => [it, {}]))

/** One request: who asks, and what the answer is to say. */
interface Asked {
  readonly id: string
  readonly user: string
  readonly text: string
  readonly status: number
  readonly isRelayed: boolean
}

const json = (body: string) => ["Content-Type: application/json", `Content-Length: ${body.length}`]
const chat = "POST /v1/chat/completions HTTP/1.1"

const ask = (id: string, user: string, token: string, kind: number): Asked => {
  const mine = [`Authorization: Bearer ${token}`, `X-Request-Id: ${id}`]
  const body = JSON.stringify({ model: `model-${id}` })
  const none = `{"model":7}`
  switch (kind % 5) {
    case 0: {
      // The same question each time, so that what is remembered of its answer may be told again.
      const lines = [...mine, "X-Forwarded-Method: GET", "X-Forwarded-Uri: /v1/files"]
      return { id, user, text: Raw.request("GET /_jotgate/auth/caddy HTTP/1.1", lines), status: 200, isRelayed: false }
    }
    case 1:
      return { id, user, text: Raw.request(`GET /v1/files/${id} HTTP/1.1`, mine), status: 200, isRelayed: true }
    case 2:
      return { id, user, text: Raw.request(chat, [...mine, ...json(body)], body), status: 200, isRelayed: true }
    case 3:
      return { id, user, text: Raw.request(chat, [...mine, ...json(none)], none), status: 400, isRelayed: false }
    default: {
      const lines = [`Authorization: Bearer ${token}x`, `X-Request-Id: ${id}`]
      return { id, user, text: Raw.request("GET /v1/files HTTP/1.1", lines), status: 401, isRelayed: false }
    }
  }
}

/** The answers in a text that are whole: all of them have a length. */
const answersIn = (text: string): ReadonlyArray<{ readonly head: string; readonly body: string }> => {
  const found: Array<{ head: string; body: string }> = []
  for (let at = 0;;) {
    const end = text.indexOf("\r\n\r\n", at)
    const head = text.slice(at, end)
    const length = Number(/^content-length: (\d+)\r?$/im.exec(head)?.[1] ?? Number.NaN)
    if (end === -1 || !(text.length >= end + 4 + length)) return found
    at = end + 4 + length
    found.push({ head, body: text.slice(end + 4, at) })
  }
}

/** Sends requests in one packet, and hears `most` answers at most, or for `millis`. */
const hear = (port: number, asked: ReadonlyArray<Asked>, millis: number) =>
  new Promise<string>((done) => {
    let text = ""
    const socket = connect(port, "127.0.0.1", () => socket.write(asked.map((it) => it.text).join("")))
    const timer = setTimeout(() => socket.resetAndDestroy(), millis)
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1")
      if (answersIn(text).length === asked.length) socket.destroy()
    })
    socket.on("error", () => {}).on("close", () => {
      clearTimeout(timer)
      done(text)
    })
  })

it.live("every answer is the asker's own, in its order, and has one record", () =>
  Effect.gen(function*() {
    const world = yield* World.make({ rows: World.people(persons) })
    const tokens = yield* Effect.forEach(names, (it) => world.token(it))
    let turn = 0
    world.upstream.answer = (_, response, { headers }) => {
      const text = `${String(headers["x-request-id"])} ${String(headers["x-jotgate-user"])} ${"x".repeat(turn % 300)}`
      setTimeout(() => response.writeHead(200, { "content-length": text.length }).end(text), turn++ % 4)
    }
    const expected = new Map<string, Asked & { readonly decision: string }>()
    const connection = async (number: number) => {
      const asked = Array.from({ length: 1 + number % 6 }, (_, at) => {
        const person = (number * 7 + at * 11) % names.length
        return ask(`own-${number}-${at}`, names[person] ?? "", tokens[person] ?? "", number + at * 3)
      })
      const isCut = number % 4 === 3
      const answers = answersIn(await hear(world.port, asked, isCut ? number % 11 : 20_000))
      if (!isCut) assert.strictEqual(answers.length, asked.length)
      for (const [at, { body, head }] of answers.entries()) {
        const it = asked[at]
        if (it === undefined) throw new RangeError("an answer that nobody asked for")
        assert.deepStrictEqual(Raw.statuses(head), [it.status])
        const told = head.toLowerCase().match(/^[\w-]+(?=:)/gm) ?? []
        assert.strictEqual(new Set(told).size, told.length, head)
        if (it.isRelayed) {
          assert.strictEqual(body.trimEnd(), `${it.id} ${it.user} ${body.split(" ")[2] ?? ""}`.trimEnd())
        } else if (it.status === 200) assert.strictEqual(Raw.header(head, "x-jotgate-user"), it.user)
        else assert.strictEqual(Raw.header(head, "x-request-id"), it.id)
        expected.set(it.id, { ...it, decision: Raw.header(head, "x-jotgate-decision") ?? "" })
      }
    }
    let next = 0
    yield* Effect.promise(() =>
      Promise.all(Array.from({ length: atOnce }, async () => {
        while (next < connections) await connection(next++)
      }))
    )
    while (world.state.inFlight > 0) yield* Effect.sleep("10 millis")
    yield* Effect.sleep("60 millis")
    const records = world.log.recent(10_000)
    assert.isAbove(expected.size, connections * 2)
    for (const it of expected.values()) {
      const own = records.filter(({ requestId }) => requestId === it.id)
      assert.deepStrictEqual(own.map(({ status }) => status), [it.status], it.id)
      const [record] = own
      if (it.decision !== "") assert.strictEqual(record?.decision, it.decision)
      if (it.status === 200) assert.strictEqual(record?.user, it.user)
    }
    assert.strictEqual(new Set(records.map(({ decision }) => decision)).size, records.length)
    assert.strictEqual(world.telemetry.defects(), 0)
  }))
