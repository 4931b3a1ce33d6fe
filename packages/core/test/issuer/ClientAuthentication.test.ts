import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { decodeProtectedHeader, importSPKI, jwtVerify } from "jose"
import { generateKeyPairSync, type KeyObject } from "node:crypto"
import * as Hostile from "../../src/testing/HostileIssuer.ts"
import { A, asked, introspecting, outcome, world } from "../support/OpaqueWorld.ts"

const active = Hostile.json({ active: true, aud: "gate", sub: "u-1" })

describe("ClientAuthentication", () => {
  it.effect("client_secret_basic: id and secret are form-encoded before they are joined (RFC 6749 2.3.1)", () => {
    const { issuer, live } = world(introspecting({ clientId: "a:b ü" }), active, { "env:SECRET": "p&s s/" })
    return Effect.gen(function*() {
      assert.strictEqual(yield* outcome("t"), "allowed")
      const { request } = issuer.hits.find(({ path }) => path === "/introspect") ?? {}
      const sent = request?.authorization === undefined ? "" : Redacted.value(request.authorization)
      assert.strictEqual(Buffer.from(sent.replace("Basic ", ""), "base64").toString(), "a%3Ab+%C3%BC:p%26s+s%2F")
      assert.deepStrictEqual(asked(issuer), [{ token: "t", token_type_hint: "access_token" }])
    }).pipe(Effect.provide(live))
  })

  it.effect("client_secret_post: id and secret are members of the form", () => {
    const { issuer, live } = world(introspecting({ method: "client_secret_post" }), active)
    return Effect.gen(function*() {
      yield* outcome("t")
      assert.deepStrictEqual(asked(issuer), [
        { token: "t", token_type_hint: "access_token", client_id: "gate", client_secret: "hush" }
      ])
    }).pipe(Effect.provide(live))
  })

  const pairs: ReadonlyArray<readonly [string, { readonly publicKey: KeyObject; readonly privateKey: KeyObject }]> = [
    ["RS256", generateKeyPairSync("rsa", { modulusLength: 2048 })],
    ["ES256", generateKeyPairSync("ec", { namedCurve: "P-256" })],
    ["ES384", generateKeyPairSync("ec", { namedCurve: "P-384" })],
    ["ES512", generateKeyPairSync("ec", { namedCurve: "P-521" })],
    ["EdDSA", generateKeyPairSync("ed25519")]
  ]
  const files = pairs.flatMap(([algorithm, { privateKey, publicKey }]) => [
    [`${algorithm} in PEM`, algorithm, publicKey, String(privateKey.export({ type: "pkcs8", format: "pem" }))] as const,
    [`${algorithm} as a JWK`, algorithm, publicKey, JSON.stringify(privateKey.export({ format: "jwk" }))] as const
  ])

  it.effect.each(files)("private_key_jwt (RFC 7523): an assertion signed with %s", ([, algorithm, publicKey, file]) => {
    const method = { method: "private_key_jwt", clientSecret: "file:client.pem" }
    const { issuer, live } = world(introspecting(method), active, { "file:client.pem": file })
    return Effect.gen(function*() {
      assert.strictEqual(yield* outcome("t-1"), "allowed")
      assert.strictEqual(yield* outcome("t-2"), "allowed")
      const [one, two] = asked(issuer).map(({ client_assertion }) => client_assertion ?? "")
      const spki = String(publicKey.export({ type: "spki", format: "pem" }))
      const verified = yield* Effect.promise(async () =>
        jwtVerify(one ?? "", await importSPKI(spki, algorithm), { currentDate: new Date(0) })
      )
      const { aud, exp, iss, jti, sub } = verified.payload
      assert.deepStrictEqual([iss, sub, aud, exp], ["gate", "gate", A, 60])
      assert.strictEqual(decodeProtectedHeader(one ?? "").alg, algorithm)
      assert.isString(jti)
      assert.notStrictEqual(one, two)
      assert.strictEqual(
        asked(issuer)[0]?.["client_assertion_type"],
        "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
      )
    }).pipe(Effect.provide(live))
  })

  it.effect.each(
    [
      ["is missing", {}],
      ["is no key", { "file:client.pem": "hello" }],
      ["is a public key", { "file:client.pem": JSON.stringify({ kty: "OKP", crv: "Ed25519", x: "AAAA" }) }],
      ["is of an old format", {
        "file:client.pem": "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----"
      }]
    ] as const
  )("a client key that %s is 503, and nobody is asked", ([, secrets]) => {
    const { issuer, live } = world(
      introspecting({ method: "private_key_jwt", clientSecret: "file:client.pem" }),
      active,
      secrets
    )
    return Effect.gen(function*() {
      assert.strictEqual(yield* outcome("t"), "503")
      assert.strictEqual(issuer.count("/introspect"), 0)
    }).pipe(Effect.provide(live))
  })
})
