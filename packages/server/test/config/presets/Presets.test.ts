/** Every preset: the provider's own token comes out as the right person and team, its twins do not. */
import { assert, describe, it } from "@effect/vitest"
import { CoreTest, Issuer } from "@jotgate/core/testing"
import { Clock, Effect, Result } from "effect"
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { checkConfig } from "../../../src/config/ConfigCheck.ts"
import { parseConfig } from "../../../src/config/ConfigFile.ts"
import { presets } from "../../../src/config/Presets.ts"
import { index, page } from "../../../src/config/ProviderPage.ts"
import { type Claims, refused, type Sample } from "./Sample.ts"
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

const wayOf = ({ algorithm, claims, file, line, typ }: Sample) => ({
  file,
  header: { alg: algorithm, kid: "kid-1", ...(typ === undefined ? {} : { typ }) },
  claims,
  line
})

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

/** What no issuer's token may differ in, and when it may not live: names are compared byte for byte. */
const alike = ({ aud, iss }: Claims, now: number): Readonly<Record<string, Claims>> => {
  const audience = Array.isArray(aud) ? aud : [aud]
  const louder = audience.map(String).filter((it) => it.toUpperCase() !== it).map((it) => it.toUpperCase())
  const names: Record<string, Claims> = typeof iss === "string"
    ? {
      "the issuer in capitals": { iss: iss.toUpperCase() },
      "the issuer with its host in capitals": { iss: iss.replace(/\/\/[^/]+/, (it) => it.toUpperCase()) },
      "the issuer with a slash more or less": { iss: iss.endsWith("/") ? iss.slice(0, -1) : `${iss}/` },
      "the issuer with a port": { iss: iss.replace(/(\/\/[^/]+)/, "$1:443") },
      "the issuer in a list": { iss: [iss] },
      "the issuer and another after a space": { iss: `${iss} https://evil.test` }
    }
    : { "the issuer in a list": { iss: ["any"] } }
  return {
    ...names,
    ...(aud === undefined || louder.length === 0 ? {} : { "the audience in capitals": { aud: louder } }),
    ...(aud === undefined ? {} : {
      "no audience": { aud: undefined },
      "an audience that is an object": { aud: { 0: audience[0] } },
      "audiences in one text": { aud: `${audience.join(" ")} other` }
    }),
    "no end": { exp: undefined },
    "an end that is a text": { exp: String(now + 3600) },
    "an end in milliseconds": { exp: (now + 3600) * 1000 },
    "not yet": { nbf: now + 3600 },
    "issued in the future": { iat: now + 3600 }
  }
}

/** Signed by HMAC with the public key, as a verifier would fall for that takes the algorithm from the token. */
const shared = (key: Issuer.TestKey, claims: Claims, now: number) =>
  Effect.promise(async () => {
    const header = Issuer.part({ alg: "HS256", kid: "kid-1" })
    const input = `${header}.${Issuer.part({ aud: "x", iat: now, exp: now + 3600, ...claims })}`
    const bytes = (text: string) => new TextEncoder().encode(text)
    const secret = await crypto.subtle.importKey(
      "raw",
      bytes(JSON.stringify(key.publicJwk)),
      { name: "HMAC", hash: "SHA-256" },
      false,
      ["sign"]
    )
    const signature = new Uint8Array(await crypto.subtle.sign("HMAC", secret, bytes(input)))
    return `${input}.${Buffer.from(signature).toString("base64url")}`
  })

