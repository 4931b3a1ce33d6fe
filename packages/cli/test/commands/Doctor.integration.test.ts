/** `jotgate doctor` beside systems that only a gate's own way reaches, and beside broken ones. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Issuer } from "@jotgate/core/testing"
import { Effect, FileSystem } from "effect"
import { execFileSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { createServer } from "node:https"
import { jotgate } from "../support/Shell.ts"

const secret = "a-token-for-the-key-set"

/** An issuer with a certificate that no machine knows, whose keys stand behind a token. */
const world = Effect.gen(function*() {
  const files = yield* FileSystem.FileSystem
  const folder = yield* files.makeTempDirectoryScoped()
  execFileSync("openssl", [
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"],
    ...["-subj", "/CN=id", "-addext", "subjectAltName=IP:127.0.0.1"],
    ...["-keyout", `${folder}/key.pem`, "-out", `${folder}/ca.pem`]
  ], { stdio: "ignore" })
  const idp = yield* Issuer.make("https://id.test")
  const server = createServer(
    { key: readFileSync(`${folder}/key.pem`), cert: readFileSync(`${folder}/ca.pem`) },
    (asked, answer) => {
      const isKnown = asked.url === "/keys" && asked.headers.authorization === `Bearer ${secret}`
      answer.statusCode = isKnown ? 200 : asked.url === "/.well-known/openid-configuration" ? 200 : 401
      answer.end(JSON.stringify(isKnown ? idp.jwks : { issuer: "https://other.test", jwks_uri: "https://other.test" }))
    }
  )
  yield* Effect.acquireRelease(
    Effect.callback<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void))),
    () => Effect.sync(() => server.close())
  )
  const address = server.address()
  const origin = `https://127.0.0.1:${typeof address === "object" ? address?.port : 0}`
  yield* files.writeFileString(`${folder}/keys.token`, secret)
  /** What doctor says of this issuer. */
  const doctor = (
    issuer: Readonly<Record<string, unknown>>,
    upstream: string = origin,
    directory: object = { url: "memory:" }
  ) =>
    Effect.gen(function*() {
      yield* files.writeFileString(
        `${folder}/jotgate.yaml`,
        JSON.stringify({
          issuers: [{ id: "acme", issuer: origin, audience: "llm", ...issuer }],
          directory,
          gateway: { listen: "127.0.0.1:0", admin: "127.0.0.1:0", upstream: { url: upstream } }
        })
      )
      return yield* jotgate("doctor", `${folder}/jotgate.yaml`)
    })
  return { doctor, origin }
})

const run = (
  effect: typeof world,
  then: (it: Effect.Success<typeof world>) => Effect.Effect<void, unknown, FileSystem.FileSystem>
) => effect.pipe(Effect.flatMap(then), Effect.scoped, Effect.provide(NodeServices.layer))

describe("what doctor says of an issuer", () => {
  it.live("is what the gate finds: with the authority and the token that the file names", () =>
    run(world, ({ doctor, origin }) =>
      Effect.gen(function*() {
        const jwks = { url: `${origin}/keys`, authorization: "file:keys.token" }
        const known = yield* doctor({ jwks, tls: { ca: "file:ca.pem" } })
        assert.include(known.out, `✔ keys          1 at ${origin}/keys (acme)`)
        const alone = yield* doctor({ jwks: jwks.url, tls: { ca: "file:ca.pem" } })
        assert.include(alone.out, `✘ keys          ${origin}/keys (acme) status 401`)
        const unknown = yield* doctor({ jwks })
        assert.match(unknown.out, /✘ keys .*DEPTH_ZERO_SELF_SIGNED_CERT.*issuers\[\]\.tls: { ca: file:ca\.pem }/)
        assert.match(unknown.out, /✘ upstream .*DEPTH_ZERO_SELF_SIGNED_CERT.*NODE_EXTRA_CA_CERTS/)
        assert.strictEqual(unknown.code, 1)
        const far = yield* doctor({ jwks, tls: { ca: "file:ca.pem" } }, origin, {
          url: "postgres://gate@127.0.0.1:9/people"
        })
        assert.include(far.out, "✘ directory     cannot be asked: ConnectionError")
      })))

  it.live("names the issuer that discovery names instead, and keys that no algorithm of the file takes", () =>
    run(world, ({ doctor, origin }) =>
      Effect.gen(function*() {
        const other = yield* doctor({ tls: { ca: "file:ca.pem" } })
        assert.include(other.out, `names the issuer https://other.test, not ${origin}: write it so, byte for byte`)
        const jwks = { url: `${origin}/keys`, authorization: "file:keys.token" }
        const none = yield* doctor({ jwks, tls: { ca: "file:ca.pem" }, algorithms: ["RS256"] })
        assert.match(none.out, /✘ keys .*none for issuers\[\]\.algorithms/)
      })))
})
