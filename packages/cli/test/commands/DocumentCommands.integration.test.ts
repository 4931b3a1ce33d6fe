/**
 * Every command of every document is run: here, beside a gate that serves what its page supposes, or by what is named for
 * it in `elsewhere`, which takes it from the page or runs the same script. What cannot be run is in `unrun` with its
 * reason. A command that is nowhere is run here, and a row that no command needs is an error.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { globSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { deployed, documents, root } from "../support/Documents.ts"
import * as DocumentWorld from "../support/DocumentWorld.ts"
import { commandsOf, type PageCommand, spelledOut } from "../support/PageCommands.ts"
import { pasted } from "../support/Process.ts"

/** Commands that another test runs, or a script that CI calls. */
const elsewhere: ReadonlyArray<readonly [page: string, command: RegExp, by: string]> = [
  ["README.md", /^npm ci && npm start/, "packages/cli/test/commands/Dev"],
  ["docs/install.md", /^(?!npm (?:pack|run))/, "tools/walk"],
  ["docs/install.md", /^npm pack/, "tools/packed"],
  ["docs/development.md", /^npm install --offline/, "tools/packed"],
  ["deploy/Containerfile", /^npm pack/, "tools/packed"],
  ["deploy/compose.yaml", /^(?:printf|echo)/, "packages/server/test/snippets/Compose"],
  ["deploy/jotgate.service", /^/, "packages/cli/test/commands/Documents"],
  ["docs/development.md", /^kustomize build/, "packages/server/test/snippets/Kubernetes"],
  ["docs/development.md", /^systemd-analyze/, "packages/server/test/snippets/Systemd"],
  ["docs/operating.md", /^kubectl apply -k/, "packages/server/test/snippets/Kubernetes"],
  ["docs/directory.md", /^pg_dump/, "packages/cli/test/commands/PostgresBackup"],
  ["docs/doors.md", /> envoy\.yaml$|^pip install/, "packages/cli/test/commands/DoorsPage"],
  ["docs/from-litellm.md", /^/, "packages/cli/test/commands/FromLiteLLM"],
  ["docs/litellm.md", /^(?!npx jotgate import)/, "packages/cli/test/commands/LiteLLMPage"],
  ["docs/tools.md", /^(?:npx )?jotgate token|^claude mcp add|^npm start --/, "packages/cli/test/commands/Dev"],
  ["docs/clients.md", /^(?:claude|codex|gemini)/, "packages/server/test/clients/CodingAgents"],
  ["docs/mcp.md", /^claude/, "packages/cli/test/commands/Dev"],
  ["docs/providers/*", /^jotgate (?:check --expand|explain --token)/, "packages/cli/test/commands/Providers"],
  ["examples/litellm/README.md", /^node/, "packages/cli/test/commands/LiteLLMPage"],
  ["examples/src/notes/README.md", /^node/, "examples/test/Notes"],
  ["examples/two-gates/README.md", /^(?:DATABASE|node)/, "examples/test/TwoGates"]
]

/** Commands that no test runs, and why; what is a script of ours is held by its name and flags in Documents.test. */
const unrun: ReadonlyArray<readonly [command: RegExp, why: string]> = [
  [
    /^jotgate (?:dev|serve|explain|doctor|plan|check|who|test|decide|decisions|snippets)$/,
    "a sentence names the verb, Documents.test holds that it is there"
  ],
  [/^jotgate (?:agent|team|org|user|deny) create$/, "so does this one"],
  [/^jotgate \S+ \S+\|\S+ …$/, "syntax, of which Documents.test holds every verb"],
  [/^jotgate (?:import litellm|review --since|explain --\w+|directory apply --direct)$/, "and this"],
  [/^(?:curl -d|curl -H 'Content-Type: application\/json'|kubectl apply -k)$/, "names the flag"],
  [/^node --max-semi-space-size=…$/, "names the flag"],
  [
    /^(?:SEED=2 )?(?:npm|npx vitest) (?:run|test|ci|start)\b|^\w+=\w+ (?:npm|npx vitest) run/,
    "a script of the workspace"
  ],
  [/^npm (?:install$|ci && npm (?:test$|run build ))/, "what CI does first, and this test is a part of"],
  [/^jotgate (?:import litellm --release 1\.90\||plan --against-litellm)/, "history; from-litellm.md says it now"],
  [/^node examples\/keycloak\/proof\.mjs/, "needs a Keycloak"],
  [/^node --conditions=source (?:conformance\/library\.ts|examples\/litellm\/places\.mjs)/, "needs a whole LiteLLM"],
  [/^(?:pip download|python3 tools\/litellm-routes\.py)/, "of a release of LiteLLM that is not there yet"],
  [/^(?:buildah|hadolint) /, "a figure that was measured; tests do not bring the program"],
  [/^(?:docker|podman) /, "there is no container engine where tests run"],
  [/^systemctl status/, "there is no systemd where tests run"]
]

