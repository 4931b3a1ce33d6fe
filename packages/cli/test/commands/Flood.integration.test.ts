/** Floods of tokens through a served gate, with an issuer that counts who asks it (threats C01, C02). */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Issuer } from "@jotgate/core/testing"
import { Effect, FileSystem } from "effect"
import { Agent, request } from "node:http"
import * as IssuerServer from "../support/IssuerServer.ts"
import { start } from "../support/Process.ts"

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

/** Ten good tokens a second while something else goes on. */
const meanwhile = async <A>(ask: () => Promise<number>, run: Promise<A>) => {
  const good: Array<Promise<number>> = []
  const timer = setInterval(() => good.push(ask()), 100)
  const result = await run.finally(() => clearInterval(timer))
  return { result, refused: (await Promise.all(good)).filter((status) => status !== 200), asked: good.length }
}

describe("jotgate serve in a flood", () => {
  it.live(
    "threats C01, C02: floods of unknown kids and bad signatures cost the issuer nothing, and good tokens go on",
    () =>
      Effect.gen(function*() {
        const files = yield* FileSystem.FileSystem
        const file = `${yield* files.makeTempDirectoryScoped()}/jotgate.yaml`
        const { idp, origin, state } = yield* IssuerServer.make()
        yield* files.writeFileString(file, configuration(origin))
        const serve = yield* start(["serve", "--config", file])
        const [, gate = ""] = yield* serve.until(/^ready gate=(\S+)/)
        const caller = yield* Effect.acquireRelease(Effect.sync(() => asker(gate)), (it) => Effect.sync(it.close))
        const time = Math.floor(Date.now() / 1_000)
        const good = yield* idp().token({ now: time })
        assert.strictEqual(yield* Effect.promise(() => caller.ask(good)), 200)
        assert.strictEqual(state.fetches, 1)

        const payload = Issuer.part(Issuer.claimsOf(origin, time))
        const forged = (kid: string, index: number) =>
          `${Issuer.part({ alg: "ES256", kid })}.${payload}.${signature(index)}`
        const floods = {
          "unknown kids": (index: number) => forged(`kid-${index}`, 0),
          "bad signatures": (index: number) => forged(idp().key().kid, index)
        }
        for (const [name, tokenOf] of Object.entries(floods)) {
          const { asked, refused, result } = yield* Effect.promise(() =>
            meanwhile(() => caller.ask(good), caller.flood(10_000, tokenOf))
          )
          assert.deepStrictEqual(result, { 401: 10_000 }, name)
          assert.isAbove(asked, 0)
          assert.deepStrictEqual(refused, [], "good tokens meanwhile")
          assert.isAtMost(state.fetches, 3, `key fetches after the flood of ${name}`)
        }

        // A gate that starts while its issuer fails has no keys: nobody is let in, and the issuer is not run over.
        state.down = true
        state.fetches = 0
        const cold = yield* start(["serve", "--config", file])
        const [, other = ""] = yield* cold.until(/^ready gate=(\S+)/)
        const blind = yield* Effect.acquireRelease(Effect.sync(() => asker(other)), (it) => Effect.sync(it.close))
        const first = yield* Effect.promise(() =>
          blind.flood(2_000, (index) => index % 2 === 0 ? good : forged("k", index))
        )
        assert.deepStrictEqual(first, { 503: 2_000 })
        assert.isAtMost(state.fetches, 10)
      }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)),
    120_000
  )
})
