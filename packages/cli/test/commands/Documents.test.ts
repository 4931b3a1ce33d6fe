/** What the documents say is there: their links lead somewhere, their commands have these verbs and flags, their scripts and tests exist. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { existsSync, globSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { deployed, documents, pages, root, textOf } from "../support/Documents.ts"
import { commandsOf, spelledOut } from "../support/PageCommands.ts"
import { jotgate } from "../support/Shell.ts"

const Manifest = Schema.fromJsonString(
  Schema.Struct({ version: Schema.String, scripts: Schema.Record(Schema.String, Schema.String) })
)
const { scripts, version } = Schema.decodeUnknownSync(Manifest)(textOf("package.json"))

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

/** The headings of a page, as links name them. */
const anchorsOf = (page: string): ReadonlyArray<string> =>
  [...textOf(page).matchAll(/^#+ (.*)$/gm)].map(([, title = ""]) =>
    title.toLowerCase().replaceAll(/[^\p{L}\p{N}\s_-]/gu, "").replaceAll(" ", "-")
  )

/** A script of the workspace as a command calls it. */
const scriptOf = (text: string) => {
  const [, before = "", run, short, rest = ""] =
    /^((?:[A-Z_]+=\S+ )*)npm (?:run (?:--silent )?([\w:]+)|(start|test))(?: -- (.*))?$/.exec(text) ?? []
  const name = run ?? short
  if (name === undefined) return undefined
  const words = rest.replaceAll(/"[^"]*"/g, "TEXT").split(" ").filter((it) => it !== "")
  return {
    run: name,
    variables: name === "test" ? [] : [...before.matchAll(/([A-Z_]+)=/g)].map(([, it = ""]) => it),
    flags: words.filter((it) => it.startsWith("--")).map((it) => it.slice(2).replace(/=.*/, "")),
    // What stands behind a flag is its value.
    parts: words.filter((it, at) => !it.startsWith("--") && words[at - 1]?.startsWith("--") !== true)
  }
}

/** The files of ours that a command names: what it starts, and the tests that it runs. */
const filesOf = (text: string): ReadonlyArray<string> => {
  const [, tests = ""] = /npx vitest run (.*)$/.exec(text) ?? []
  const started = /(?<=(?:node|python3) (?:--\S+ )*)(?:[\w-]+\/)+[\w-]+\.(?:m?[jt]s|py)\b/.exec(text)?.[0]
  return [
    ...tests.split(/\s+/).filter((it) => it !== "").map((it) => `${it}*`),
    ...started === undefined ? [] : [started]
  ]
}

/** What is written in the scripts of a folder as a text. */
const partsOf = (folder: string): string =>
  globSync(`${folder}/*.ts`, { cwd: root }).map((it) => readFileSync(join(root, it), "utf8")).join("\n")

/** The files and folders of ours that stand in code, and those beside them of which the same cell has the name alone. */
const placesOf = (page: string): ReadonlyArray<string> =>
  textOf(page).split(/[\n|]/).flatMap((cell) => {
    const paths = [
      ...cell.matchAll(
        /`((?:bench|conformance|deploy|docs|examples|fuzz|mutation|packages|servers|soak|tools)\/[^`\s]+)`/g
      )
    ]
      .map(([, it = ""]) => it)
    const tests = paths.findLast((it) => it.includes("/test/"))
    const beside = tests === undefined
      ? []
      : [...cell.matchAll(/`([A-Z][A-Za-z]+)`/g)].map(([, it]) => `${dirname(tests)}/${it}`)
    return [...paths, ...beside]
  })

describe("the documents", () => {
  it("link to what is there, and the index names every page", () => {
    for (const page of documents) {
      for (const [, target = "", anchor] of textOf(page).matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)/g)) {
        // What a package's own page names lies beside it once the package is packed.
        const folders = page.startsWith("packages/") ? [dirname(page), "."] : [dirname(page)]
        const at = target === "" ? page : folders.map((it) => join(it, target)).find((it) => existsSync(join(root, it)))
        assert.isDefined(at, `${page}: ${target}`)
        if (anchor !== undefined) assert.include(anchorsOf(at ?? ""), anchor, `${page}: ${target}`)
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
      const lines = documents.flatMap(commandsOf).flatMap(({ page, text }) =>
        spelledOut(text).flatMap((it) =>
          [...it.matchAll(/(?<=^|[ /|] ?)jotgate ([a-z][^#|>]*)/g)].map(([, line = ""]) => ({ page, line }))
        )
      )
      for (const { line, page } of lines) {
        const words = line.split(/\s+/)
        const [verb = "", sub = ""] = words
        let help = yield* helpOf([verb])
        assert.include(help, `jotgate ${verb}`, `${page}: jotgate ${line}`)
        if (/^[a-z]+$/.test(sub) && help.includes("SUBCOMMANDS")) {
          assert.match(help, new RegExp(`^  ${sub}\\s`, "m"), `${page}: jotgate ${line}`)
          help = yield* helpOf([verb, sub])
        }
        for (const flag of words.filter((it) => /^--[a-z]/.test(it)).map((it) => it.replace(/[=\])].*$/, ""))) {
          assert.match(help, new RegExp(`${flag}(?![\\w-])`), `${page}: jotgate ${line}`)
        }
        commands++
      }
      assert.isAbove(commands, 180)
    }))

  it("and the unit of systemd are installed alike", () => {
    const page = textOf("docs/install.md")
    const parts = commandsOf("deploy/jotgate.service").flatMap(({ text }) => text.split(" && "))
    assert.lengthOf(parts, 5)
    // The page prints the unit where the file itself is copied.
    for (const it of parts.filter((one) => !one.startsWith("cp "))) assert.include(page, `\n${it}\n`)
  })

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

  it("name files, folders and tests of the workspace that are there", () => {
    let places = 0
    for (const page of documents) {
      for (const place of placesOf(page)) {
        // Methods of MCP look like files; and a page names a file that its reader makes.
        if (/^tools\/(?:call|list)$|-1\.112\.json$/.test(place)) continue
        assert.isNotEmpty([...globSync(`${place}*`, { cwd: root })], `${page}: ${place}`)
        places++
      }
    }
    assert.isAbove(places, 50)
  })

  it("name scripts of the workspace, with the parts and flags that these have, and files that are there", () => {
    let named = 0
    for (const { page, text } of [...documents, ...deployed].flatMap(commandsOf)) {
      for (const file of filesOf(text)) {
        assert.isNotEmpty([...globSync(file, { cwd: root })], `${page}: ${text}`)
        // What is started without npm has its flags behind it.
        const [, behind = ""] = text.split(`${file} `)
        for (const [, flag = ""] of behind.matchAll(/--([a-z-]+)/g)) {
          assert.match(textOf(file), new RegExp(`\\b${flag}: \\{`), `${page}: ${text}: --${flag}`)
        }
      }
      const script = scriptOf(text)
      if (script === undefined) continue
      named++
      const { flags, parts, run, variables } = script
      assert.property(scripts, run, `${page}: ${text}`)
      const main = /\S+\.ts\b/.exec(scripts[run] ?? "")?.[0] ?? ""
      const beside = parts.map((it) => join(dirname(main), `${it}.ts`)).filter((it) => existsSync(join(root, it)))
      const source = [main, ...beside].filter((it) => it !== "").map(textOf).join("\n")
      for (const part of parts.filter((it) => !existsSync(join(root, it)) && !/…|[A-Z]/.test(it))) {
        const isThere = ["bench", "soak"].includes(run)
          ? existsSync(join(root, dirname(main), `${part}.ts`))
          : ["mutation", "fuzz"].includes(run) && partsOf(dirname(main)).includes(part)
        assert.isTrue(isThere, `${page}: ${text}: ${part}`)
      }
      for (const flag of run === "start" ? [] : flags) {
        assert.match(source, new RegExp(`["'](?:--)?${flag}["']|\\b${flag}: \\{`), `${page}: ${text}: --${flag}`)
      }
      for (const variable of variables) assert.include(source, `process.env["${variable}"]`, `${page}: ${text}`)
    }
    assert.isAbove(named, 90)
  })
})
