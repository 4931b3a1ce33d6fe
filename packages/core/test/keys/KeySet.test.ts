import { assert, describe, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import { createPublicKey, X509Certificate } from "node:crypto"
import { readFileSync } from "node:fs"
import * as KeySet from "../../src/keys/KeySet.ts"
import { Algorithms } from "../../src/Settings.ts"
import * as TestIssuer from "../../src/testing/Issuer.ts"
import * as NodeSignature from "../../src/token/NodeSignature.ts"
import { Signature } from "../../src/token/Signature.ts"
import { layer, now, verdict, world } from "../support/TokenWorld.ts"

const { a } = await world
const es = a.key("a.idp.test-es256")
const rs = a.key("a.idp.test-rs256")
const certificates = readFileSync(new URL("../fixtures/certificates/all.pem", import.meta.url), "utf8")

const parsed = (text: string) => Result.getOrThrow(KeySet.parse(text))
const set = (...keys: ReadonlyArray<unknown>) => parsed(JSON.stringify({ keys }))
const reasons = ({ skipped }: KeySet.KeySet) => skipped.map(({ reason }) => reason)

/** The numbers of keys that a set offers for some headers. */
const offered = (keys: KeySet.UsableKeys, headers: ReadonlyArray<readonly [string, string | undefined]>) =>
  headers.map(([algorithm, kid]) => keys.select({ algorithm, kid }).length)

describe("KeySet", () => {
  it("threat C05: what is no key set, or an empty one, is refused as a whole", () => {
    const documents: Readonly<Record<string, KeySet.KeySetRefused>> = {
      "": "no_json",
      "<html></html>": "no_json",
      "{\"keys\":[],\"keys\":[{}]}": "no_json",
      "\ufeff{\"keys\":[{}]}": "no_json",
      "{}": "no_key_set",
      "[]": "no_key_set",
      "null": "no_key_set",
      "\"keys\"": "no_key_set",
      "{\"keys\":{}}": "no_key_set",
      "{\"keys\":null}": "no_key_set",
      "{\"keys\":[]}": "empty",
      "-----BEGIN CERTIFICATE-----": "empty"
    }
    for (const [text, reason] of Object.entries(documents)) {
      assert.deepStrictEqual(KeySet.parse(text), Result.fail(reason), text)
    }
    assert.deepStrictEqual(KeySet.fromJson(Object.create({ keys: [es.publicJwk] })), Result.fail("no_key_set"))
  })

  it("threat C03: a document over a limit is refused before anything of it is used", () => {
    const many = (count: number) => JSON.stringify({ keys: Array.from({ length: count }, () => es.publicJwk) })
    assert.deepStrictEqual(KeySet.parse(" ".repeat(KeySet.maxLength + 1)), Result.fail("too_large"))
    assert.deepStrictEqual(KeySet.parse(many(101)), Result.fail("too_many_members"))
    assert.strictEqual(parsed(many(100)).keys.length, 1)
  })

  it("threat C06: bad members are skipped one by one, with the reason, and the others stay", () => {
    const found = set(
      es.publicJwk,
      { kty: "oct", kid: es.kid, k: "AAAA" },
      es.privateJwk,
      rs.privateJwk,
      { ...es.publicJwk, d: "" },
      null,
      "key",
      [],
      {},
      { ...es.publicJwk, kty: "AKP" },
      { ...es.publicJwk, kid: 1 },
      { ...es.publicJwk, kid: "" },
      { ...es.publicJwk, crv: "secp256k1" },
      { ...es.publicJwk, crv: "P-384" },
      { ...es.publicJwk, x: `${String(es.publicJwk.x)}=` },
      { ...es.publicJwk, y: undefined },
      { ...rs.publicJwk, n: `${String(rs.publicJwk.n)} ` },
      { ...rs.publicJwk, n: "AQAB" },
      { ...rs.publicJwk, n: "w".repeat(2_000) },
      { ...rs.publicJwk, e: "Aw" },
      { ...rs.publicJwk, e: "Ag" },
      { kty: "OKP", crv: "X25519", x: "AAAA" },
      { kty: "OKP", crv: "Ed25519", x: "AAAA" },
      { ...es.publicJwk, alg: "HS256" },
      rs.publicJwk
    )
    assert.deepStrictEqual(found.keys.map(({ kid }) => kid), [es.kid, rs.kid, rs.kid])
    assert.deepStrictEqual(reasons(found), [
      "secret",
      "secret",
      "secret",
      "secret",
      "no_object",
      "no_object",
      "no_object",
      "key_type",
      "key_type",
      "kid",
      "kid",
      "curve",
      "encoding",
      "encoding",
      "encoding",
      "encoding",
      "modulus",
      "modulus",
      "exponent",
      "curve",
      "encoding",
      "algorithm"
    ])
  })

  it("keeps of a key only the members that name it", () => {
    const [key] = set({ ...es.publicJwk, x5c: ["MIIB"], x5u: "http://canary.test", "__proto__": {}, extra: 1 }).keys
    assert.deepStrictEqual(Object.keys(key?.jwk ?? {}), ["kty", "crv", "x", "y"])
  })

  it.effect("a point that is not on its curve is skipped when it is imported", () =>
    Effect.gen(function*() {
      const signature = yield* Signature
      const keys = yield* KeySet.prepare(
        set({ ...es.publicJwk, x: es.publicJwk.y }, rs.publicJwk),
        signature,
        Algorithms
      )
      assert.deepStrictEqual(keys.skipped, [{ kid: es.kid, reason: "unusable" }])
      assert.deepStrictEqual(keys.keys, [{ kid: rs.kid, algorithms: ["RS256"] }])
    }).pipe(Effect.provide(NodeSignature.layer)))

  it("has one fingerprint for the same keys, another for others", () => {
    const { fingerprint } = set(es.publicJwk, rs.publicJwk)
    assert.strictEqual(set({ extra: 1, ...es.publicJwk }, { kty: "oct" }, rs.publicJwk).fingerprint, fingerprint)
    for (
      const other of [
        set(es.publicJwk),
        set({ ...es.publicJwk, kid: "x" }, rs.publicJwk),
        set({ ...es.publicJwk, kid: undefined }, rs.publicJwk),
        set(es.publicJwk, { ...rs.publicJwk, alg: "RS512" }),
        set(es.publicJwk, { ...rs.publicJwk, alg: undefined })
      ]
    ) assert.notStrictEqual(other.fingerprint, fingerprint)
  })

  it.effect("threat B04, RULES D8: a key is chosen by algorithm and kid; without kid only when one fits", () =>
    Effect.gen(function*() {
      const { alg: _, ...anyRsa } = rs.publicJwk
      const { kid: _kid, ...unnamed } = a.key("a.idp.test-ed25519").publicJwk
      const keys = yield* KeySet.prepare(set(es.publicJwk, anyRsa, unnamed), yield* Signature, [
        "ES256",
        "RS256",
        "RS512",
        "Ed25519"
      ])
      const found = offered(keys, [
        ["ES256", es.kid],
        ["ES256", rs.kid],
        ["ES256", undefined],
        ["RS256", rs.kid],
        ["RS512", rs.kid],
        ["RS384", rs.kid],
        ["EdDSA", undefined],
        ["Ed25519", undefined],
        ["Ed25519", "any"],
        ["HS256", rs.kid],
        ["none", undefined],
        ["__proto__", "__proto__"],
        ["ES256", "__proto__"]
      ])
      assert.deepStrictEqual(found, [1, 0, 1, 1, 1, 0, 1, 1, 0, 0, 0, 0, 0])
    }).pipe(Effect.provide(NodeSignature.layer)))

  it.effect("threat C10: keys of one kid are tried in at most four tries", () =>
    Effect.gen(function*() {
      const others = yield* Effect.forEach(Array.from({ length: 5 }), () => TestIssuer.makeKey("ES256", es.kid))
      const token = yield* a.token({ now })
      const found: Array<string> = []
      for (let position = 0; position <= 5; position++) {
        const keys = others.toSpliced(position, 0, es).map(({ publicJwk }) => publicJwk)
        found.push(yield* verdict(token).pipe(Effect.provide(layer([a.settings({ jwks: { keys } })]))))
      }
      assert.deepStrictEqual(found, ["accepted", "accepted", "accepted", "accepted", "signature", "signature"])
    }))
})

describe("KeySet of PEM", () => {
  it("reads certificates and public keys, and says of each block why it is not used", () => {
    const found = parsed(certificates)
    const algorithms = found.keys.map((key) => key.algorithms[0])
    assert.deepStrictEqual(algorithms, ["RS256", "ES256", "ES512", "EdDSA"])
    // The second block is the key of the first; the last certificate is of a curve that no algorithm here uses.
    assert.deepStrictEqual(found.skipped, [{ kid: null, reason: "key_type" }])
  })

  it("reads from a certificate the key that OpenSSL reads", () => {
    for (const block of certificates.split(/(?<=-----END [A-Z ]+-----\n)/)) {
      const key = block.includes("CERTIFICATE") ? new X509Certificate(block).publicKey : createPublicKey(block)
      const [found] = parsed(block).keys
      if (found === undefined) assert.strictEqual(key.asymmetricKeyDetails?.namedCurve, "secp256k1")
      else assert.deepEqual({ ...found.jwk }, key.export({ format: "jwk" }))
    }
  })

  it("refuses private keys and DER that is cut or has something after it", () => {
    const [block = ""] = certificates.split(/(?<=-----END [A-Z ]+-----\n)/)
    const body = block.replaceAll(/-----[A-Z ]+-----|\s/g, "")
    const der = Buffer.from(body, "base64")
    const wrapped = (label: string, bytes: Uint8Array) =>
      `-----BEGIN ${label}-----\n${Buffer.from(bytes).toString("base64")}\n-----END ${label}-----\n`
    assert.deepStrictEqual(reasons(parsed(wrapped("PRIVATE KEY", der))), ["secret"])
    assert.deepStrictEqual(reasons(parsed(wrapped("RSA PRIVATE KEY", der))), ["secret"])
    for (let length = 0; length < der.length; length += 7) {
      assert.deepStrictEqual(parsed(wrapped("CERTIFICATE", der.subarray(0, length))).keys, [])
    }
    assert.deepStrictEqual(parsed(wrapped("CERTIFICATE", Buffer.concat([der, Buffer.from([0])]))).keys, [])
    assert.deepStrictEqual(parsed(wrapped("PUBLIC KEY", der)).keys, [])
    assert.deepStrictEqual(parsed(wrapped("X", der)).keys, [])
  })

  it.effect("a key of PEM stands for any kid, since PEM cannot name one", () =>
    Effect.gen(function*() {
      const pem = createPublicKey({ key: { ...es.publicJwk }, format: "jwk" }).export({ type: "spki", format: "pem" })
        .toString()
      const keys = yield* KeySet.prepare(parsed(pem), yield* Signature, Algorithms)
      assert.deepStrictEqual(offered(keys, [["ES256", "x"], ["ES256", undefined], ["RS256", "x"]]), [1, 1, 0])
    }).pipe(Effect.provide(NodeSignature.layer)))
})
