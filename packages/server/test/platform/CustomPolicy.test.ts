import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import type { Claims } from "@jotgate/core/Claims"
import { Issuers } from "@jotgate/core/Issuer"
import { Issuer } from "@jotgate/core/Settings"
import { Effect, FileSystem, Schema, type Scope } from "effect"
import { load } from "../../src/platform/CustomPolicy.ts"

const settings = Schema.decodeSync(Issuer)({ id: "okta", issuer: "https://okta.test", audience: "x" })
const [issuer] = Issuers.make([settings]).all

const claims = (payload: Claims["payload"]): Claims => {
  if (issuer === undefined) throw new Error("no issuer")
  return { issuer, payload, expiresAt: undefined, verifiedBy: { _tag: "Introspection" } }
}

const withModule = (source: string, mode: number) =>
  Effect.gen(function*() {
    const files = yield* FileSystem.FileSystem
    const file = `${yield* files.makeTempDirectoryScoped()}/policy.mjs`
    yield* files.writeFileString(file, source)
    yield* files.chmod(file, mode)
    return yield* load(file)
  })

const run = <A, E>(effect: Effect.Effect<A, E, FileSystem.FileSystem | Scope.Scope>) =>
  effect.pipe(Effect.scoped, Effect.provide(NodeServices.layer))

describe("policy.custom", () => {
  it.effect("a hook that says true lets the token pass, anything else is custom_denied", () =>
    run(Effect.gen(function*() {
      const policy = yield* withModule(
        "export const validate = async (claims, { issuer }) => issuer === 'okta' && claims.tenant",
        0o600
      )
      yield* policy(claims({ tenant: true }))
      const denied = yield* Effect.flip(policy(claims({ tenant: "yes" })))
      assert.strictEqual(denied._tag, "CustomDenied")
    })))

  it.effect("a hook that throws is custom_unavailable, never an allow", () =>
    run(Effect.gen(function*() {
      const policy = yield* withModule("export const validate = () => { throw new Error('down') }", 0o600)
      const failed = yield* Effect.flip(policy(claims({})))
      assert.deepInclude(failed, { _tag: "CustomUnavailable", reason: "down" })
    })))

  it.effect("a hook cannot change the claims that it looks at", () =>
    run(Effect.gen(function*() {
      const policy = yield* withModule(
        "export const validate = (claims) => { claims.groups = ['boss']; return true }",
        0o600
      )
      const payload = { groups: ["red"] }
      yield* policy(claims(payload))
      assert.deepStrictEqual(payload, { groups: ["red"] })
    })))

  const refused: ReadonlyArray<readonly [title: string, source: string, mode: number, reason: RegExp]> = [
    ["a file that others may write to", "export const validate = () => true", 0o666, /written to by others/],
    ["a module without the function", "export const check = () => true", 0o600, /exports no function/],
    ["a module that cannot be loaded", "export const validate = (", 0o600, /cannot be loaded/]
  ]
  for (const [title, source, mode, reason] of refused) {
    it.effect(`is refused: ${title}`, () =>
      run(Effect.gen(function*() {
        assert.match((yield* Effect.flip(withModule(source, mode))).message, reason)
      })))
  }

  it.effect("is refused: a file that is not there", () =>
    Effect.gen(function*() {
      assert.match((yield* Effect.flip(load("/nowhere/policy.mjs"))).message, /cannot be read/)
    }))
})
