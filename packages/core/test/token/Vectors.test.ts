/** Published vectors: every verdict as labelled, deviations named in `expectations.json`. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, type Layer, Result } from "effect"
import * as KeySet from "../../src/keys/KeySet.ts"
import type { Algorithm } from "../../src/Settings.ts"
import * as NodeSignature from "../../src/token/NodeSignature.ts"
import * as PublicKey from "../../src/token/PublicKey.ts"
import { Signature } from "../../src/token/Signature.ts"
import { cookbook, expectations, isGenuine, published, wycheproof } from "../support/Vectors.ts"

const runtimes = {
  "node:crypto": NodeSignature.layer,
  WebCrypto: Signature.layer
} satisfies Record<string, Layer.Layer<Signature>>

const strict = (file: string, tcId: number): boolean | undefined => {
  const found = expectations.exceptions.find((it) =>
    it.file === `wycheproof/${file}_test.json` && it.tcIds.includes(tcId)
  )
  return found === undefined ? undefined : found.strict === "accept"
}

const asSet = (key: Readonly<Record<string, unknown>>) => "keys" in key ? key : { keys: [key] }

const raw: ReadonlyArray<readonly [string, Algorithm]> = [
  ["ecdsa_secp256r1_sha256_p1363", "ES256"],
  ["ecdsa_secp384r1_sha384_p1363", "ES384"],
  ["ecdsa_secp521r1_sha512_p1363", "ES512"],
  ["ed25519", "EdDSA"],
  ["rsa_pss_2048_sha256_mgf1_32", "PS256"],
  ["rsa_pss_2048_sha384_mgf1_48", "PS384"],
  ["rsa_pss_4096_sha512_mgf1_64", "PS512"],
  ["rsa_signature_2048_sha256", "RS256"],
  ["rsa_signature_2048_sha384", "RS384"],
  ["rsa_signature_2048_sha512", "RS512"]
]

/** The key of a raw group: its JWK, where it has one, else its PEM. */
const keyOf = (
  { keyJwk, publicKeyJwk, publicKeyPem = "" }: ReturnType<typeof wycheproof>[number],
  algorithm: Algorithm
): Result.Result<PublicKey.PublicKey, string> => {
  const jwk = publicKeyJwk ?? keyJwk
  return jwk === undefined
    ? Result.flatMap(
      KeySet.parse(publicKeyPem),
      ({ keys: [key] }) => key === undefined ? Result.fail("skipped") : Result.succeed(key)
    )
    : PublicKey.read({ ...jwk, alg: algorithm })
}

