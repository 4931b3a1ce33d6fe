/** What the documents say is there: their links lead somewhere, their commands have these verbs and flags, their scripts and tests exist. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { existsSync, globSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { pages, root, textOf } from "../support/Documents.ts"
import { jotgate } from "../support/Shell.ts"

const Manifest = Schema.fromJsonString(
  Schema.Struct({ version: Schema.String, scripts: Schema.Record(Schema.String, Schema.String) })
)
const { scripts, version } = Schema.decodeUnknownSync(Manifest)(textOf("package.json"))

/** Every command of ours in code, one line each. */
const commandsOf = (text: string): ReadonlyArray<string> =>
  [...text.matchAll(/```[^\n]*\n([^]*?)```|`([^`\n]+)`/g)]
    .flatMap(([, block, inline]) => (block ?? inline ?? "").split("\n"))
    .flatMap((line) =>
      /^(?:\w+=\S+ )?(?:npx |\/opt\/jotgate\/bin\/)?jotgate ([a-z][^#|>]*)/.exec(line.trim())?.[1] ?? []
    )

const verbs = new Map<string, string>()

/** The help of a verb; its name is as long as there is one. */
const helpOf = (words: ReadonlyArray<string>): Effect.Effect<string> =>
  Effect.gen(function*() {
    const key = words.join(" ")
    const known = verbs.get(key)
    if (known !== undefined) return known
    const { out } = yield* jotgate(...words, "--help")
    verbs.set(key, out)
    return out
  })

describe("the documents", () => {
  it("link to what is there, and the index names every page", () => {
    for (const page of pages) {
      for (const [, target = ""] of textOf(page).matchAll(/\]\((?!https?:)([^)#]+)[^)]*\)/g)) {
        assert.isTrue(existsSync(join(root, dirname(page), target)), `${page}: ${target}`)
      }
    }
    const index = textOf("docs/README.md")
    for (const page of pages) {
      const name = page.replace(/^docs\//, "")
      if (page !== "docs/README.md") assert.include(index, `(${page === name ? `../${name}` : name})`, page)
    }
  })

  it.effect("have commands with verbs and flags that the command has", () =>
    Effect.gen(function*() {
      let commands = 0
      for (const page of pages) {
        for (const line of commandsOf(textOf(page))) {
          const words = line.split(/\s+/)
          const [verb = "", sub = ""] = words
          let help = yield* helpOf([verb])
          assert.include(help, `jotgate ${verb}`, `${page}: jotgate ${line}`)
          if (/^[a-z]+$/.test(sub) && new RegExp(`^  ${sub}\\s`, "m").test(help)) help = yield* helpOf([verb, sub])
          for (const flag of words.filter((it) => /^--[a-z]/.test(it)).map((it) => it.replace(/[=\])].*$/, ""))) {
            assert.include(help, flag, `${page}: jotgate ${line}`)
          }
          commands++
        }
      }
      assert.isAbove(commands, 30)
    }))

  it("and what is deployed name the release that ships", () => {
    const release = version.replaceAll(".", "\\.")
    assert.match(textOf("CHANGELOG.md"), new RegExp(`^## ${release}$`, "m"))
    assert.include(textOf("docs/install.md"), `./jotgate-${version}.tgz`)
    assert.include(textOf("docs/install.md"), ` OLD=${version} `)
    assert.include(textOf("docs/upgrading.md"), `\n| ${version.replace(/\.\d+$/, "")} |`)
    for (const file of globSync("{deploy/**/*,packages/server/src/snippets/*}", { cwd: root, withFileTypes: true })) {
      if (!file.isFile()) continue
      const text = readFileSync(join(file.parentPath, file.name), "utf8")
      for (const [, named] of text.matchAll(/jotgate[:-](\d+\.\d+\.\d+)|newTag: (\S+)/g)) {
        assert.strictEqual(named ?? version, version, file.name)
      }
    }
  })

  it("name scripts of the workspace and tests that exist", () => {
    for (const page of pages) {
      for (const [, script = ""] of textOf(page).matchAll(/npm run (?:--silent )?([\w:]+)/g)) {
        assert.property(scripts, script, page)
      }
      for (const [, path = ""] of textOf(page).matchAll(/`((?:npx vitest run )?packages\/[\w/.-]*test\/[^`]+)`/g)) {
        for (const one of path.replace("npx vitest run ", "").split(/\s+/)) {
          // Files that a reader is to make are named too.
          if (one.includes("/fixtures/")) continue
          assert.isNotEmpty([...globSync(`${one}*`, { cwd: root })], `${page}: ${one}`)
        }
      }
    }
  })
})
