/**
 * Kills `jotgate serve` while it writes records, again and again, and looks at what it left: nothing torn, nothing twice,
 * and nothing missing but the newest, which no batch had taken yet.
 */
import { assert } from "@effect/vitest"
import { Issuer } from "@jotgate/core/testing"
import { AnswerRecord } from "@jotgate/server/AnswerRecord"
import { RecordStore } from "@jotgate/store/RecordStore"
import { Context, Effect, Layer, Schema } from "effect"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { start } from "./Process.ts"

const decode = Schema.decodeUnknownSync(Schema.fromJsonString(AnswerRecord))

/** How many ask side by side, each one question after the other. */
const CALLERS = 8

/** Asks at the nginx door until it is told to stop, each caller every `pause` milliseconds, and notes when each answer was there. */
const callers = (gate: string, token: string, pause: number) => {
  const answered = new Map<string, number>()
  const running = new AbortController()
  const one = async () => {
    while (!running.signal.aborted) {
      try {
        const response = await fetch(`${gate}/_jotgate/auth/nginx`, {
          headers: {
            authorization: `Bearer ${token}`,
            "x-original-method": "GET",
            "x-original-uri": "/v1/files"
          }
        })
        await response.arrayBuffer()
        const id = response.headers.get("x-jotgate-decision")
        if (id !== null) answered.set(id, performance.now())
        if (pause > 0) await sleep(pause)
      } catch {
        // Cut off by the kill: not answered.
        await sleep(5)
      }
    }
  }
  const all = Array.from({ length: CALLERS }, one)
  return {
    answered,
    stop: async () => {
      running.abort()
      await Promise.all(all)
    }
  }
}

/** Kills it `times` times; how many records were asked for and how many were lost, and how old the oldest of these was, in milliseconds. */
export const run = Effect.fnUntraced(function*(times: number, pause = 0) {
  const idp = yield* Issuer.make("https://idp.test", ["ES256"])
  const folder = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "jotgate-killed-"))),
    (it) => Effect.sync(() => rmSync(it, { recursive: true, force: true }))
  )
  const config = join(folder, "jotgate.json")
  const audit = join(folder, "audit.jsonl")
  writeFileSync(
    config,
    JSON.stringify({
      issuers: [{ id: "idp", issuer: idp.iss, audience: "https://api.test", jwks: idp.jwks, claims: { user: "sub" } }],
      policy: { withoutTeam: "all" },
      directory: { url: "memory:", users: { unknown: "allow" } },
      cache: { dir: null },
      gateway: { listen: "127.0.0.1:0", admin: "127.0.0.1:0", trustedProxies: ["127.0.0.1"] },
      audit: { to: `file:${audit}` },
      decisions: { store: `sqlite:${join(folder, "records.db")}` }
    })
  )
  const token = yield* idp.token({ now: Math.floor(Date.now() / 1000), claims: { sub: "alice" } })
  let asked = 0
  let lost = 0
  let oldest = 0
  /** The newest id that an earlier round has left: what came later is this round's. */
  let seen: string | undefined
  for (let round = 0; round < times; round++) {
    yield* Effect.scoped(Effect.gen(function*() {
      const gate = yield* start(["serve", "--config", config])
      const [, url = ""] = yield* gate.until(/ready gate=(\S+)/)
      const { answered, stop } = callers(url, token, pause)
      yield* Effect.promise(() => sleep(1_200 + (round * 137) % 700))
      const killed = performance.now()
      gate.process.kill("SIGKILL")
      yield* gate.ended
      yield* Effect.promise(stop)
      const services = yield* Layer.build(RecordStore.layerSqlite(join(folder, "records.db")))
      const store = Context.get(services, RecordStore)
      const found = (yield* store.search({ from: seen, limit: 1_000_000 })).filter((it) => it.id !== seen)
      seen = found[0]?.id ?? seen
      const ids = new Set(found.map((it) => it.id))
      assert.strictEqual(ids.size, found.length, "no record twice")
      for (const { body, id } of found) assert.strictEqual(decode(body).decision, id, "a whole record")
      const inOrder = [...answered]
      const first = inOrder.findIndex(([id]) => !ids.has(id))
      // Of what is stored, only answers that were on their way to the other callers came after one that is lost.
      const overtaken = first === -1 ? 0 : inOrder.slice(first).filter(([id]) => ids.has(id)).length
      assert.isBelow(overtaken, CALLERS, `round ${round}: a record is lost of which later ones are stored`)
      lost += inOrder.filter(([id]) => !ids.has(id)).length
      oldest = Math.max(oldest, killed - (inOrder[first]?.[1] ?? killed))
      asked += answered.size
    }))
  }
  // A line of the audit that the kill has cut stands alone: the next one begins on a line of its own.
  const lines = readFileSync(audit, "utf8").split("\n").filter((it) => it !== "")
  const torn = lines.filter((it) => !(it.startsWith("{") && it.endsWith("}"))).length
  assert.isAtMost(torn, times, "at most the last line of each process is cut")
  return { asked, lost, oldest, torn }
})
