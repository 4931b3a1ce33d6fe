import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Cache } from "../../src/cache/Cache.ts"
import type { ClaimsCheck, RequestCheck } from "../../src/CustomPolicy.ts"
import type { GateRequest, Parts, PlainDirectory, UserRow } from "../../src/Gate.ts"
import { Gate } from "../../src/Gate.ts"
import * as NodeSignature from "../../src/token/NodeSignature.ts"
import { gateOf, idp, lineOf, settings, tokenOf } from "../support/GateWorld.ts"

const path = "/v1/chat/completions"
const headersOf = (token: string) => ({ authorization: `Bearer ${token}`, "content-type": "application/json" })

/** The ways in which a request comes, its body at hand or to be read. */
const ways: Readonly<Record<string, (token: string, model: string) => GateRequest>> = {
  "of Fetch": (token, model) =>
    new Request(`https://api.test${path}`, {
      method: "POST",
      headers: headersOf(token),
      body: JSON.stringify({ model })
    }),
  "with a reader": (token, model) => ({
    method: "POST",
    path,
    headers: headersOf(token),
    body: async () => ({ model })
  }),
  "with its body": (token, model) => ({ method: "POST", path, headers: headersOf(token), body: { model } })
}

/** How functions of a host answer. */
const answers: Readonly<Record<string, <A>(value: A) => A | Promise<A> | Effect.Effect<A>>> = {
  "at once": (value) => value,
  "later": async (value) => value,
  "as effects": (value) => Effect.sync(() => value)
}

type Answering = (typeof answers)[string]

/** Parts that count who is asked what; without a hook the directory is reached before anybody waits. */
const counting = (answer: Answering, isHooked: boolean) => {
  const asked: Record<string, number> = {}
  const count = (what: string) => {
    asked[what] = (asked[what] ?? 0) + 1
  }
  const user = (id: string): UserRow => ({ id, teams: ["red", "blue"] })
  const directory: PlainDirectory = {
    user: (id) => {
      count(`user ${id}`)
      return answer(user(id))
    },
    team: (id) => {
      count(`team ${id}`)
      return answer({ id, models: id === "red" ? ["gpt-4o*"] : [] })
    }
  }
  const parts: Parts = {
    directory,
    signature: NodeSignature.layer,
    ...(isHooked
      ? {
        hook: () => {
          count("hook")
          return answer(true)
        }
      }
      : {}),
    rule: ({ model }) => {
      count("rule")
      return answer(model._tag === "Known" && model.name !== "gpt-4o-mini")
    }
  }
  return { asked, parts }
}

const most = (asked: Readonly<Record<string, number>>) => Object.entries(asked).filter(([, times]) => times !== 1)

