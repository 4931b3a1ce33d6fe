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

/** What a page says of the provider and of each of its ways: the file, a token, and whom it stands for; the filled block once. */
const read = (name: string) => {
  const text = readFileSync(new URL(`${name}.md`, docs), "utf8")
  const fenced = (part: string, language: string) =>
    [...part.matchAll(new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``, "g"))].map((it) => it[1] ?? "")
  const wayOf = (part: string, title: string) => {
    const [header = "", claims = ""] = fenced(part, "json")
    const [, user = null, team = null] = /comes out as `allow(?: user=(\S+?))?(?: team=(\S+?))?`/.exec(part) ?? []
    return {
      title,
      issuer: Schema.decodeUnknownSync(File)(parse(fenced(part, "yaml")[0] ?? "")).issuers[0],
      header: Schema.decodeUnknownSync(Header)(header),
      claims: Schema.decodeUnknownSync(Json)(claims),
      user,
      team
    }
  }
  const [main = "", ...rest] = text.slice(0, text.indexOf("\n## Traps")).split(/^## (?!A token)/m)
  const filled = fenced(main, "yaml")[1] ?? ""
  return {
    filled: Schema.decodeUnknownSync(File)(parse(filled)).issuers[0],
    ways: [wayOf(main, name), ...rest.map((it) => wayOf(it, it.slice(0, it.indexOf("\n"))))]
  }
}

const Decision = Schema.fromJsonString(Schema.Struct({
  allowed: Schema.Boolean,
  status: Schema.Finite,
  user: Schema.NullOr(Schema.Struct({ id: Schema.String })),
  team: Schema.NullOr(Schema.Struct({ id: Schema.String }))
}))

const ways = pages.flatMap((name) => {
  const { filled, ways } = read(name)
  // The filled block is told of the first way.
  return ways.map((way, at) => ({ ...way, name, filled: at === 0 ? filled : undefined }))
})

describe("a provider's page", () => {
  it.live.each(ways)(
    "$name, $title: nine lines and a pasted token give the right person",
    (way) =>
      Effect.gen(function*() {
        const { claims, filled, header, issuer, name, team, user } = way
        const files = yield* FileSystem.FileSystem
        const folder = yield* files.makeTempDirectoryScoped()
        const at = (file: string) => `${folder}/${file}`
        const key = yield* Issuer.makeKey(header.alg, "kid-1")
        yield* files.writeFileString(at("keys.json"), JSON.stringify({ keys: [key.publicJwk] }))
        yield* files.writeFileString(at("rows.yaml"), stringify({ teams: team === null ? [] : [{ id: team }] }))
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
        if (filled !== undefined) assert.deepStrictEqual(block, { ...filled, ...replaced })

        const now = Math.floor((yield* Clock.currentTimeMillis) / 1000)
        const token = yield* Issuer.signAnything(key, { ...header, kid: "kid-1" }, {
          iat: now,
          nbf: now,
          exp: now + 3600,
          ...claims
        })
        const ask = (it: string) =>
          jotgate(
            "explain",
            "-c",
            at("jotgate.yaml"),
            "--token",
            it,
            "--method",
            "GET",
            "--path",
            "/v1/models",
            "--json"
          )
        const { code, err, out } = yield* ask(token)
        const found = Schema.decodeUnknownSync(Decision)(out.slice(out.indexOf("{")))
        assert.deepStrictEqual(
          { code, user: found.user?.id ?? null, team: found.team?.id ?? null },
          { code: 0, user, team },
          `${err}\n${out}`
        )
        const twin = yield* ask(`${token.slice(0, -6)}AAAAAA`)
        assert.strictEqual(Schema.decodeUnknownSync(Decision)(twin.out.slice(twin.out.indexOf("{"))).status, 401)
      }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))
  )
})
