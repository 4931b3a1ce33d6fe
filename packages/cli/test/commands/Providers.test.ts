/** Every provider's page as a reader would try it: the block in a file of few lines, `check --expand`, `explain --token`. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Issuer } from "@jotgate/core/testing"
import { Clock, Effect, FileSystem, Schema } from "effect"
import { readdirSync, readFileSync } from "node:fs"
import { parse, stringify } from "yaml"
import { jotgate } from "../support/Shell.ts"

const docs = new URL("../../../../docs/providers/", import.meta.url)
const pages = readdirSync(docs).filter((it) => it !== "README.md").map((it) => it.replace(/\.md$/, ""))

const Json = Schema.fromJsonString(Schema.Record(Schema.String, Schema.Unknown))
const File = Schema.Struct({ issuers: Schema.NonEmptyArray(Schema.Record(Schema.String, Schema.Unknown)) })
const Header = Schema.fromJsonString(
  Schema.Struct({ alg: Schema.Literals(["RS256", "ES256"]), typ: Schema.optionalKey(Schema.String) })
)

/** What a page says: the file, the filled block, a token, and whom it stands for. */
const read = (name: string) => {
  const text = readFileSync(new URL(`${name}.md`, docs), "utf8")
  const fenced = (language: string) =>
    [...text.matchAll(new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``, "g"))].map((it) => it[1] ?? "")
  const [written = "", filled = ""] = fenced("yaml")
  const [header = "", claims = ""] = fenced("json")
  const [, user = "", team] = /comes out as `allow user=(\S+?)(?: team=(\S+))?`/.exec(text) ?? []
  return {
    issuer: Schema.decodeUnknownSync(File)(parse(written)).issuers[0],
    filled: Schema.decodeUnknownSync(File)(parse(filled)).issuers[0],
    header: Schema.decodeUnknownSync(Header)(header),
    claims: Schema.decodeUnknownSync(Json)(claims),
    user,
    team
  }
}

const Decision = Schema.fromJsonString(Schema.Struct({
  allowed: Schema.Boolean,
  status: Schema.Finite,
  user: Schema.NullOr(Schema.Struct({ id: Schema.String })),
  team: Schema.NullOr(Schema.Struct({ id: Schema.String }))
}))

describe("a provider's page", () => {
  it.live.each(pages)("%s: nine lines and a pasted token give the right person", (name) =>
    Effect.gen(function*() {
      const { claims, filled, header, issuer, team, user } = read(name)
      const files = yield* FileSystem.FileSystem
      const folder = yield* files.makeTempDirectoryScoped()
      const at = (file: string) => `${folder}/${file}`
      const key = yield* Issuer.makeKey(header.alg, "kid-1")
      yield* files.writeFileString(at("keys.json"), JSON.stringify({ keys: [key.publicJwk] }))
      yield* files.writeFileString(at("rows.yaml"), stringify({ teams: team === undefined ? [] : [{ id: team }] }))
      // The provider's own key set cannot be had here: a file stands in for it, and what it needs goes.
      const local = {
        ...issuer,
        jwks: "file:keys.json",
        ...(name === "kubernetes" ? { tls: { ca: "file:keys.json" } } : {})
      }
      const text = stringify({
        issuers: [local],
        directory: { url: "memory:", file: "rows.yaml", users: { unknown: "allow" } }
      }, { flowCollectionPadding: true, lineWidth: 0, collectionStyle: "any" })
      yield* files.writeFileString(at("jotgate.yaml"), text)

      const checked = yield* jotgate("check", "--expand", at("jotgate.yaml"))
      assert.strictEqual(checked.code, 0, checked.err)
      const [block] = Schema.decodeUnknownSync(File)(parse(checked.out)).issuers
      const replaced = { jwks: local.jwks, ...("tls" in local ? { tls: local.tls } : {}) }
      assert.deepStrictEqual(block, { ...filled, ...replaced })

      const now = Math.floor((yield* Clock.currentTimeMillis) / 1000)
      const token = yield* Issuer.signAnything(key, { ...header, kid: "kid-1" }, {
        iat: now,
        nbf: now,
        exp: now + 3600,
        ...claims
      })
      const ask = (it: string) =>
        jotgate("explain", "-c", at("jotgate.yaml"), "--token", it, "--method", "GET", "--path", "/v1/models", "--json")
      const { code, err, out } = yield* ask(token)
      const found = Schema.decodeUnknownSync(Decision)(out.slice(out.indexOf("{")))
      assert.deepStrictEqual(
        { code, user: found.user?.id, team: found.team?.id },
        { code: 0, user, team },
        `${err}\n${out}`
      )
      const twin = yield* ask(`${token.slice(0, -6)}AAAAAA`)
      assert.strictEqual(Schema.decodeUnknownSync(Decision)(twin.out.slice(twin.out.indexOf("{"))).status, 401)
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)))
})
