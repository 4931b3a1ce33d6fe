/**
 * `jotgate serve` under load while what operators do goes on, and what happens to them: nobody may be answered wrong.
 *
 * Callers ask without a pause unless they are told to make one, one in five with a token that nobody may get in with.
 */
import { HAProxy, Ports } from "@jotgate/servers"
import { Effect, Schedule, type Scope } from "effect"
import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { Agent, createServer, request } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as IssuerServer from "./IssuerServer.ts"
import { type Running, start } from "./Process.ts"

const CALLERS = 8
const MODEL = JSON.stringify({ model: "gpt-4o", messages: [] })

/** What callers saw. */
export interface Seen {
  /** Whole answers. */
  readonly done: number
  /** Requests without an answer, and answers of 5xx, each in words. */
  readonly lost: ReadonlyArray<string>
  /** A good token that was refused, or a bad one that was not. */
  readonly wrong: ReadonlyArray<string>
}

interface Tokens {
  readonly good: string
  readonly bad: string
}

interface Load {
  readonly seen: () => Seen
  /** Ends when the requests under way are answered. */
  readonly stop: Effect.Effect<Seen>
}

/** The status of an answer, and its code where it has one; 0 and why where there is none. */
interface Answer {
  readonly status: number
  readonly code: string
}

const ask = (url: URL, token: string, agent: Agent): Promise<Answer> =>
  new Promise((done) => {
    const it = request(
      new URL("/v1/chat/completions", url),
      { method: "POST", agent, headers: { authorization: `Bearer ${token}`, "content-type": "application/json" } },
      (answer) => {
        let text = ""
        answer.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")))
        answer.on("end", () => {
          done({ status: answer.statusCode ?? 0, code: /"code":"(\w+)"/.exec(text)?.[1] ?? "" })
        })
        answer.on("error", (error) => done({ status: 0, code: error.message }))
      }
    )
    it.on("error", (error) => done({ status: 0, code: error.message }))
    it.end(MODEL)
  })

/** Callers of `url`, each of whom waits `pause` milliseconds between two requests; `tokens` is asked before each. */
const load = (url: string, tokens: () => Tokens, pause: number): Load => {
  const at = new URL(url)
  const agent = new Agent({ keepAlive: true })
  const over = new AbortController()
  let [done, turn] = [0, 0]
  const [lost, wrong]: [Array<string>, Array<string>] = [[], []]
  const caller = async (): Promise<void> => {
    while (!over.signal.aborted) {
      const isBad = turn++ % 5 === 4
      const { bad, good } = tokens()
      const { code, status } = await ask(at, isBad ? bad : good, agent)
      if (status === 0 || status >= 500) lost.push(`${status} ${code}`)
      else {
        done++
        if (status !== (isBad ? 401 : 200)) wrong.push(`${isBad ? "bad" : "good"} ${status} ${code}`)
      }
      // A gate that is not there is asked again after a moment.
      const wait = status === 0 ? 20 : pause
      if (wait > 0) await new Promise((next) => setTimeout(next, wait))
    }
  }
  const all = Promise.all(Array.from({ length: CALLERS }, caller))
  const seen = (): Seen => ({ done, lost, wrong })
  return {
    seen,
    stop: Effect.promise(async () => {
      over.abort()
      await all
      agent.destroy()
      return seen()
    })
  }
}

/** An issuer, an upstream that answers at once, and a folder with a configuration; gone with the scope. */
const world = Effect.gen(function*() {
  const issuer = yield* IssuerServer.make()
  // It ends no connection by itself: one that ends just when it is used again costs a request, whoever is in front, and a
  // busy machine makes it do so.
  const upstream = createServer({ keepAliveTimeout: 0 }, (asked, answer) => {
    asked.resume()
    asked.on("end", () => {
      answer.writeHead(200, { "content-type": "application/json" })
      answer.end("{}")
    })
  })
  const port = yield* Effect.acquireRelease(
    Effect.callback<number>((resume) => {
      upstream.listen(0, "127.0.0.1", () => {
        const address = upstream.address()
        resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : 0))
      })
    }),
    () =>
      Effect.sync(() => {
        upstream.closeAllConnections()
        upstream.close()
      })
  )
  const folder = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "jotgate-endurance-"))),
    (it) => Effect.sync(() => rmSync(it, { recursive: true, force: true }))
  )
  const tokens = Effect.gen(function*() {
    const now = Math.floor(Date.now() / 1000)
    const good = yield* issuer.idp().token({ now, claims: { sub: "ada", exp: now + 3600 } })
    const other = yield* IssuerServer.make()
    const signature = (yield* other.idp().token({ now })).split(".")[2] ?? ""
    return { good, bad: [...good.split(".").slice(0, 2), signature].join(".") }
  })
  const file = join(folder, "jotgate.json")
  /** Puts a configuration in the place of the one before, in one step. */
  const write = (text: string, name = file): void => {
    writeFileSync(`${name}.new`, text)
    renameSync(`${name}.new`, name)
  }
  const configuration = (
    it: { readonly gate: number; readonly admin: number; readonly url?: string; readonly drain?: string }
  ): string =>
    JSON.stringify({
      issuers: [{ id: "idp", issuer: issuer.origin, audience: "https://api.test", claims: { user: "sub" } }],
      policy: { withoutTeam: "all" },
      directory: {
        url: it.url ?? "sqlite:directory.db",
        users: { unknown: "allow" },
        // Answers are looked at here, not how long a busy machine takes for them.
        connection: { timeout: "30s" }
      },
      gateway: {
        listen: `127.0.0.1:${it.gate}`,
        admin: `127.0.0.1:${it.admin}`,
        drain: it.drain ?? "0s",
        upstream: { url: `http://127.0.0.1:${port}`, authorization: { default: "env:KEY" } }
      },
      audit: { to: "none" }
    })
  return { issuer, folder, file, write, tokens, configuration }
})

