/**
 * `jotgate serve` with more to do than it may hold: an upstream that takes its time, places for so many requests at once,
 * callers who come at a fixed pace whether or not they are answered, and others whose heads, bodies and reading drip.
 *
 * What the gate can do is so many places at so much time each, whatever the machine: it is not the processor that is full.
 */
import { Effect } from "effect"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { Agent, createServer, request } from "node:http"
import { connect, type Socket } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as IssuerServer from "./IssuerServer.ts"
import { start } from "./Process.ts"

/** Places, the time that one takes, and those that the slow callers may take besides. */
const PLACES = 20
const MILLIS = 200
const SLOW = 60

/** A long answer; made once, because making it would hold up whoever measures. */
const long = Buffer.alloc(16 * 1024 * 1024)

const body = JSON.stringify({ model: "gpt-4o", messages: [] })

/** What callers saw. */
export interface Overloaded {
  /** Requests a second that the places hold, and those that were answered with 200. */
  readonly capacity: number
  readonly good: number
  /** Answers that are neither 200 nor 503 with `Retry-After`, and requests without one. */
  readonly strange: ReadonlyArray<string>
  readonly refused: number
  /** What 99 of a hundred refusals, and `/livez`, stay below once the gate is at work: after a tenth of the time. */
  readonly refusedMillis: number
  readonly aliveMillis: number
  readonly alive: ReadonlyArray<number>
  /** Megabytes. */
  readonly growth: number
  /** Requests that stay when nobody asks any more, and the answer to the next one. */
  readonly left: number
  readonly next: number
}

interface Answer {
  readonly status: number
  readonly millis: number
  readonly retryAfter: string | undefined
}

const ask = (url: string, agent: Agent, token?: string): Promise<Answer> =>
  new Promise((done) => {
    const began = performance.now()
    const end = (status: number, retryAfter?: string) => done({ status, millis: performance.now() - began, retryAfter })
    const it = request(url, {
      agent,
      ...(token === undefined ? {} : {
        method: "POST",
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" }
      })
    }, (answer) => {
      answer.resume()
      answer.on("end", () => end(answer.statusCode ?? 0, answer.headers["retry-after"]))
      answer.on("error", () => end(0))
    })
    it.on("error", () => end(0))
    it.end(token === undefined ? undefined : body)
  })

/** Callers who send their head or their body a byte at a time, or read nothing of a long answer. */
const slow = (port: number, token: string): ReadonlyArray<Socket> =>
  Array.from({ length: SLOW }, (_, at) => {
    const socket = connect(port, "127.0.0.1")
    socket.on("error", () => {})
    const head = [
      `POST /v1/${at % 3 === 2 ? "long" : "chat/completions"} HTTP/1.1`,
      "Host: gate",
      `Authorization: Bearer ${token}`,
      "Content-Type: application/json",
      `Content-Length: ${at % 3 === 1 ? 1000 : body.length}`
    ].join("\r\n")
    if (at % 3 === 2) {
      socket.pause()
      socket.write(`${head}\r\n\r\n${body}`)
      return socket
    }
    socket.write(at % 3 === 0 ? head : `${head}\r\n\r\n{`)
    const timer = setInterval(() => socket.write(" "), 500)
    socket.on("close", () => clearInterval(timer))
    return socket
  })

