/** The issuer of the tests of an embedded gate, and settings that trust it and take everybody. */
import { Issuer } from "@jotgate/core/testing"
import { Effect } from "effect"
import type { GateSettings } from "../../src/EmbeddedGate.ts"

export const idp = await Effect.runPromise(Issuer.make("https://idp.test", ["ES256"]))
export const settings: GateSettings = {
  issuers: [{
    id: "idp",
    issuer: idp.iss,
    audience: "https://api.test",
    jwks: { keys: idp.jwks.keys.map((it) => ({ ...it })) },
    claims: { user: "sub", teams: "groups" }
  }],
  directory: { users: { unknown: "allow" } }
}