const serve = (file: string): Effect.Effect<Running, never, Scope.Scope> =>
  Effect.tap(start(["serve", "--config", file], { KEY: "sk-upstream" }), (it) => it.until(/^ready gate=/m))

/** Waits until this token is let in: the gate has its keys, and whoever comes now waits for nothing. */
const letIn = (url: string, token: string): Effect.Effect<void> =>
  Effect.scoped(Effect.gen(function*() {
    const agent = yield* Effect.acquireRelease(
      Effect.sync(() => new Agent()),
      (it) => Effect.sync(() => it.destroy())
    )
    yield* Effect.eventually(
      Effect.filterOrFail(Effect.promise(() => ask(new URL(url), token, agent)), (it) => it.status === 200).pipe(
        Effect.tapError(() => Effect.sleep("200 millis"))
      )
    )
  }))

/** Waits until a whole key set is in this folder, not the file beside its place that is renamed when it is whole. */
const saved = (folder: string): Effect.Effect<void> =>
  Effect.eventually(
    Effect.filterOrFail(
      Effect.sync(() => existsSync(folder) && readdirSync(folder).some((name) => name.endsWith(".json"))),
      (it) => it
    ).pipe(Effect.tapError(() => Effect.sleep("20 millis")))
  ).pipe(Effect.asVoid)

/** Waits until so many requests were answered. */
const answered = (it: Load, count: number): Effect.Effect<void> =>
  Effect.suspend(() =>
    it.seen().done >= count ? Effect.void : Effect.andThen(Effect.sleep("20 millis"), answered(it, count))
  )

/** Waits until the balancer has seen that this gate is there: before, it has nobody but the other. */
const seenUp = (balancer: string, name: string): Effect.Effect<void> =>
  Effect.eventually(
    Effect.filterOrFail(
      Effect.promise(() => fetch(`${balancer}/_balancer;csv`).then((it) => it.text())),
      (it) => new RegExp(`^gates,${name},.*,UP,`, "m").test(it)
    ).pipe(Effect.tapError(() => Effect.sleep("20 millis")))
  ).pipe(Effect.asVoid)

/** Two gates behind HAProxy, replaced one after the other until so many requests were answered. */
export const rolling = Effect.fnUntraced(function*(requests: number, pause = 0) {
  const { configuration, folder, tokens, write } = yield* world
  const gates: Array<{ readonly file: string; readonly gate: number; readonly admin: number; running: Running }> = []
  for (const name of ["one", "two"]) {
    const [gate, admin] = yield* Effect.promise(() => Promise.all([Ports.free(), Ports.free()]))
    const file = join(folder, `${name}.json`)
    write(configuration({ gate, admin, url: `sqlite:${name}.db`, drain: "3s" }), file)
    gates.push({ file, gate, admin, running: yield* serve(file) })
  }
  const balancer = yield* HAProxy.make({
    config: ({ host, port }) => `
defaults
  mode http
  timeout connect 2s
  timeout client 30s
  timeout server 30s
  timeout check 5s
  option redispatch
  retries 3
frontend in
  bind ${host}:${port}
  stats enable
  stats uri /_balancer
  default_backend gates
backend gates
  balance roundrobin
  option httpchk GET /readyz
  default-server check inter 100ms fall 1 rise 1
${gates.map((it, at) => `  server gate${at} 127.0.0.1:${it.gate} port ${it.admin}`).join("\n")}
`
  })
  const known = yield* tokens
  yield* letIn(balancer.url, known.good)
  const callers = load(balancer.url, () => known, pause)
  let restarts = 0
  const exits: Array<number | null> = []
  while (callers.seen().done < requests) {
    const at = restarts % gates.length
    const next = gates[at]
    if (next === undefined) break
    const done = callers.seen().done
    yield* answered(callers, done + 50)
    next.running.process.kill("SIGTERM")
    exits.push(yield* next.running.ended)
    next.running = yield* serve(next.file)
    restarts++
    yield* seenUp(balancer.url, `gate${at}`)
  }
  return { ...(yield* callers.stop), restarts, exits }
})

