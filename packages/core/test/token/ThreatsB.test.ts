/** Threats, group B: claims. Every row is a table; the verdict is the operator's reason. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as TestIssuer from "../../src/testing/Issuer.ts"
import { layer, now, verdict, verdicts, world } from "../support/TokenWorld.ts"

const { a, b, c } = await world

const es = a.key()
const header = TestIssuer.headerOf(es)
const A = layer([a.settings()])
const AB = layer([a.settings(), b.settings()])

const all = (found: Readonly<Record<string, string>>, verdict: string) =>
  assert.deepStrictEqual(found, Object.fromEntries(Object.keys(found).map((name) => [name, verdict])))

/** Tokens of A with one change of the claims each. */
const changed = (changes: Readonly<Record<string, Readonly<Record<string, unknown>>>>) =>
  Object.fromEntries(Object.entries(changes).map(([name, claims]) => [name, a.token({ now, claims })]))

describe("threats B: claims", () => {
  it.effect("threat B01: a member twice is refused at any depth and in any spelling", () =>
    Effect.gen(function*() {
      const body = JSON.stringify(TestIssuer.claimsOf(a.iss, now)).slice(1)
      const signed = (head: unknown, payload: unknown) => TestIssuer.signAnything(es, head, payload)
      const text = JSON.stringify(header).slice(1)
      all(
        yield* verdicts({
          "alg in the header": signed(`{"alg":"none",${text}`, `{${body}`),
          "kid, escaped": signed(`{"\\u006bid":"x",${text}`, `{${body}`),
          sub: signed(header, `{"sub":"adm-1",${body}`),
          "sub, escaped": signed(header, `{"\\u0073ub":"adm-1",${body}`),
          exp: signed(header, `{"exp":${now - 900},${body}`),
          "the same value": signed(header, `{"sub":"u-1",${body}`),
          nested: signed(header, `{"realm_access":{"roles":[],"roles":["admin"]},${body}`),
          "in a list": signed(header, `{"x":[{"a":1,"a":2}],${body}`),
          "__proto__": signed(header, `{"__proto__":1,"__proto__":2,${body}`)
        }),
        "duplicate_member"
      )
    }).pipe(Effect.provide(A)))

  it.effect("payload and header are strict JSON in UTF-8", () =>
    Effect.gen(function*() {
      const body = JSON.stringify(TestIssuer.claimsOf(a.iss, now))
      const bytes = (octets: Uint8Array) => {
        const text = `${TestIssuer.part(header)}.${Buffer.from(octets).toString("base64url")}`
        return Effect.map(es.sign(text), (signature) => `${text}.${signature}`)
      }
      const signed = (payload: string) => TestIssuer.signAnything(es, header, payload)
      all(
        yield* verdicts({
          "byte order mark": signed(`\ufeff${body}`),
          "no UTF-8": bytes(
            Buffer.concat([Buffer.from(`{"name":"`), Buffer.from([0xff]), Buffer.from(`",${body.slice(1)}`)])
          ),
          "overlong UTF-8": bytes(
            Buffer.concat([Buffer.from(`{"name":"`), Buffer.from([0xc1, 0xa1]), Buffer.from(`",${body.slice(1)}`)])
          ),
          "surrogates in UTF-8": bytes(
            Buffer.concat([
              Buffer.from(`{"name":"`),
              Buffer.from([0xed, 0xa0, 0x80]),
              Buffer.from(`",${body.slice(1)}`)
            ])
          ),
          "UTF-16": bytes(Buffer.from(body, "utf16le")),
          "comma at the end": signed(body.replace("}", ",}")),
          comment: signed(`${body}//`),
          "two values": signed(`${body}{}`),
          "a list": signed(`[${body}]`),
          "a text": signed(JSON.stringify(body)),
          null: signed("null"),
          "single quotes": signed(body.replaceAll("\"", "'")),
          NaN: signed(body.replace(String(now), "NaN")),
          "a number beyond all numbers": signed(`{"x":1e999,${body.slice(1)}`),
          "nested 40 deep": signed(`{"x":${"[".repeat(40)}${"]".repeat(40)},${body.slice(1)}`)
        }),
        "malformed"
      )
      assert.strictEqual(yield* Effect.flatMap(signed(` \r\n\t${body} `), verdict), "accepted")
      assert.strictEqual(
        yield* Effect.flatMap(signed(`{"name":"Zo\u00eb \u65e5\u672c \u{1f600}",${body.slice(1)}`), verdict),
        "accepted"
      )
    }).pipe(Effect.provide(A)))

  it.effect("threat B02: the issuer is compared byte for byte", () =>
    Effect.gen(function*() {
      all(
        yield* verdicts(changed({
          "a list": { iss: [a.iss] },
          "slash after": { iss: `${a.iss}/` },
          capitals: { iss: a.iss.toUpperCase() },
          "one letter less": { iss: a.iss.slice(0, -1) },
          "another host after": { iss: `${a.iss}.evil.test` },
          fragment: { iss: `${a.iss}#x` },
          missing: { iss: undefined },
          empty: { iss: "" },
          null: { iss: null },
          "a word of the file": { iss: "any" },
          prototype: { iss: "__proto__" }
        })),
        "issuer"
      )
    }).pipe(Effect.provide(AB)))

  it.effect("threat B03: the key of one issuer never speaks for another", () =>
    Effect.gen(function*() {
      const claims = TestIssuer.claimsOf(a.iss, now)
      const found = yield* verdicts({
        "kid of B": TestIssuer.signAnything(b.key(), TestIssuer.headerOf(b.key()), claims),
        "kid of A": TestIssuer.signAnything(b.key(), header, claims),
        "no kid": TestIssuer.signAnything(b.key(), { alg: "ES256" }, claims)
      })
      assert.deepStrictEqual(found, { "kid of B": "unknown_key", "kid of A": "signature", "no kid": "signature" })
    }).pipe(Effect.provide(AB)))

  it.effect("threat B04: equal and joined kids of two issuers stay apart, in any order", () =>
    Effect.gen(function*() {
      const named = (issuer: TestIssuer.TestIssuer, iss: string, kid: string) => ({
        settings: issuer.settings({ id: iss, issuer: iss, jwks: { keys: [{ ...issuer.key().publicJwk, kid }] } }),
        token: (as = iss) => TestIssuer.signAnything(issuer.key(), { alg: "ES256", kid }, TestIssuer.claimsOf(as, now))
      })
      for (const [left, right] of [["1", "1"], ["b/1", "1"]] as const) {
        const first = named(a, "https://x.test/a", left)
        const second = named(b, "https://x.test/a/b", right)
        const live = layer([first.settings, second.settings])
        const crossed = left === right ? "signature" : "unknown_key"
        for (const order of [[first, second], [second, first]] as const) {
          const [one, other] = order
          const found = yield* verdicts({
            good: one.token(),
            crossed: one.token(other.settings.issuer),
            again: other.token()
          }).pipe(Effect.provide(live))
          assert.deepStrictEqual(found, { good: "accepted", crossed, again: "accepted" })
        }
      }
    }))

  it.effect("threat B05: an issuer that nobody lists is refused without asking anybody", () =>
    Effect.gen(function*() {
      const strange = [c.iss, "http://169.254.169.254/", "file:///x", "https://canary.test", "x".repeat(10_000)]
      all(
        yield* verdicts(Object.fromEntries(strange.map((iss) => [iss, c.token({ now, claims: { iss } })]))),
        "issuer"
      )
      assert.strictEqual(
        yield* Effect.flatMap(c.token({ now, claims: { iss: "x".repeat(64_000) } }), verdict),
        "too_long"
      )
    }).pipe(Effect.provide(AB)))

  it.effect("threat B06: a token for another service is refused", () =>
    Effect.gen(function*() {
      all(
        yield* verdicts(changed({
          missing: { aud: undefined },
          null: { aud: null },
          empty: { aud: "" },
          "empty list": { aud: [] },
          other: { aud: "https://other.test" },
          "host after": { aud: "https://api.test.evil" },
          "slash after": { aud: "https://api.test/" },
          "part of a text": { aud: "x https://api.test" },
          object: { aud: { "https://api.test": 1 } },
          "list in a list": { aud: [["https://api.test"]] },
          "list with an object": { aud: ["https://api.test", {}] },
          number: { aud: 7 }
        })),
        "audience"
      )
      all(yield* verdicts(changed({ text: {}, list: { aud: ["https://other.test", "https://api.test"] } })), "accepted")
    }).pipe(Effect.provide(A)))

  it.effect("RULES D2: `any` opts out of the audience, alone", () =>
    Effect.gen(function*() {
      const any = layer([a.settings({ audience: "any" })])
      const tokens = changed({ missing: { aud: undefined }, other: { aud: "x" }, "empty list": { aud: [] } })
      all(yield* verdicts(tokens).pipe(Effect.provide(any)), "accepted")
      const both = layer([a.settings({ audience: ["any", "https://api.test"] })])
      all(yield* verdicts(tokens).pipe(Effect.provide(both)), "audience")
    }))

  it.effect("threat B07: an ID token is no access token where the issuer says so", () =>
    Effect.gen(function*() {
      const tokens = changed({
        "typ: ID": { typ: "ID" },
        nonce: { nonce: "n", scope: undefined },
        at_hash: { at_hash: "h", scope: undefined }
      })
      const access = layer([a.settings({ tokens: "access" })])
      all(yield* verdicts(tokens).pipe(Effect.provide(access)), "token_kind")
      all(yield* verdicts(tokens).pipe(Effect.provide(A)), "accepted")
      const good = changed({ bearer: { typ: "Bearer" }, "nonce with scope": { nonce: "n" } })
      all(yield* verdicts(good).pipe(Effect.provide(access)), "accepted")
    }))

  it.effect("threat B08: other kinds of JWT are refused by their typ", () =>
    Effect.gen(function*() {
      const typed = (types: ReadonlyArray<unknown>) =>
        Object.fromEntries(types.map((typ) => [String(typ), a.token({ now, header: { typ } })]))
      const others = [
        "logout+jwt",
        "secevent+jwt",
        "dpop+jwt",
        "oauth-authz-req+jwt",
        "",
        "JWE",
        "at+jwt ",
        {},
        1,
        null
      ]
      all(yield* verdicts(typed(others)).pipe(Effect.provide(A)), "type")
      const known = ["JWT", "jwt", "AT+JWT", "at+jwt", "application/at+jwt", "Application/AT+JWT", undefined]
      all(yield* verdicts(typed(known)).pipe(Effect.provide(A)), "accepted")
      // RULES D70: a grant is no token, whatever an issuer says of types.
      const granting = layer([a.settings({ types: ["JWT", "oauth-id-jag+jwt"] })])
      const grants = typed(["oauth-id-jag+jwt", "OAuth-ID-JAG+jwt"])
      all(yield* verdicts(grants).pipe(Effect.provide(granting)), "type")
      const narrow = layer([a.settings({ types: ["at+jwt"] })])
      const found = yield* verdicts(typed(["JWT", "at+jwt", "application/at+jwt", undefined])).pipe(
        Effect.provide(narrow)
      )
      assert.deepStrictEqual(found, {
        JWT: "type",
        "at+jwt": "accepted",
        "application/at+jwt": "accepted",
        undefined: "accepted"
      })
    }))

  it.effect("threat B09: a token must end, within a bounded life, at a time that is one", () =>
    Effect.gen(function*() {
      const found = yield* verdicts(changed({
        missing: { exp: undefined },
        null: { exp: null },
        text: { exp: "9999999999" },
        negative: { exp: -1 },
        "ten years": { exp: now + 315_360_000 },
        "ten years, no iat": { exp: now + 315_360_000, iat: undefined },
        "a second over a day": { exp: now + 86_401 },
        milliseconds: { exp: (now + 300) * 1000 },
        list: { exp: [now + 300] },
        true: { exp: true },
        "iat as text": { iat: String(now) },
        "nbf as object": { nbf: {} }
      }))
      assert.deepStrictEqual(found, {
        missing: "expiry",
        null: "time_claim",
        text: "time_claim",
        negative: "time_claim",
        "ten years": "expiry",
        "ten years, no iat": "expiry",
        "a second over a day": "expiry",
        milliseconds: "time_claim",
        list: "time_claim",
        true: "time_claim",
        "iat as text": "time_claim",
        "nbf as object": "time_claim"
      })
      all(yield* verdicts(changed({ "a day": { exp: now + 86_400 }, fraction: { exp: now + 0.5 } })), "accepted")
    }).pipe(Effect.provide(A)))

  it.effect("RULES D3: what the issuer need not say, and how long a token may then live", () =>
    Effect.gen(function*() {
      const tokens = changed({
        missing: { exp: undefined, iat: undefined },
        "missing, issued yesterday": { exp: undefined, iat: now - 90_000 },
        "ten years": { exp: now + 315_360_000 }
      })
      const open = layer([a.settings({ expiry: { required: false, maxLifetime: "none" } })])
      all(yield* verdicts(tokens).pipe(Effect.provide(open)), "accepted")
      const bounded = layer([a.settings({ expiry: { required: false } })])
      assert.deepStrictEqual(yield* verdicts(tokens).pipe(Effect.provide(bounded)), {
        missing: "accepted",
        "missing, issued yesterday": "expired",
        "ten years": "expiry"
      })
    }))

  it.effect("threat B10: the clocks may differ by the skew, and by no more", () =>
    Effect.gen(function*() {
      const tokens = changed({
        "exp 59 s ago": { iat: now - 300, exp: now - 59 },
        "exp 60 s ago": { iat: now - 300, exp: now - 60 },
        "exp 61 s ago": { iat: now - 300, exp: now - 61 },
        "nbf in 59 s": { nbf: now + 59 },
        "nbf in 61 s": { nbf: now + 61 },
        "iat in 59 s": { iat: now + 59 },
        "iat in 61 s": { iat: now + 61 },
        "iat after exp": { iat: now + 30, exp: now + 20 }
      })
      assert.deepStrictEqual(yield* verdicts(tokens).pipe(Effect.provide(A)), {
        "exp 59 s ago": "accepted",
        "exp 60 s ago": "expired",
        "exp 61 s ago": "expired",
        "nbf in 59 s": "accepted",
        "nbf in 61 s": "not_yet_valid",
        "iat in 59 s": "accepted",
        "iat in 61 s": "issued_in_future",
        "iat after exp": "time_claim"
      })
      const exact = layer([a.settings({ expiry: { skew: "0s" } })])
      const found = yield* verdicts(changed({ now: { iat: now - 9, exp: now }, later: { iat: now + 1 } })).pipe(
        Effect.provide(exact)
      )
      assert.deepStrictEqual(found, { now: "expired", later: "issued_in_future" })
    }))

  it.effect("threat B11: a subject or a token id that is no text is refused, used or not", () =>
    Effect.gen(function*() {
      const values = { number: 1, list: [], object: {}, true: true, null: null }
      const wrong = (name: string) =>
        changed(Object.fromEntries(Object.entries(values).map(([what, value]) => [what, { [name]: value }])))
      all(yield* verdicts(wrong("sub")), "subject")
      all(yield* verdicts(wrong("jti")), "token_id")
      assert.strictEqual(
        yield* Effect.flatMap(a.token({ now, claims: { sub: "x".repeat(1_000_000) } }), verdict),
        "too_long"
      )
      // Whether a subject may be missing or empty is decided where it is read.
      all(yield* verdicts(changed({ missing: { sub: undefined }, empty: { sub: "" } })), "accepted")
    }).pipe(Effect.provide(A)))

  it.effect("threat B13, RULES D36: a token bound to a key of its sender is refused unless the issuer ignores that", () =>
    Effect.gen(function*() {
      const tokens = changed({
        jkt: { cnf: { jkt: "0ZcOCORZNYy" } },
        "x5t#S256": { cnf: { "x5t#S256": "bwcK0esc" } },
        empty: { cnf: {} },
        text: { cnf: "x" }
      })
      all(yield* verdicts(tokens).pipe(Effect.provide(A)), "confirmation")
      all(yield* verdicts(tokens).pipe(Effect.provide(layer([a.settings({ confirmation: "ignore" })]))), "accepted")
    }))

  it.effect("threat B17: audiences and issuers are texts, never patterns, and every answer is the same", () =>
    Effect.gen(function*() {
      const live = layer([a.settings({ audience: ["https://api.test", "https://*.test", ".*"] })])
      const hostile = changed({
        "dot as wildcard": { aud: "https://apixtest" },
        star: { aud: "https://other.test" },
        long: { aud: `${"a".repeat(10_000)}!` }
      })
      all(yield* verdicts(hostile).pipe(Effect.provide(live)), "audience")
      const good = yield* a.token({ now })
      const found = yield* verdicts(Object.fromEntries(Array.from({ length: 10 }, (_, i) => [i, good]))).pipe(
        Effect.provide(live)
      )
      all(found, "accepted")
    }))

  it.effect("RULES D51: required claims must hold one of their values, exactly", () =>
    Effect.gen(function*() {
      const live = layer([a.settings({ require: { tid: "t-9", "realm.owner": ["acme", 7] } })])
      const found = yield* verdicts(changed({
        good: { tid: "t-9", realm: { owner: "acme" } },
        number: { tid: "t-9", realm: { owner: 7 } },
        "in a list": { tid: ["t-1", "t-9"], realm: { owner: ["acme"] } },
        missing: { realm: { owner: "acme" } },
        other: { tid: "t-8", realm: { owner: "acme" } },
        "number as text": { tid: "t-9", realm: { owner: "7" } },
        object: { tid: { "t-9": true }, realm: { owner: "acme" } },
        "dot in a name": { tid: "t-9", "realm.owner": "acme" }
      })).pipe(Effect.provide(live))
      assert.deepStrictEqual(found, {
        good: "accepted",
        number: "accepted",
        "in a list": "accepted",
        missing: "required_claim",
        other: "required_claim",
        "number as text": "required_claim",
        object: "required_claim",
        "dot in a name": "required_claim"
      })
    }))

  it.effect("no claim of a payload reaches a prototype", () =>
    Effect.gen(function*() {
      const body = JSON.stringify(TestIssuer.claimsOf(a.iss, now)).slice(1)
      const token = TestIssuer.signAnything(
        es,
        header,
        `{"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}},${body}`
      )
      assert.strictEqual(yield* Effect.flatMap(token, verdict), "accepted")
      assert.isUndefined(Reflect.get({}, "admin"))
    }).pipe(Effect.provide(A)))
})