describe("one request", () => {
  const cases = Object.entries(ways).flatMap(([way, request]) =>
    Object.entries(answers).flatMap(([how, answer]) => [
      [`${way}, answered ${how}`, request, answer, true] as const,
      [`${way}, answered ${how}, without a hook`, request, answer, false] as const
    ])
  )
  for (const [name, request, answer, isHooked] of cases) {
    it.live(`asks hook, rule and directory once: ${name}`, () =>
      Effect.gen(function*() {
        const { asked, parts } = counting(answer, isHooked)
        const gate = yield* gateOf(parts)
        const lines: Array<string> = []
        // The first one proves the token, the others find it proven: these get to the directory before anybody waits.
        const token = yield* tokenOf()
        for (const model of ["gpt-4o", "gpt-4o", "gpt-4o-mini", "o1"]) {
          for (const what of Object.keys(asked)) delete asked[what]
          lines.push(lineOf(yield* Effect.promise(() => gate.decide(request(token, model)))))
          assert.deepStrictEqual(most(asked), [], `${model}: ${JSON.stringify(asked)}`)
        }
        assert.deepStrictEqual(lines, [
          "allow ada red",
          "allow ada red",
          "403 custom_denied",
          "403 team_model_denied"
        ])
      }))
  }

  it.live("asks what fails once, also to tell why, and the next request anew", () =>
    Effect.gen(function*() {
      const failing: Readonly<Record<string, () => never | Promise<never> | Effect.Effect<never, string>>> = {
        "throws": () => {
          throw new Error("down")
        },
        "rejects": () => Promise.reject(new Error("down")),
        "fails": () => Effect.fail("down")
      }
      for (const [name, fail] of Object.entries(failing)) {
        for (const [way, request] of Object.entries(ways)) {
          let times = 0
          const gate = yield* gateOf({
            signature: NodeSignature.layer,
            directory: {
              team: () => {
                times++
                return fail()
              }
            }
          })
          const token = yield* tokenOf()
          for (const _ of [1, 2]) {
            times = 0
            const verdict = yield* Effect.promise(() => gate.decide(request(token, "gpt-4o")))
            assert.strictEqual(lineOf(verdict), "503 directory_unavailable")
            assert.strictEqual(times, 1, `${name} ${way}`)
          }
        }
      }
    }))

  it.live("asks a check that answers at once, once, though its answer comes before what others say later", () =>
    Effect.gen(function*() {
      const asked: Array<string> = []
      const hook: ClaimsCheck = () => {
        asked.push("hook")
        return Effect.void
      }
      const rule: RequestCheck = () => {
        asked.push("rule")
        return Effect.void
      }
      const gate = yield* gateOf({
        hook,
        rule,
        signature: NodeSignature.layer,
        directory: { team: async (id) => ({ id }) }
      })
      const token = yield* tokenOf()
      for (const request of Object.values(ways)) {
        asked.length = 0
        assert.strictEqual(
          lineOf(yield* Effect.promise(() => gate.decide(request(token, "gpt-4o")))),
          "allow ada red"
        )
        assert.deepStrictEqual(asked, ["hook", "rule"])
      }
    }))

  it.live("asks the issuer about an opaque token once, whatever it says", () =>
    Effect.gen(function*() {
      let asked = 0
      const says = { active: false }
      const outbound = async () => {
        asked++
        return new Response(
          JSON.stringify(
            says.active ? { active: true, sub: "ada", groups: ["red"], aud: "https://api.test", iss: idp.iss } : says
          ),
          { headers: { "content-type": "application/json" } }
        )
      }
      const secret = "env:SECRET"
      const introspection = {
        url: `${idp.iss}/introspect`,
        clientId: "gate",
        clientSecret: secret,
        accept: { audiences: ["https://api.test"] }
      }
      const issuers = (settings.issuers ?? []).map((it) => ({ ...it, opaque: { introspection, rate: 1000 } }))
      const parts: Parts = { outbound, secrets: { [secret]: "x" }, directory: { team: (id) => ({ id }) } }
      for (const active of [false, true]) {
        says.active = active
        for (const [way, request] of Object.entries(ways)) {
          const gate = yield* gateOf(parts, { ...settings, issuers })
          asked = 0
          const verdict = yield* Effect.promise(() => gate.decide(request("opaque-token", "gpt-4o")))
          assert.strictEqual(verdict.status, active ? 200 : 401, `${way}: ${verdict.text()}`)
          assert.strictEqual(asked, 1, way)
        }
      }
    }))

  it.live("remembers what the issuer said where the host gives a cache for it", () =>
    Effect.gen(function*() {
      let asked = 0
      const outbound = async () => {
        asked++
        return new Response(`{"active":false}`, { headers: { "content-type": "application/json" } })
      }
      const secret = "env:SECRET"
      const introspection = { url: `${idp.iss}/introspect`, clientId: "gate", clientSecret: secret }
      const issuers = (settings.issuers ?? []).map((it) => ({ ...it, opaque: { introspection, rate: 1000 } }))
      for (const [parts, times] of [[{}, 2], [{ cache: Cache.layer }, 1]] as const) {
        const gate = yield* gateOf({ outbound, secrets: { [secret]: "x" }, ...parts }, { ...settings, issuers })
        asked = 0
        for (const _ of [1, 2]) {
          const request = { method: "GET", path: "/v1/models", headers: { authorization: "Bearer opaque-token" } }
          assert.strictEqual((yield* Effect.promise(() => gate.decide(request))).status, 401)
        }
        assert.strictEqual(asked, times)
      }
    }))

  it.live("reads no byte of a body before the token was looked at, and asks nobody else about it", () =>
    Effect.gen(function*() {
      const order: Array<string> = []
      const gate = yield* gateOf({
        hook: () => {
          order.push("hook")
          return true
        },
        directory: { team: (id) => ({ id }) }
      })
      const body = () => {
        order.push("body")
        return { model: "gpt-4o" }
      }
      const decide = (token: string) => gate.decide({ method: "POST", path, headers: headersOf(token), body })
      const good = yield* tokenOf()
      assert.strictEqual(lineOf(yield* Effect.promise(() => decide(good))), "allow ada red")
      assert.deepStrictEqual(order, ["body", "hook"])
      assert.strictEqual((yield* Effect.promise(() => decide("a.b.c"))).status, 401)
      assert.deepStrictEqual(order, ["body", "hook"])
    }))

  it.live("tells a log whether it was decided to be shown alone", () =>
    Effect.gen(function*() {
      const told: Array<readonly [boolean, boolean]> = []
      const parts: Parts = {
        directory: { team: (id) => ({ id }) },
        log: ({ allowed }, { dry }) => void told.push([allowed, dry])
      }
      const token = yield* tokenOf()
      const layer = Gate.layer(settings, parts)
      const request = { method: "POST", path, headers: headersOf(token), body: { model: "gpt-4o" } }
      yield* Effect.provide(
        Gate.use((gate) =>
          Effect.forEach([{}, { dry: true }, { dry: true, steps: "always" } as const], (how) =>
            Effect.andThen(gate.decide(request, how), gate.decide({ ...request, headers: {} }, how)))
        ),
        layer
      )
      assert.deepStrictEqual(told, [[true, false], [false, false], [true, true], [false, true], [true, true], [
        false,
        true
      ]])
    }))
})