const residentOf = (pid: number | undefined): number =>
  Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid ?? 0}/status`, "utf8"))?.[1] ?? 0) / 1024

/** What 99 of a hundred stay below. */
const most = (of: ReadonlyArray<number>): number => of.toSorted((a, b) => a - b)[Math.floor(of.length * 0.99)] ?? 0

/** Asks for `millis` at so many times what the gate can do. */
export const overload = Effect.fnUntraced(
  function*({ millis, times }: { readonly millis: number; readonly times: number }) {
    const folder = yield* Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "jotgate-overload-"))),
      (it) => Effect.sync(() => rmSync(it, { recursive: true, force: true }))
    )
    const issuer = yield* IssuerServer.make()
    const upstream = createServer({ keepAliveTimeout: 0 }, (asked, answer) => {
      asked.resume()
      if (asked.url === "/v1/long") {
        answer.end(long)
        return
      }
      setTimeout(() => answer.end("{}"), MILLIS)
    })
    yield* Effect.acquireRelease(
      Effect.callback<void>((resume) => void upstream.listen(0, "127.0.0.1", () => resume(Effect.void))),
      () =>
        Effect.sync(() => {
          upstream.closeAllConnections()
          upstream.close()
        })
    )
    const address = upstream.address()
    const file = join(folder, "jotgate.json")
    writeFileSync(
      file,
      JSON.stringify({
        issuers: [{ id: "idp", issuer: issuer.origin, audience: "https://api.test", claims: { user: "sub" } }],
        policy: { withoutTeam: "all", userRoutes: ["/v1/*"] },
        directory: { url: "memory:", users: { unknown: "allow" } },
        cache: { dir: null },
        gateway: {
          listen: "127.0.0.1:0",
          admin: "127.0.0.1:0",
          drain: "0s",
          limits: { inFlight: 3 * PLACES, inFlightPerCaller: PLACES },
          upstream: { url: `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}` }
        },
        audit: { to: "none" }
      })
    )
    const tokenOf = (sub: string) => {
      const now = Math.floor(Date.now() / 1000)
      return issuer.idp().token({ now, claims: { sub, exp: now + 3600 } })
    }
    const [ada, eve] = [yield* tokenOf("ada"), yield* tokenOf("eve")]
    const running = yield* start(["serve", "--config", file])
    const [, gate = "", admin = ""] = yield* running.until(/^ready gate=(\S+) admin=(\S+)/m)
    const url = `${gate}/v1/chat/completions`
    const agent = yield* Effect.acquireRelease(
      Effect.sync(() => new Agent({ keepAlive: true })),
      (it) => Effect.sync(() => it.destroy())
    )
    const first = yield* Effect.promise(() => ask(url, agent, ada))
    if (first.status !== 200) return yield* Effect.die(new Error(`the first request was ${first.status}`))
    const before = residentOf(running.process.pid)
    const dripping = slow(Number(new URL(gate).port), eve)

    const answers: Array<Promise<Answer>> = []
    const alive: Array<Promise<Answer>> = []
    /** How many had been asked when a tenth of the time was over. */
    let [firstAnswers, firstAlive] = [0, 0]
    const capacity = PLACES / (MILLIS / 1000)
    const began = performance.now()
    yield* Effect.promise(() =>
      new Promise<void>((done) => {
        const timer = setInterval(() => {
          const time = performance.now() - began
          if (time > millis) {
            clearInterval(timer)
            return done()
          }
          if (time < millis / 10) [firstAnswers, firstAlive] = [answers.length, alive.length]
          // The pace is kept, also by a timer that is late.
          while (answers.length < (time / 1000) * capacity * times) answers.push(ask(url, agent, ada))
          if (alive.length < time / 100) alive.push(ask(`${admin}/livez`, agent))
        }, 5)
      })
    )
    const seconds = (performance.now() - began) / 1000
    const all = yield* Effect.promise(() => Promise.all(answers))
    const lives = yield* Effect.promise(() => Promise.all(alive))
    const growth = residentOf(running.process.pid) - before
    for (const socket of dripping) socket.destroy()
    const next = yield* Effect.promise(() => ask(url, agent, ada))
    const left = yield* Effect.eventually(
      Effect.filterOrFail(
        Effect.promise(async () =>
          Number(
            /^jotgate_requests_in_flight(?:\{[^}]*\})? (\d+)/m.exec(await (await fetch(`${admin}/metrics`)).text())?.[1]
          )
        ),
        (it) => it === 0
      ).pipe(Effect.tapError(() => Effect.sleep("50 millis")))
    ).pipe(Effect.timeoutOrElse({ duration: "30 seconds", orElse: () => Effect.succeed(-1) }))
    return {
      capacity,
      good: all.filter(({ status }) => status === 200).length / seconds,
      strange: all
        .filter(({ retryAfter, status }) => status !== 200 && (status !== 503 || retryAfter === undefined))
        .map(({ status }) => `${status}`),
      refused: all.filter(({ status }) => status === 503).length,
      refusedMillis: most(all.slice(firstAnswers).filter(({ status }) => status === 503).map((it) => it.millis)),
      aliveMillis: most(lives.slice(firstAlive).map((it) => it.millis)),
      alive: lives.map(({ status }) => status),
      growth,
      left,
      next: next.status
    } satisfies Overloaded
  }
)
