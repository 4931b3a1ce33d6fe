/** Every preset: the provider's own token comes out as the right person and team, its twins do not. */
import { assert, describe, it } from "@effect/vitest"
import { CoreTest, Issuer } from "@jotgate/core/testing"
import { Clock, Effect, Result } from "effect"
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { checkConfig } from "../../../src/config/ConfigCheck.ts"
import { parseConfig } from "../../../src/config/ConfigFile.ts"
import { presets } from "../../../src/config/Presets.ts"
import { index, page } from "../../../src/config/ProviderPage.ts"
import { samples } from "./Tokens.ts"

const parse = (issuer: string) =>
  parseConfig({ name: "j.yaml", text: `issuers:\n  - ${issuer}\n`, directory: "/", env: {} })

const blockOf = (issuer: string) => {
  const file = Result.getOrThrow(parse(issuer))
  const [block] = (file.expanded as { readonly issuers: ReadonlyArray<Record<string, unknown>> }).issuers
  return { file, block: block ?? {} }
}

const missing = (name: string): never => {
  throw new Error(`no token of ${name}`)
}

const docs = new URL("../../../../../docs/providers/", import.meta.url)

/** `UPDATE_DOCS=true` writes the pages anew. */
const isCurrent = (name: string, text: string): void => {
  const url = new URL(name, docs)
  if (process.env["UPDATE_DOCS"] === "true") {
    mkdirSync(docs, { recursive: true })
    writeFileSync(url, text)
  }
  assert.strictEqual(
    readFileSync(url, "utf8"),
    text,
    `docs/providers/${name} is not what its preset says: UPDATE_DOCS=true`
  )
}

const keys = new Map<string, Effect.Effect<Issuer.TestKey>>()
const keyOf = (name: string, algorithm: Parameters<typeof Issuer.makeKey>[0]) => {
  const made = keys.get(name) ?? Effect.runSync(Effect.cached(Issuer.makeKey(algorithm, "kid-1")))
  keys.set(name, made)
  return made
}

describe("presets", () => {
  it("each has a token", () => {
    const tried = new Set(Object.keys(samples).map((it) => it.split(",")[0]))
    assert.deepStrictEqual(presets.map((it) => it.name).filter((it) => !tried.has(it)), [])
  })

  for (const [name, { algorithm, claims, file, line, teams, twins, typ }] of Object.entries(samples)) {
    it.live(name, () =>
      Effect.gen(function*() {
        const { block, file: loaded } = blockOf(file)
        assert.deepStrictEqual(checkConfig(loaded).filter((it) => it.severity === "error"), [])
        const key = yield* keyOf(algorithm, algorithm)
        const stranger = yield* keyOf(`another ${algorithm}`, algorithm)
        const confused = yield* keyOf("PS256", "PS256")
        const world: CoreTest.World = {
          issuers: [block],
          key,
          directory: { users: { unknown: "allow" } },
          rows: { teams: teams.map((it) => CoreTest.team(it)) }
        }
        const now = Math.floor((yield* Clock.currentTimeMillis) / 1000)
        const sign = (signer: Issuer.TestKey, changes: Record<string, unknown>, alg: string = signer.algorithm) =>
          Issuer.signAnything(
            signer,
            { alg, kid: "kid-1", ...(typ === undefined ? {} : { typ }) },
            { aud: "x", iat: now, nbf: now, exp: now + 3600, ...claims, ...changes }
          )
        const found: Record<string, string> = {}
        yield* Effect.gen(function*() {
          const core = yield* CoreTest.CoreTest
          const lineOf = (token: string) => Effect.map(core.ask({ token }), (it) => it.line)
          found["its own token"] = yield* lineOf(yield* sign(key, {}))
          for (const [twin, [changes]] of Object.entries(twins)) found[twin] = yield* lineOf(yield* sign(key, changes))
          found["another's key"] = yield* lineOf(yield* sign(stranger, {}))
          found["another algorithm"] = yield* lineOf(yield* sign(confused, {}))
          found["no algorithm"] = yield* lineOf(yield* sign(key, {}, "none"))
          found["ended"] = yield* lineOf(yield* sign(key, { iat: now - 7200, exp: now - 3600 }))
        }).pipe(Effect.provide(CoreTest.CoreTest.layer(world)))
        const refused = "401 invalid_token"
        assert.deepStrictEqual(found, {
          "its own token": line,
          ...Object.fromEntries(Object.entries(twins).map(([twin, [, expected]]) => [twin, expected])),
          "another's key": refused,
          "another algorithm": refused,
          "no algorithm": refused,
          "ended": "401 token_expired"
        })
      }))
  }

  for (const preset of presets) {
    it(`docs/providers/${preset.name}.md is what the preset says`, () => {
      const { algorithm, claims, file, line, twins, typ } = samples[preset.name] ?? missing(preset.name)
      isCurrent(
        `${preset.name}.md`,
        page(preset, {
          file,
          block: blockOf(file).block,
          header: { alg: algorithm, kid: "kid-1", ...(typ === undefined ? {} : { typ }) },
          claims,
          line,
          twins: Object.entries(twins).map(([what, [, answer]]) => [what, answer] as const)
        })
      )
    })
  }

  it("docs/providers/README.md lists them", () => {
    isCurrent("README.md", index(presets))
  })

  it("what a file says beside a preset counts more, member by member", () => {
    const { block } = blockOf(
      "{ preset: keycloak, url: \"https://id.acme.com/\", realm: acme, audience: a, id: kc, claims: { teams: llm } }"
    )
    assert.strictEqual(block["id"], "kc")
    assert.deepInclude(block["claims"], { user: "sub", teams: "llm", roles: "realm_access.roles" })
  })

  it.each(
    [
      ["{ preset: keycloack, audience: a }", /^j\.yaml:2:\d+: issuers\[0\]\.preset: .*did you mean "keycloak"\?$/],
      ["{ preset: nothing, audience: a }", /issuers\[0\]\.preset: there is no such preset; there are adfs, auth0/],
      ["{ preset: entra, audience: a }", /issuers\[0\]: the preset entra needs tenant: /],
      ["{ preset: entra, tenant: x }", /issuers\[0\]: the preset entra needs audience$/],
      ["{ preset: entra, tenant: 7, audience: a }", /issuers\[0\]\.tenant: must be text/],
      ["{ preset: entra, tenant: [], audience: a }", /issuers\[0\]\.tenant: must be text/],
      ["{ preset: okta, domain: \"https://a.test\", audience: a, tenants: 7 }", /issuers\[0\]\.tenants/],
      ["{ preset: okta, domain: \"https://a.test\", audience: a, realm: x }", /issuers\[0\]\.realm: unknown key/]
    ] as const
  )("a wrong use is a finding with its place: %s", (issuer, expected) => {
    const read = parse(issuer)
    assert.match(Result.isFailure(read) ? read.failure.message : "read", expected)
  })
})