const countOf = (text: string, words: RegExp): number => text.match(words)?.length ?? 0

/** One gate whose file is replaced so many times; every tenth file is bad. */
export const reloads = Effect.fnUntraced(function*(count: number, pause = 0) {
  const { configuration, file, tokens, write } = yield* world
  write(configuration({ gate: 0, admin: 0 }))
  const running = yield* serve(file)
  const [, gate = ""] = yield* running.until(/^ready gate=(\S+)/m)
  const known = yield* tokens
  yield* letIn(gate, known.good)
  const callers = load(gate, () => known, pause)
  for (let at = 1; at <= count; at++) {
    const isBad = at % 10 === 0
    const before = running.err()
    write(isBad ? `{"issuers": [${at}` : configuration({ gate: 0, admin: 0, drain: `${at % 7}s` }))
    const words = isBad ? /is not in force/g : /is in force/g
    const had = countOf(before, words)
    running.process.kill("SIGHUP")
    yield* Effect.eventually(
      Effect.filterOrFail(Effect.sync(running.err), (it) => countOf(it, words) > had).pipe(
        Effect.tapError(() => Effect.sleep("20 millis"))
      )
    )
  }
  const seen = yield* callers.stop
  const err = running.err()
  return {
    ...seen,
    inForce: countOf(err, /is in force/g),
    refused: countOf(err, /is not in force/g),
    exitCode: running.process.exitCode
  }
})

/**
 * One gate that is killed so many times under load, and started again; `url` is its directory. Its issuer may be `down` from
 * when its keys are saved: then each start has nothing else.
 */
export const kills = Effect.fnUntraced(function*(
  count: number,
  { down = false, pause = 0, url = "sqlite:directory.db" }: {
    readonly down?: boolean
    readonly pause?: number
    readonly url?: string
  } = {}
) {
  const { configuration, file, folder, issuer, tokens, write } = yield* world
  const [gate, admin] = yield* Effect.promise(() => Promise.all([Ports.free(), Ports.free()]))
  write(configuration({ gate, admin, url }))
  const known = yield* tokens
  const at = `http://127.0.0.1:${gate}`
  let running = yield* serve(file)
  if (down) {
    yield* letIn(at, known.good)
    yield* saved(join(folder, "jotgate-cache"))
    issuer.state.down = true
  }
  const callers = load(at, () => known, pause)
  const refused: Array<string> = []
  for (let round = 0; round < count; round++) {
    yield* answered(callers, callers.seen().done + 20)
    running.process.kill("SIGKILL")
    yield* running.ended
    running = yield* serve(file)
    const { code, status } = yield* Effect.promise(() => ask(new URL(at), known.good, new Agent()))
    if (status !== 200) refused.push(`${status} ${code}`)
  }
  // What was under way when a gate was killed is lost with it.
  const { done, wrong } = yield* callers.stop
  return { done, wrong, refused }
})

/** Resident memory of a process, in MB. */
const residentOf = (pid: number | undefined): number =>
  Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid ?? 0}/status`, "utf8"))?.[1] ?? 0) / 1024

/**
 * A gate at work for `millis`: the issuer takes another key every `rotation` milliseconds and answers with 500 for a
 * twentieth of the time. A new token may have to wait for its key; nobody who was let in before may.
 */
export const live = Effect.fnUntraced(function*(millis: number, rotation: number, pause = 0) {
  const { configuration, file, issuer, tokens, write } = yield* world
  write(configuration({ gate: 0, admin: 0 }))
  let known = yield* tokens
  const running = yield* serve(file)
  const [, gate = ""] = yield* running.until(/^ready gate=(\S+)/m)
  yield* letIn(gate, known.good)
  const callers = load(gate, () => known, pause)
  let turn = 0
  const fails = Effect.sync(() => {
    issuer.state.down = ++turn % 20 === 0
  })
  yield* Effect.forkScoped(Effect.repeat(fails, Schedule.spaced("100 millis")))
  const memory: Array<number> = []
  for (let left = millis; left > 0; left -= rotation) {
    yield* Effect.sleep(rotation)
    memory.push(residentOf(running.process.pid))
    yield* issuer.rotate
    const next = yield* tokens
    // The callers get theirs when the key of the next one has been learnt.
    yield* letIn(gate, next.good).pipe(Effect.timeout("2 minutes"), Effect.orDie)
    known = next
  }
  const seen = yield* callers.stop
  const third = Math.ceil(memory.length / 3)
  const mean = (of: ReadonlyArray<number>): number => of.reduce((sum, it) => sum + it, 0) / Math.max(1, of.length)
  return {
    ...seen,
    rotations: memory.length,
    exitCode: running.process.exitCode,
    /** Megabytes that the last third held beyond the one before. */
    growth: mean(memory.slice(-third)) - mean(memory.slice(-2 * third, -third))
  }
})
