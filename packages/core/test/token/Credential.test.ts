import { assert, describe, it } from "@effect/vitest"
import { type Credential, read } from "../../src/token/Credential.ts"

const credentials = ["authorization", "x-api-key"]

/** What is found in these headers, in short. */
const found = (rawHeaders: ReadonlyArray<string>, headers?: ReadonlyArray<string>): string => {
  const credential: Credential = read({ rawHeaders }, headers)
  return credential._tag === "Token" ? credential.token : credential._tag
}

describe("Credential", () => {
  it("finds one bearer token, whatever the case of header and scheme", () => {
    for (const name of ["authorization", "Authorization", "AUTHORIZATION"]) {
      for (const scheme of ["Bearer", "bearer", "BEARER", "bEaReR"]) {
        assert.strictEqual(found(["host", "x", name, `${scheme} a.b-c_d~e+f/g==`]), "a.b-c_d~e+f/g==")
      }
    }
    assert.strictEqual(found(["authorization", "Bearer   abc"]), "abc")
  })

  it("threat B18: what is no bearer credential is absent, and an absent one is not a bad one", () => {
    for (
      const rawHeaders of [
        [],
        ["host", "gate.test"],
        ["authorization", ""],
        ["authorization", "Basic dTpw"],
        ["authorization", "Digest username=\"u\", realm=\"r\""],
        ["authorization", "Bearer"],
        ["authorization", "Bearer "],
        ["authorization", "Bearerabc"],
        ["authorization", "abc"],
        ["cookie", "access_token=abc"],
        ["x-api-key", "abc"],
        ["proxy-authorization", "Bearer abc"]
      ]
    ) assert.strictEqual(found(rawHeaders), "Absent", rawHeaders.join(" | "))
  })

  it("threat B18: a bearer credential with white space in it is bad", () => {
    for (const value of ["Bearer a b", "Bearer a\tb", "Bearer abc ", "Bearer \tabc"]) {
      assert.strictEqual(found(["authorization", value]), "Bad", JSON.stringify(value))
    }
  })

  it("threat E04: two carriers conflict, even when they agree", () => {
    for (
      const rawHeaders of [
        ["authorization", "Bearer good", "authorization", "Bearer bad"],
        ["authorization", "Bearer bad", "host", "x", "Authorization", "Bearer good"],
        ["authorization", "Bearer same", "authorization", "Bearer same"],
        ["authorization", "Basic dTpw", "authorization", "Bearer good"],
        ["authorization", "Bearer good", "authorization", ""],
        ["authorization", "Bearer a, Bearer b"],
        ["authorization", "Bearer a,b"],
        ["authorization", "Basic dTpw, Bearer good"],
        ["authorization", "Basic dTpw,bearer good"]
      ]
    ) assert.strictEqual(found(rawHeaders), "Conflicting", rawHeaders.join(" | "))
  })

  it("RULES D44: other headers carry a bare token only when they are named", () => {
    assert.strictEqual(found(["X-Api-Key", "abc"], credentials), "abc")
    assert.strictEqual(found(["X-Api-Key", "abc"]), "Absent")
    assert.strictEqual(found(["authorization", "Bearer abc"], ["x-api-key"]), "Absent")
    assert.strictEqual(found(["x-api-key", "Bearer abc"], credentials), "abc")
    assert.strictEqual(found(["x-api-key", "bearer  abc"], credentials), "abc")
    assert.strictEqual(found(["x-api-key", "Bearer"], credentials), "Absent")
    assert.strictEqual(found(["x-api-key", "Basic abc"], credentials), "Bad")
    assert.strictEqual(found(["Cf-Access-Jwt-Assertion", "abc"], ["cf-access-jwt-assertion"]), "abc")
    assert.strictEqual(found(["x-api-key", "", "authorization", "Bearer abc"], credentials), "abc")
    assert.strictEqual(found(["x-api-key", "abc", "authorization", "Basic dTpw"], credentials), "abc")
  })

  it("RULES D44: the same token in two carriers is one credential", () => {
    assert.strictEqual(found(["x-api-key", "abc", "authorization", "Bearer abc"], credentials), "abc")
    assert.strictEqual(found(["authorization", "Bearer abc", "x-api-key", "Bearer abc"], credentials), "abc")
  })

  it("RULES D44: two tokens in two carriers conflict", () => {
    assert.strictEqual(found(["x-api-key", "abc", "authorization", "Bearer abcd"], credentials), "Conflicting")
    assert.strictEqual(found(["x-api-key", "abc", "authorization", "Bearer a b"], credentials), "Conflicting")
    assert.strictEqual(found(["x-api-key", "a", "X-API-KEY", "b"], credentials), "Conflicting")
    assert.strictEqual(found(["x-api-key", "a, b"], credentials), "Conflicting")
    assert.strictEqual(found(["x-api-key", "Bearer a, Bearer b"], credentials), "Conflicting")
    assert.strictEqual(found(["x-api-key", "a", "X-API-KEY", "a"], credentials), "Conflicting")
  })

  it("RULES D44: a browser's subprotocol carries a token where it is named", () => {
    const carriers = ["authorization", "websocket-protocol"]
    const offered = (...lines: ReadonlyArray<string>) => lines.flatMap((it) => ["Sec-WebSocket-Protocol", it])
    const key = "openai-insecure-api-key."
    assert.strictEqual(found(offered(`realtime, ${key}a.b-c_d, openai-beta.realtime-v1`), carriers), "a.b-c_d")
    assert.strictEqual(found(offered("realtime", `${key}abc`), carriers), "abc")
    assert.strictEqual(found(offered(`${key}abc`)), "Absent")
    assert.strictEqual(found(offered("realtime"), carriers), "Absent")
    assert.strictEqual(found(offered(`${key}abc,${key}abc`), carriers), "abc")
    assert.strictEqual(found(offered(`${key}abc,${key}abd`), carriers), "Conflicting")
    assert.strictEqual(found(offered(`${key}abc`, `${key}abd`), carriers), "Conflicting")
    assert.strictEqual(found([...offered(`${key}abc`), "authorization", "Bearer abc"], carriers), "abc")
    assert.strictEqual(found([...offered(`${key}abc`), "authorization", "Bearer abd"], carriers), "Conflicting")
  })

  it("says which carriers do not agree", () => {
    const cause = (rawHeaders: ReadonlyArray<string>) => {
      const it = read({ rawHeaders }, credentials)
      return it._tag === "Conflicting" ? it.cause : it._tag
    }
    assert.strictEqual(cause(["authorization", "Bearer a", "x-api-key", "b"]), "authorization and x-api-key differ")
    assert.strictEqual(cause(["x-api-key", "a", "x-api-key", "b"]), "two values of x-api-key")
    assert.strictEqual(cause(["authorization", "Bearer a,Bearer b"]), "two values of authorization")
  })
})
