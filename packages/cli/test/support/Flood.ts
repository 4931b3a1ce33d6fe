/** Floods of tokens through a served gate, with an issuer that counts who asks it. */
import { Issuer } from "@jotgate/core/testing"
import { Effect } from "effect"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { Agent, request } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as IssuerServer from "./IssuerServer.ts"
import { start } from "./Process.ts"

const configuration = (origin: string) => `
issuers: [{ id: a, issuer: "${origin}", audience: "https://api.test" }]
directory: { url: "memory:", users: { unknown: allow } }
cache: { dir: null }
gateway: { listen: "127.0.0.1:0", admin: "127.0.0.1:0", drain: 0s, trustedProxies: [127.0.0.1] }
audit: { to: none }
`

/** Asks a gate about tokens over at most 50 connections; counts the statuses. */
const asker = (gate: string) => {
  const agent = new Agent({ keepAlive: true, maxSockets: 50 })
  const ask = (token: string) =>
    new Promise<number>((done, fail) =>
      request(`${gate}/_jotgate/auth/caddy`, {
        agent,
        headers: { authorization: `Bearer ${token}`, "x-forwarded-method": "GET", "x-forwarded-uri": "/v1/models" }
      }, (answer) => {
        answer.resume()
        answer.on("end", () => done(answer.statusCode ?? 0))
      }).on("error", fail).end()
    )
  const flood = async (count: number, tokenOf: (index: number) => string) => {
    const statuses: Record<number, number> = {}
    let next = 0
    const caller = async () => {
      while (next < count) {
        const status = await ask(tokenOf(next++))
        statuses[status] = (statuses[status] ?? 0) + 1
      }
    }
    await Promise.all(Array.from({ length: 50 }, caller))
    return statuses
  }
  return { ask, flood, close: () => agent.destroy() }
}

/** A signature in its form, made by nobody. */
const signature = (index: number): string => {
  const bytes = Buffer.alloc(64, 1)
  bytes.writeUInt32BE(index)
  return bytes.toString("base64url")
}

/** A good token at once, and ten a second while something else goes on. */
const meanwhile = async <A>(ask: () => Promise<number>, run: Promise<A>) => {
  const good: Array<Promise<number>> = [ask()]
  const timer = setInterval(() => good.push(ask()), 100)
  const result = await run.finally(() => clearInterval(timer))
  return { result, refused: (await Promise.all(good)).filter((status) => status !== 200), asked: good.length }
}

/** What came of one flood. */
export interface Flood {
  readonly name: string
  /** How many answers had which status. */
  readonly statuses: Readonly<Record<number, number>>
  /** Good tokens that were sent meanwhile, and those of them that were not let in. */
  readonly asked: number
  readonly refused: ReadonlyArray<number>
  /** Key sets that were fetched since the start. */
  readonly fetches: number
}

/**
 * Floods of so many tokens whose keys nobody knows, and of as many that are signed by nobody; then a fifth as many at a
 * gate that starts while its issuer fails.
 */
export const floods = Effect.fnUntraced(function*(count: number) {
  const folder = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "jotgate-flood-"))),
    (it) => Effect.sync(() => rmSync(it, { recursive: true, force: true }))
  )
  const file = join(folder, "jotgate.yaml")
  const { idp, origin, state } = yield* IssuerServer.make()
  writeFileSync(file, configuration(origin))
  const served = Effect.gen(function*() {
    const serve = yield* start(["serve", "--config", file])
    const [, gate = ""] = yield* serve.until(/^ready gate=(\S+)/)
    return yield* Effect.acquireRelease(Effect.sync(() => asker(gate)), (it) => Effect.sync(it.close))
  })
  const caller = yield* served
  const time = Math.floor(Date.now() / 1_000)
  const good = yield* idp().token({ now: time })
  const first = yield* Effect.promise(() => caller.ask(good))

  const payload = Issuer.part(Issuer.claimsOf(origin, time))
  const forged = (kid: string, index: number) => `${Issuer.part({ alg: "ES256", kid })}.${payload}.${signature(index)}`
  const kinds = {
    "unknown kids": (index: number) => forged(`kid-${index}`, 0),
    "bad signatures": (index: number) => forged(idp().key().kid, index)
  }
  const seen = yield* Effect.forEach(Object.entries(kinds), ([name, tokenOf]) =>
    Effect.map(
      Effect.promise(() => meanwhile(() => caller.ask(good), caller.flood(count, tokenOf))),
      ({ asked, refused, result }): Flood => ({ name, statuses: result, asked, refused, fetches: state.fetches })
    ))

  // A gate that starts while its issuer fails has no keys: nobody is let in, and the issuer is not run over.
  state.down = true
  state.fetches = 0
  const blind = yield* served
  const statuses = yield* Effect.promise(() =>
    blind.flood(count / 5, (index) => index % 2 === 0 ? good : forged("k", index))
  )
  return { first, seen, blind: { statuses, fetches: state.fetches } }
})
