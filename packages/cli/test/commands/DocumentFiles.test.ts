/** The files that the documents show: configurations are sound, rows have the defaults that are told, policy tests hold. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, Schema } from "effect"
import { parse, stringify } from "yaml"
import { blocksOf, documents } from "../support/Documents.ts"
import { jotgate } from "../support/Shell.ts"

const Members = Schema.Record(Schema.String, Schema.Unknown)

/** The blocks of YAML but those of the providers' pages, which `Providers.test` reads; what is left out is there. */
const blocks = documents.filter((it) => !it.startsWith("docs/providers/")).flatMap((page) =>
  blocksOf(page).filter(({ language }) => language === "yaml").map(({ line, text }) => ({
    at: `${page}:${line}`,
    members: Schema.decodeUnknownSync(Members)(
      parse(text.replace(" …,", " issuer: \"https://idp.test\", audience: gate,").replaceAll(/env:\w+/g, "file:secret"))
    )
  }))
)

const kindOf = (members: typeof Members.Type): "policy test" | "rows" | "configuration" =>
  "tests" in members ? "policy test" : "teams" in members ? "rows" : "configuration"

const of = (kind: ReturnType<typeof kindOf>) => blocks.filter(({ members }) => kindOf(members) === kind)

const issuers = [{ id: "okta", issuer: "https://idp.test", audience: "gate" }]

/** A folder with a secret and the rows that a configuration may name. */
const folder = Effect.gen(function*() {
  const files = yield* FileSystem.FileSystem
  const path = yield* files.makeTempDirectoryScoped()
  yield* files.writeFileString(`${path}/secret`, "secret")
  yield* files.writeFileString(`${path}/directory.yaml`, "{}")
  const write = (name: string, members: unknown) =>
    Effect.as(files.writeFileString(`${path}/${name}`, stringify(members)), `${path}/${name}`)
  return { path, write, read: (name: string) => files.readFileString(`${path}/${name}`) }
})

describe("the files of the documents", () => {
  it.live.each(of("configuration"))("$at is sound", ({ at, members }) =>
    Effect.gen(function*() {
      const { write } = yield* folder
      const { code, err, out } = yield* jotgate("check", yield* write("jotgate.yaml", { issuers, ...members }))
      assert.strictEqual(code, 0, `${at}\n${out}${err}`)
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)))

  it.live.each(of("policy test"))("$at holds", ({ members }) =>
    Effect.gen(function*() {
      const { write } = yield* folder
      const claims = { user: "sub", teams: "groups" }
      const config = yield* write("jotgate.yaml", {
        issuers: issuers.map((it) => ({ ...it, claims })),
        directory: { users: { unknown: "allow" } }
      })
      const { code, err, out } = yield* jotgate("test", yield* write("policy.yaml", members), "--config", config)
      assert.strictEqual(code, 0, out + err)
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)))

  it.live.each(of("rows"))(
    "$at tells the default of everything that may be left out",
    ({ members }) =>
      Effect.gen(function*() {
        const { path, read, write } = yield* folder
        // What stands in the file and is none of these is a default.
        const said = ["id", "email", "subjects", "alias", "organization", "models", "user", "team"]
        const bare = Object.entries(members).map(([kind, rows]) => [
          kind,
          Schema.decodeUnknownSync(Schema.Array(Members))(rows).map((row) =>
            Object.fromEntries(
              Object.entries(row).filter(([name, value]) => said.includes(name) && value !== null && `${value}` !== "")
            )
          )
        ])
        const exported = (name: string, rows: unknown) =>
          Effect.gen(function*() {
            const config = yield* write(`${name}.yaml`, { issuers, directory: { url: `sqlite:${path}/${name}.db` } })
            const file = yield* write(`${name}-rows.yaml`, rows)
            const applied = yield* jotgate("directory", "apply", file, "--config", config, "--direct")
            assert.strictEqual(applied.code, 0, applied.err)
            yield* jotgate(
              "directory",
              "export",
              "--config",
              config,
              "--direct",
              "--out",
              `${path}/${name}.json`,
              "--json"
            )
            return yield* read(`${name}.json`)
          })
        const whole = yield* exported("whole", members)
        assert.include(whole, `"gpt-4o*"`)
        assert.strictEqual(whole, yield* exported("bare", Object.fromEntries(bare)))
      }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))
  )
})
