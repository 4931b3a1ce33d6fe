/** A gate in a host: one issuer whose keys are in the settings, two teams, and tokens for them. */
import { Clock, Effect } from "effect"
import type { Verdict } from "../../src/answer/Verdict.ts"
import { Gate, type Parts, type PlainRequest } from "../../src/Gate.ts"
import type { Settings } from "../../src/Settings.ts"
import * as Issuer from "../../src/testing/Issuer.ts"

export const idp = await Effect.runPromise(Issuer.make("https://idp.test", ["ES256"]))
export const keys = { keys: idp.jwks.keys.map((it) => ({ ...it })) }
export const settings: Settings.Input = {
  issuers: [{
    id: "idp",
    issuer: idp.iss,
    audience: "https://api.test",
    jwks: keys,
    claims: { user: "sub", teams: "groups" }
  }],
  directory: { users: { unknown: "allow" } }
}
export const teams = {
  team: (id: string) => id === "red" ? { id, models: ["gpt-4o*"] } : id === "blue" ? { id, models: ["o1"] } : null
}

export const tokenOf = (claims: Readonly<Record<string, unknown>> = {}) =>
  Effect.flatMap(
    Clock.currentTimeMillis,
    (millis) => idp.token({ now: Math.floor(millis / 1000), claims: { sub: "ada", groups: ["red"], ...claims } })
  )

/** A gate that is closed at the end. */
export const gateOf = <E>(parts: Parts<E>, input = settings) =>
  Effect.acquireRelease(Effect.promise(() => Gate.make(input, parts)), (gate) => Effect.promise(gate.close))

export const chat = (token: string | null, body: unknown = { model: "gpt-4o" }): PlainRequest => ({
  method: "POST",
  path: "/v1/chat/completions?x=1",
  headers: token === null ? {} : { authorization: `Bearer ${token}`, "content-type": "application/json" },
  body
})

export const decided = Effect.fnUntraced(function*<E>(parts: Parts<E>, request: PlainRequest | Request) {
  const gate = yield* gateOf(parts)
  return yield* Effect.promise(() => gate.decide(request))
})

export const lineOf = ({ allowed, code, status, team, user }: Verdict) =>
  allowed ? `allow ${user?.id} ${team?.id}` : `${status} ${code}`