describe("presets", () => {
  it("each has a token", () => {
    const tried = new Set(Object.keys(samples).map((it) => it.split(",")[0]))
    assert.deepStrictEqual(presets.map((it) => it.name).filter((it) => !tried.has(it)), [])
  })

  for (const [name, { address, algorithm, claims, file, line, teams, twins, typ }] of Object.entries(samples)) {
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
          found["signed with the public key as a secret"] = yield* lineOf(yield* shared(key, claims, now))
          found["ended"] = yield* lineOf(yield* sign(key, { iat: now - 7200, exp: now - 3600 }))
          for (const [twin, changes] of Object.entries(alike(claims, now))) {
            found[twin] = yield* lineOf(yield* sign(key, changes))
          }
        }).pipe(Effect.provide(CoreTest.CoreTest.layer(world)))
        assert.deepStrictEqual(found, {
          "its own token": line,
          ...Object.fromEntries(Object.entries(twins).map(([twin, [, expected]]) => [twin, expected])),
          "another's key": refused,
          "another algorithm": refused,
          "no algorithm": refused,
          "signed with the public key as a secret": refused,
          "ended": "401 token_expired",
          ...Object.fromEntries(Object.keys(alike(claims, now)).map((it) => [it, refused]))
        })
        if (address === undefined) return
        const owned = { ...world, rows: { ...world.rows, users: [CoreTest.user("owner", { email: "ada@acme.com" })] } }
        yield* Effect.gen(function*() {
          const core = yield* CoreTest.CoreTest
          // A proven address is linked for good, so it comes last.
          for (const [finds, all] of [[false, address.unproven], [true, address.proven]] as const) {
            for (const changes of all) {
              const { line: came } = yield* core.ask({ token: yield* sign(key, changes) })
              assert.strictEqual(came.startsWith("allow user=owner"), finds, `${JSON.stringify(changes)}: ${came}`)
            }
          }
        }).pipe(Effect.provide(CoreTest.CoreTest.layer(owned)))
      }))
  }

  for (const preset of presets) {
    it(`docs/providers/${preset.name}.md is what the preset says`, () => {
      const sample = samples[preset.name] ?? missing(preset.name)
      const { file, tried, twins } = sample
      const others = Object.entries(samples).filter(([name]) => name.startsWith(`${preset.name}, `))
      isCurrent(
        `${preset.name}.md`,
        page(preset, {
          ...wayOf(sample),
          block: blockOf(file).block,
          others: others.map(([name, it]) => [name.slice(preset.name.length + 2), wayOf(it)]),
          tried,
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
      ["{ preset: okta, domain: acme.okta.com, audience: a }", "https://acme.okta.com/oauth2/default"],
      ["{ preset: okta, domain: \"https://acme.okta.com/\", audience: a }", "https://acme.okta.com/oauth2/default"],
      ["{ preset: auth0, domain: acme.eu.auth0.com, audience: a }", "https://acme.eu.auth0.com/"],
      ["{ preset: keycloak, url: id.acme.com, realm: r, audience: a }", "https://id.acme.com/realms/r"],
      ["{ preset: zitadel, url: acme.zitadel.cloud, audience: a }", "https://acme.zitadel.cloud"],
      ["{ preset: adfs, host: \"https://adfs.acme.com/\", audience: a }", "http://adfs.acme.com/adfs/services/trust"],
      [
        "{ preset: entra, tenant: 72F988BF-86F1-41AF-91AB-2D7CD011DB47, audience: a }",
        "https://login.microsoftonline.com/72f988bf-86f1-41af-91ab-2d7cd011db47/v2.0"
      ]
    ] as const
  )("an address is taken as people write it, and becomes what the tokens say: %s", (issuer, expected) => {
    assert.strictEqual(blockOf(issuer).block["issuer"], expected)
  })

  it.each(
    [
      ["{ preset: keycloack, audience: a }", /^j\.yaml:2:\d+: issuers\[0\]\.preset: .*did you mean "keycloak"\?$/],
      ["{ preset: nothing, audience: a }", /issuers\[0\]\.preset: there is no such preset; there are adfs, auth0/],
      ["{ preset: entra, audience: a }", /issuers\[0\]: the preset entra needs tenant: /],
      ["{ preset: entra, tenant: any }", /issuers\[0\]: the preset entra needs audience$/],
      ["{ preset: entra, tenant: 7, audience: a }", /issuers\[0\]\.tenant: must be the id of/],
      ["{ preset: entra, tenant: [], audience: a }", /issuers\[0\]\.tenant: must be the id of the directory/],
      ["{ preset: entra, tenant: acme.com, audience: a }", /issuers\[0\]\.tenant: must be the id of the directory/],
      ["{ preset: okta, domain: \"https://a.test\", audience: a, tenants: 7 }", /issuers\[0\]\.tenants/],
      ["{ preset: okta, domain: \"https://a.test\", audience: a, realm: x }", /issuers\[0\]\.realm: unknown key/]
    ] as const
  )("a wrong use is a finding with its place: %s", (issuer, expected) => {
    const read = parse(issuer)
    assert.match(Result.isFailure(read) ? read.failure.message : "read", expected)
  })
})
