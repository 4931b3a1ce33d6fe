/** Threats, group A: signature, algorithm and key choice. Every row is a table; the verdict is the operator's reason. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { createHmac, createPublicKey } from "node:crypto"
import * as TestIssuer from "../../src/testing/Issuer.ts"
import { layer, now, verdict, verdicts, world } from "../support/TokenWorld.ts"

const { a, evil } = await world

const es = a.key("a.idp.test-es256")
const rs = a.key("a.idp.test-rs256")
const claims = TestIssuer.claimsOf(a.iss, now)
const header = TestIssuer.headerOf(es)
const A = layer([a.settings()])

/** Every entry of a table has one verdict. */
const all = (found: Readonly<Record<string, string>>, verdict: string) =>
  assert.deepStrictEqual(found, Object.fromEntries(Object.keys(found).map((name) => [name, verdict])))

const parts = (text: string) => {
  const [head = "", body = "", signature = ""] = text.split(".")
  return { head, body, signature }
}

describe("threats A: signature, algorithm and key choice", () => {
  it.effect("threat A01: an unsigned token is refused, however its algorithm is spelled", () =>
    Effect.gen(function*() {
      const { signature } = parts(yield* a.token({ now }))
      const unsigned = ["none", "None", "NONE", "nOnE", "none "].map((alg) =>
        [alg, `${TestIssuer.part({ ...header, alg })}.${TestIssuer.part(claims)}`] as const
      )
      all(yield* verdicts(Object.fromEntries(unsigned.map(([alg, text]) => [alg, `${text}.`]))), "malformed")
      all(yield* verdicts(Object.fromEntries(unsigned.map(([alg, text]) => [alg, text]))), "opaque_refused")
      all(
        yield* verdicts(Object.fromEntries(unsigned.map(([alg, text]) => [alg, `${text}.${signature}`]))),
        "algorithm"
      )
    }).pipe(Effect.provide(A)))

  it.effect("threat A02: a public key is no HMAC secret, in whatever form", () =>
    Effect.gen(function*() {
      const key = createPublicKey({ key: { ...rs.publicJwk }, format: "jwk" })
      const pem = key.export({ type: "spki", format: "pem" }).toString()
      const secrets = {
        pem,
        "pem without its last newline": pem.trimEnd(),
        "pem after a space": ` ${pem}`,
        der: key.export({ type: "spki", format: "der" }),
        n: Buffer.from(String(rs.publicJwk.n), "base64url"),
        jwk: JSON.stringify(rs.publicJwk)
      }
      for (const [alg, hash] of [["HS256", "sha256"], ["HS384", "sha384"], ["HS512", "sha512"]] as const) {
        const text = `${TestIssuer.part({ alg, kid: rs.kid, typ: "JWT" })}.${TestIssuer.part(claims)}`
        const tokens = Object.entries(secrets).map(([name, secret]) =>
          [name, `${text}.${createHmac(hash, secret).update(text).digest("base64url")}`] as const
        )
        all(yield* verdicts(Object.fromEntries(tokens)), "algorithm")
      }
    }).pipe(Effect.provide(A)))

  it.effect("threat A03: an unknown kid is no empty HMAC key", () =>
    Effect.gen(function*() {
      const text = `${TestIssuer.part({ alg: "HS256", kid: "nope" })}.${TestIssuer.part(claims)}`
      const token = `${text}.${createHmac("sha256", "").update(text).digest("base64url")}`
      assert.strictEqual(yield* verdict(token), "algorithm")
    }).pipe(Effect.provide(A)))

  it.effect("threat A04: blank, degenerate and DER-coded ECDSA signatures are refused", () =>
    Effect.gen(function*() {
      const good = yield* a.token({ now })
      const { body, head, signature } = parts(good)
      const order = Buffer.from("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", "hex")
      const before = Buffer.from(order)
      before[31] = (before[31] ?? 0) - 1
      const zero = Buffer.alloc(32)
      const one = Buffer.concat([Buffer.alloc(31), Buffer.from([1])])
      const raw = Buffer.from(signature, "base64url")
      const der = Buffer.concat([
        Buffer.from([0x30, 70, 0x02, 33, 0]),
        raw.subarray(0, 32),
        Buffer.from([0x02, 33, 0]),
        raw.subarray(32)
      ])
      const signatures = {
        "64 zero bytes": Buffer.concat([zero, zero]),
        "r=0, s=1": Buffer.concat([zero, one]),
        "r=1, s=0": Buffer.concat([one, zero]),
        "r=n, s=n": Buffer.concat([order, order]),
        "r=s=n-1": Buffer.concat([before, before]),
        "DER form": der,
        "one byte more": Buffer.concat([raw, Buffer.from([0])]),
        "one byte less": raw.subarray(0, 63),
        "96 bytes, padded": Buffer.concat([Buffer.alloc(16), raw.subarray(0, 32), Buffer.alloc(16), raw.subarray(32)])
      }
      assert.strictEqual(yield* verdict(good), "accepted")
      all(
        yield* verdicts(
          Object.fromEntries(
            Object.entries(signatures).map(([name, bytes]) => [name, `${head}.${body}.${bytes.toString("base64url")}`])
          )
        ),
        "signature"
      )
    }).pipe(Effect.provide(A)))

  it.effect("threat A05: a key that names no algorithm verifies only those that its issuer allows", () =>
    Effect.gen(function*() {
      const { alg: _alg, ...unnamed } = rs.publicJwk
      const signed = (alg: "RS256" | "RS384" | "RS512" | "PS256" | "PS512") =>
        TestIssuer.signAnything(rs, { alg, kid: rs.kid }, claims, alg)
      const tokens = { RS384: signed("RS384"), RS512: signed("RS512"), PS256: signed("PS256"), PS512: signed("PS512") }
      const narrow = layer([a.settings({ algorithms: ["RS256"], jwks: { keys: [unnamed] } })])
      all(yield* verdicts(tokens).pipe(Effect.provide(narrow)), "algorithm")
      assert.strictEqual(yield* Effect.flatMap(signed("RS256"), verdict).pipe(Effect.provide(narrow)), "accepted")
      const wide = layer([a.settings({ jwks: { keys: [unnamed] } })])
      all(yield* verdicts(tokens).pipe(Effect.provide(wide)), "accepted")
      const named = layer([a.settings({ jwks: { keys: [rs.publicJwk] } })])
      all(yield* verdicts(tokens).pipe(Effect.provide(named)), "unknown_key")
    }))

  it.effect("threat A06: a key inside the header is never looked at", () =>
    Effect.gen(function*() {
      const jwk = evil.key().publicJwk
      const signed = (extra: object) => TestIssuer.signAnything(evil.key(), { ...header, ...extra }, claims)
      const found = yield* verdicts({
        jwk: signed({ jwk }),
        x5c: signed({ x5c: ["MIIB"] }),
        "jwk, kid of its own": signed({ jwk, kid: jwk.kid }),
        "jwk without kid": signed({ jwk, kid: undefined })
      })
      assert.deepStrictEqual(found, {
        jwk: "signature",
        x5c: "signature",
        "jwk, kid of its own": "unknown_key",
        "jwk without kid": "signature"
      })
    }).pipe(Effect.provide(A)))

  it.effect("threat A07: an address of a key in the header is never asked", () =>
    Effect.gen(function*() {
      const urls = ["https://canary.test/keys", "http://169.254.169.254/", "file:///etc/passwd"]
      const tokens = urls.flatMap((url) =>
        ["jku", "x5u"].map((name) => [
          `${name} ${url}`,
          TestIssuer.signAnything(evil.key(), { ...header, [name]: url }, claims)
        ])
      )
      all(yield* verdicts(Object.fromEntries(tokens)), "signature")
    }).pipe(Effect.provide(A)))

  it.effect("threat A08: a kid is compared and never interpreted", () =>
    Effect.gen(function*() {
      const signed = (kid: unknown) => TestIssuer.signAnything(es, { ...header, kid }, claims)
      const strange = [
        "../../../../dev/null",
        "' OR 1=1--",
        "x\";id",
        "%00",
        "\u0000",
        "__proto__",
        "constructor",
        "toString",
        "hasOwnProperty"
      ]
      all(yield* verdicts(Object.fromEntries(strange.map((kid) => [kid, signed(kid)]))), "unknown_key")
      const wrong = { number: 1, null: null, object: {}, list: [], empty: "" }
      all(
        yield* verdicts(Object.fromEntries(Object.entries(wrong).map(([name, kid]) => [name, signed(kid)]))),
        "header"
      )
      assert.strictEqual(yield* Effect.flatMap(signed("k".repeat(200_000)), verdict), "too_long")
    }).pipe(Effect.provide(A)))

  it.effect("threat A09, A10: no extension is known, so `crit` and `b64` are refused whatever they say", () =>
    Effect.gen(function*() {
      const signed = (extra: object, payload: unknown = claims) =>
        TestIssuer.signAnything(es, { ...header, ...extra }, payload)
      const raw = `${TestIssuer.part({ ...header, crit: ["b64"], b64: false })}.${JSON.stringify(claims)}`
      all(
        yield* verdicts({
          "unknown extension": signed({ crit: ["x"], x: 1 }),
          "a registered name": signed({ crit: ["exp"], exp: now + 300 }),
          "empty list": signed({ crit: [] }),
          text: signed({ crit: "b64" }),
          null: signed({ crit: null }),
          "twice, b64 true": signed({ crit: ["b64", "b64"], b64: true }),
          "b64 true": signed({ crit: ["b64"], b64: true }),
          "b64 true without crit": signed({ b64: true }),
          "b64 false without crit": signed({ b64: false }),
          "b64 false, encoded payload": signed({ crit: ["b64"], b64: false })
        }),
        "critical_header"
      )
      assert.strictEqual(yield* verdict(`${raw}.${yield* es.sign(raw)}`), "malformed")
    }).pipe(Effect.provide(A)))

  it.effect("threat A11: a key that is not meant for this signature is not used", () =>
    Effect.gen(function*() {
      const token = yield* a.token({ now })
      const set = (change: object) =>
        layer([a.settings({ jwks: { keys: [{ ...es.publicJwk, ...change }, rs.publicJwk] } })])
      for (
        const change of [
          { use: "enc" },
          { key_ops: ["encrypt"] },
          { key_ops: ["sign"] },
          { key_ops: "verify" },
          { key_ops: ["verify", "verify"] },
          { alg: "ES384" },
          { alg: "RSA-OAEP" },
          { alg: null },
          { use: null }
        ]
      ) {
        assert.strictEqual(
          yield* verdict(token).pipe(Effect.provide(set(change))),
          "unknown_key",
          JSON.stringify(change)
        )
      }
      for (const change of [{ use: undefined }, { alg: undefined }, { use: undefined, key_ops: ["verify"] }]) {
        assert.strictEqual(yield* verdict(token).pipe(Effect.provide(set(change))), "accepted", JSON.stringify(change))
      }
    }))

  it.effect("threat A12: a weak RSA key is skipped, the others of its set still work", () =>
    Effect.gen(function*() {
      const small = yield* TestIssuer.makeKey("RS256", "small", 1024)
      const weak = { one: "AQ", even: "AQAA", "above 2^32": "AQAAAAE" }
      const members = Object.entries(weak).map(([kid, e]) => ({ ...rs.publicJwk, kid, e }))
      const set = layer([a.settings({ jwks: { keys: [small.publicJwk, ...members, es.publicJwk] } })])
      const found = yield* verdicts({
        small: TestIssuer.signAnything(small, TestIssuer.headerOf(small), claims),
        ...Object.fromEntries(
          Object.keys(weak).map((kid) => [kid, TestIssuer.signAnything(rs, { alg: "RS256", kid }, claims)])
        )
      }).pipe(Effect.provide(set))
      all(found, "unknown_key")
      assert.strictEqual(yield* Effect.flatMap(a.token({ now }), verdict).pipe(Effect.provide(set)), "accepted")
    }))

  it.effect("threat A13: nothing is decrypted, and no token is looked for inside another", () =>
    Effect.gen(function*() {
      const inner = `${TestIssuer.part({ alg: "none" })}.${TestIssuer.part(claims)}.`
      const jwe = [
        TestIssuer.part({ alg: "RSA-OAEP", enc: "A256GCM", kid: rs.kid, cty: "JWT" }),
        "QQ",
        "QQ",
        "QQ",
        "QQ"
      ]
      const found = yield* verdicts({
        encrypted: jwe.join("."),
        "a token as payload": TestIssuer.signAnything(es, { ...header, cty: "JWT" }, inner),
        "a token as a text": TestIssuer.signAnything(es, { ...header, cty: "JWT" }, JSON.stringify(inner)),
        "enc in three parts": TestIssuer.signAnything(es, { ...header, enc: "A256GCM" }, claims)
      })
      assert.deepStrictEqual(found, {
        encrypted: "opaque_refused",
        "a token as payload": "malformed",
        "a token as a text": "malformed",
        "enc in three parts": "header"
      })
    }).pipe(Effect.provide(A)))

  it.effect("threat A14: the JSON serializations are no bearer tokens", () =>
    Effect.gen(function*() {
      const { body, head, signature } = parts(yield* a.token({ now }))
      const flat = JSON.stringify({ payload: body, protected: head, signature })
      const general = JSON.stringify({ payload: body, signatures: [{ protected: head, signature }] })
      const found = yield* verdicts({
        flat,
        general,
        "flat in base64url": TestIssuer.part(flat),
        "general in base64url": TestIssuer.part(general)
      })
      assert.deepStrictEqual(found, {
        flat: "malformed",
        general: "malformed",
        "flat in base64url": "opaque_refused",
        "general in base64url": "opaque_refused"
      })
    }).pipe(Effect.provide(A)))

  it.effect("threat A15: a token has one spelling", () =>
    Effect.gen(function*() {
      const good = yield* a.token({ now })
      const { body, head, signature } = parts(good)
      const last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
      const same = signature.slice(0, -1) + last.charAt(last.indexOf(signature.slice(-1)) + 1)
      assert.deepEqual(Buffer.from(same, "base64url"), Buffer.from(signature, "base64url"))
      assert.strictEqual(yield* verdict(good), "accepted")
      all(
        yield* verdicts({
          "space after": `${good} `,
          "space before": ` ${good}`,
          "newline after": `${good}\n`,
          "form feed after": `${good}\f`,
          "carriage return": `${good}\r`,
          "zero byte after": `${good}\u0000`,
          "tab inside": `${head}.${body}.${signature.slice(0, 9)}\t${signature.slice(9)}`,
          padding: `${good}==`,
          "padding of the header": `${head}=.${body}.${signature}`,
          "stray low bits": `${head}.${body}.${same}`,
          "the other alphabet": `${head}.${body}.${signature.slice(0, -4)}ab+/`,
          "no-break space": `${good}\u00a0`,
          "a letter that folds to ASCII": good.replace("k", "\u212a")
        }),
        "malformed"
      )
    }).pipe(Effect.provide(A)))
})