/** Commands whose answer is no: what they are asked about is denied, missing, or lost. */
const saysNo =
  /^jotgate (explain|decide|doctor|plan|import|can (?:--user bob|--anybody|alice)|decisions .*(agent-7|--team red|--status 403))/

const isAt = (page: string, { page: at }: PageCommand): boolean =>
  page.endsWith("*") ? at.startsWith(page.slice(0, -1)) : at === page

const rowOf = (it: PageCommand) =>
  elsewhere.find(([page, command]) => isAt(page, it) && command.test(it.text)) ??
    unrun.find(([command]) => command.test(it.text))

/** The script of ours that a command starts. */
const scriptOf = ({ text }: PageCommand): string | undefined => /(?:\w+\/)+[\w-]+\.m?[jt]s/.exec(text)?.[0]

/** The lines of a text; how wide its columns are is another matter. */
const linesOf = (text: string): ReadonlyArray<string> =>
  text.split("\n").map((it) => it.replaceAll(/\s+/g, " ").trim()).filter((it) => it !== "")

const commands = [...documents, ...deployed].flatMap(commandsOf)

describe("the commands of the documents", () => {
  it("are run here, or by what is named for them: a test that names the page, or the script", () => {
    const needed = new Set(commands.map(rowOf))
    for (const row of [...elsewhere, ...unrun]) assert.isTrue(needed.has(row), `no command is ${row.join(" ")}`)
    for (const command of commands) {
      const [page = "", , by] = rowOf(command) ?? []
      if (by === undefined) continue
      const files = globSync(`${by}.*`, { cwd: root })
      assert.lengthOf(files, 1, by)
      const text = readFileSync(join(root, files[0] ?? ""), "utf8")
      const names = [String(page).replace("*", ""), scriptOf(command)?.replace(/^examples\//, "") ?? command.page]
      assert.isTrue(names.some((it) => text.includes(it)), `${by} names neither ${names.join(" nor ")}`)
    }
  })

  it.live("say of a program that tests do not bring which one they need, in the words of the page", () =>
    Effect.gen(function*() {
      const needy = commands.filter((it) =>
        String(unrun.find(([command]) => command.test(it.text))?.[1]).startsWith("needs")
      )
      const scripts = needy.map(({ text }) => text.replace(/ [A-Z]+$/, "")).filter((it) => it.endsWith(".mjs"))
      assert.isNotEmpty(scripts)
      for (const line of new Set(scripts)) {
        const { code, text } = yield* pasted(line)
        assert.deepStrictEqual([code, text.includes(`? ${line} `)], [2, true], text)
      }
    }))

  it.live("do what their pages say", () =>
    Effect.gen(function*() {
      const world = yield* DocumentWorld.make
      // A row that one page makes is there on the next.
      const order = commands.toSorted((one, other) =>
        Number(other.page === "docs/directory.md") - Number(one.page === "docs/directory.md")
      )
      const wrong: Array<string> = []
      const ran = new Set<string>()
      for (const command of order.filter((it) => rowOf(it) === undefined)) {
        for (const line of spelledOut(command.text).map((it) => DocumentWorld.here(world, it))) {
          if (ran.has(line)) continue
          ran.add(line)
          const { code, text } = yield* DocumentWorld.run(world, line)
          const printed = linesOf(text)
          const isShown = linesOf(command.printed ?? "").every((it) => printed.includes(it))
          if (!isShown || (code !== 0 && !(code === 1 && saysNo.test(line)))) {
            wrong.push(`${command.page}: ${line}: ${code}\n${text}`)
          }
        }
      }
      assert.deepStrictEqual(wrong, [])
      assert.isAbove(ran.size, 60)
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)), 400_000)
})
