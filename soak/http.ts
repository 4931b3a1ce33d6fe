/**
 * The long run of the gate: memory flat over 200 000 requests of every kind, 1 000 streams open at once, and nothing
 * left when their callers hang up. `npm run soak -- http`; the gate is this process, everything else has its own.
 */
import { Effect } from "effect"
import { setTimeout as sleep } from "node:timers/promises"
import { start } from "../bench/http/BenchGate.ts"
import { child, numberOf } from "../bench/http/Child.ts"
import { figure, megabytes } from "./Figures.ts"

const REQUESTS = 200_000
const STREAMS = 1_000

const body = JSON.stringify({ messages: [{ role: "user", content: "Say something. ".repeat(20) }], model: "gpt-4o" })

const request = (line: string, token: string, headers: ReadonlyArray<string>, content = ""): string =>
  `${
    [`${line} HTTP/1.1`, "Host: gate.test", `Authorization: Bearer ${token}`, ...headers].join("\r\n")
  }\r\n\r\n${content}`

const post = (path: string, token: string): string =>
  request(`POST ${path}`, token, ["Content-Type: application/json", `Content-Length: ${body.length}`], body)

const kinds = (token: string): ReadonlyArray<string> => [
  post("/v1/chat/completions", token),
  post("/v1/completions", token),
  request("GET /_jotgate/auth/caddy", token, ["X-Forwarded-Method: POST", "X-Forwarded-Uri: /v1/chat/completions"])
]

/** Handles of this process that are sockets. */
const sockets = (): number => process.getActiveResourcesInfo().filter((it) => it === "TCPSocketWrap").length

const rss = (): number => {
  for (let round = 0; round < 3; round++) globalThis.gc?.()
  return process.memoryUsage.rss() / 1024 ** 2
}

const requests = Effect.scoped(Effect.gen(function*() {
  const upstream = child(1, "./Roles.ts", ["upstream"])
  const { port: upstreamPort } = yield* Effect.promise(() => upstream.ask())
  const { port, token } = yield* start(`http://127.0.0.1:${String(upstreamPort)}`, "none")
  const idle = sockets()
  yield* Effect.promise(async () => {
    const loads = kinds(token).map((it) => {
      const load = child(1, "./Load.ts", [String(port), "10"])
      load.tell(JSON.stringify([it]))
      return load
    })
    const counted = async () => {
      const all = await Promise.all(loads.map((it) => it.ask("count")))
      return {
        done: all.reduce((sum, it) => sum + numberOf(it, "done"), 0),
        failed: all.some((it) => it["failed"] !== 0)
      }
    }
    const until = async (wanted: number) => {
      let it = await counted()
      while (it.done < wanted) {
        await sleep(500)
        it = await counted()
      }
      return it
    }
    await until(REQUESTS / 10)
    const before = megabytes()
    const { done, failed } = await until(REQUESTS)
    const after = megabytes()
    for (const it of loads) it.stop()
    upstream.stop()
    figure(`requests, proxied, streamed and asked about; ${failed ? "some" : "none"} failed`, done, { least: REQUESTS })
    if (failed) process.exitCode = 1
    figure("heap and buffers that they left, beyond those of the first tenth", after - before, { most: 10 }, " MB")
    for (let round = 0; round < 100 && sockets() > idle; round++) await sleep(50)
    figure("sockets left when their callers and the upstream are gone", sockets() - idle, { most: 0 })
  })
}))

const streams = Effect.scoped(Effect.gen(function*() {
  const ends = child(1, "./Streams.ts", [])
  const { port: upstreamPort } = yield* Effect.promise(() => ends.ask())
  const { port, token } = yield* start(`http://127.0.0.1:${String(upstreamPort)}`, "none")
  yield* Effect.promise(async () => {
    const open = async (count: number) => {
      ends.tell(`open ${port} ${count}`)
      return numberOf(await ends.ask(JSON.stringify(post("/v1/completions", token))), "begun")
    }
    await open(10)
    await ends.ask("close")
    const idle = { memory: rss(), sockets: sockets() }
    figure("streams open at once", await open(STREAMS), { least: STREAMS })
    figure("memory of the process over idle, with all of them open", rss() - idle.memory, { most: 400 }, " MB")
    figure(
      "streams that the upstream still has when the callers have hung up",
      numberOf(await ends.ask("close"), "left"),
      {
        most: 0
      }
    )
    for (let round = 0; round < 100 && sockets() > idle.sockets; round++) await sleep(50)
    figure("sockets left over idle", sockets() - idle.sockets, { most: 0 })
    ends.stop()
  })
}))

// The streams first: memory that the requests have used would be used again, and not be seen.
await Effect.runPromise(streams)
await Effect.runPromise(requests)
process.exit()
