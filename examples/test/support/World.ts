/** What the hosts' tests share: an issuer, a gate over plain functions, and requests with a token of ada's. */
import { Gate, type Parts } from "@jotgate/core/Gate"
import type { Settings } from "@jotgate/core/Settings"
import { Issuer } from "@jotgate/core/testing"
import { Clock, Effect } from "effect"

export const make = Effect.fnUntraced(function*(parts: Parts = {}) {
  const idp = yield* Issuer.make("https://idp.test", ["ES256"])
  const settings: Settings.Input = {
    issuers: [{
      id: "idp",
      issuer: idp.iss,
      audience: "https://api.test",
      jwks: { keys: idp.jwks.keys.map((it) => ({ ...it })) },
      claims: { user: "sub", teams: "groups" }
    }],
    directory: { users: { unknown: "allow" } }
  }
  const all: Parts = { directory: { team: (id) => id === "red" ? { id, models: ["gpt-4o*"] } : null }, ...parts }
  const gate = yield* Effect.acquireRelease(
    Effect.promise(() => Gate.make(settings, all)),
    (it) => Effect.promise(it.close)
  )
  const millis = yield* Clock.currentTimeMillis
  const tokenOf = (groups: ReadonlyArray<string>) =>
    idp.token({ now: Math.floor(millis / 1000), claims: { sub: "ada", groups } })
  const token = yield* tokenOf(["red"])
  const authorization = `Bearer ${token}`
  return {
    gate,
    settings,
    parts: all,
    token,
    tokenOf,
    authorization,
    models: { path: "/v1/models", init: { headers: { authorization } } },
    chat: (model: string) => ({
      path: "/v1/chat/completions",
      init: {
        method: "POST",
        headers: { authorization, "content-type": "application/json" },
        body: JSON.stringify({ model, messages: [] })
      }
    })
  }
})

/** What the hosts' tests share. */
export type World = Effect.Success<ReturnType<typeof make>>