describe.each(Object.entries(runtimes))("vectors on %s", (runtime, layer) => {
  it.effect.each(["json_web_signature", "json_web_key", "json_web_crypto"])(
    "Wycheproof %s: each verdict of a group with a public key",
    (file) =>
      Effect.gen(function*() {
        const signature = yield* Signature
        let judged = 0
        for (const group of wycheproof(file)) {
          if (group.public === undefined) continue
          const keys = yield* published(asSet(group.public), signature)
          for (const { jws, result, tcId } of group.tests) {
            const expected = strict(file, tcId) ?? result === "valid"
            assert.strictEqual(yield* isGenuine(jws ?? "", keys), expected, `${file} ${tcId}`)
            judged++
          }
        }
        assert.strictEqual(judged, { json_web_signature: 361, json_web_key: 11, json_web_crypto: 29 }[file])
      }).pipe(Effect.provide(layer))
  )

  it.effect.each(["json_web_signature", "json_web_key", "json_web_crypto"])(
    "threat A02, A13: Wycheproof %s: nothing symmetric or encrypted is accepted, whatever the set publishes",
    (file) =>
      Effect.gen(function*() {
        const signature = yield* Signature
        let judged = 0
        for (const group of wycheproof(file)) {
          if (group.public !== undefined) continue
          const keys = yield* published(asSet(group.private ?? {}), signature)
          for (const { jwe, jws, tcId } of group.tests) {
            assert.isFalse(yield* isGenuine(jws ?? jwe ?? "", keys), `${file} ${tcId}`)
            judged++
          }
        }
        assert.strictEqual(judged, { json_web_signature: 40, json_web_key: 15, json_web_crypto: 54 }[file])
      }).pipe(Effect.provide(layer))
  )

  it.effect.each(raw)("threat A04: Wycheproof %s: each raw signature", ([file, algorithm]) =>
    Effect.gen(function*() {
      const signature = yield* Signature
      let judged = 0
      for (const group of wycheproof(file)) {
        const key = keyOf(group, algorithm)
        if (Result.isFailure(key)) return assert.fail(`${file}: ${key.failure}`)
        const verify = yield* signature.importKey(key.success.jwk, algorithm)
        for (const { msg = "", result, sig = "", tcId } of group.tests) {
          const message = Buffer.from(msg, "hex")
          // The signing input of a token is ASCII; the WebCrypto form takes nothing else.
          if (runtime === "WebCrypto" && message.some((it) => it > 0x7f)) continue
          const octets = Buffer.from(sig, "hex").toString("base64url")
          assert.strictEqual(yield* verify(message.toString("latin1"), octets), result === "valid", `${file} ${tcId}`)
          judged++
        }
      }
      assert.isAbove(judged, 50)
    }).pipe(Effect.provide(layer)))

  it.effect("JOSE cookbook: RS256, PS384, ES512 and EdDSA are good, all else is refused", () =>
    Effect.gen(function*() {
      const signature = yield* Signature
      const verdicts: Record<string, ReadonlyArray<boolean>> = {}
      for (
        const name of [
          "curve25519_jws",
          "jws_4_1.rsa_v15_signature",
          "jws_4_2.rsa-pss_signature",
          "jws_4_3.ecdsa_signature",
          "jws_4_4.hmac-sha2_integrity_protection",
          "jws_4_5.signature_with_detached_content",
          "jws_4_6.protecting_specific_header_fields",
          "jws_4_7.protecting_content_only",
          "jws_4_8.multiple_signatures",
          "rfc7797_hmac-sha2_b64_false"
        ]
      ) {
        const { input, output } = cookbook(name)
        const all = Array.isArray(input.key) ? input.key : [input.key]
        const publicParts = all.map((it: Readonly<Record<string, unknown>>) =>
          Object.fromEntries(
            Object.entries(it).filter(([member]) => !["d", "p", "q", "dp", "dq", "qi"].includes(member))
          )
        )
        const keys = yield* published({ keys: publicParts }, signature)
        verdicts[name] = yield* Effect.forEach(
          [output.compact ?? "", output.json ?? "", output.json_flat ?? ""],
          (it) => isGenuine(it, keys)
        )
      }
      const good = [true, false, false]
      const refused = [false, false, false]
      assert.deepStrictEqual(verdicts, {
        curve25519_jws: good,
        "jws_4_1.rsa_v15_signature": good,
        "jws_4_2.rsa-pss_signature": good,
        "jws_4_3.ecdsa_signature": good,
        "jws_4_4.hmac-sha2_integrity_protection": refused,
        "jws_4_5.signature_with_detached_content": refused,
        "jws_4_6.protecting_specific_header_fields": refused,
        "jws_4_7.protecting_content_only": refused,
        "jws_4_8.multiple_signatures": refused,
        "rfc7797_hmac-sha2_b64_false": refused
      })
    }).pipe(Effect.provide(layer)))
})

describe("vectors as PEM", () => {
  it.effect.each(raw)("the PEM form of a key of %s says the same as its JWK", ([file, algorithm]) =>
    Effect.sync(() => {
      for (const group of wycheproof(file)) {
        const jwk = keyOf(group, algorithm)
        const pem = KeySet.parse(group.publicKeyPem ?? "")
        if (Result.isFailure(jwk) || Result.isFailure(pem)) return assert.fail(file)
        assert.deepStrictEqual(pem.success.keys[0]?.jwk, jwk.success.jwk)
      }
    }))
})
