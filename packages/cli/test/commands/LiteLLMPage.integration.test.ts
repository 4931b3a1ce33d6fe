/**
 * docs/litellm.md from its first line to its last, and what it prints, and the proof that examples/litellm/README.md names.
 *
 * LiteLLM takes minutes to install: its proxy and the SDK of OpenAI are stood in for, so that every line is run each time.
 * With `LITELLM=pypi`, as `npm run soak -- litellm` runs it, nothing is: what the page installs is installed.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Catalog, Ports } from "@jotgate/servers"
import { Effect, FileSystem } from "effect"
import { cpSync } from "node:fs"
import { join } from "node:path"
import { blocksOf, root, shapeOf } from "../support/Documents.ts"
import { commandsOf } from "../support/PageCommands.ts"
import { paste, pasted } from "../support/Process.ts"

const page = "docs/litellm.md"
const fixtures = join(import.meta.dirname, "../fixtures/litellm-page")
const isReal = process.env["LITELLM"] === "pypi"

/** `python3 -m venv DIR`, of whose `pip` two packages can be had. */
const python3 = `#!/bin/bash
[ "$1 $2" = "-m venv" ] || exit 2
mkdir -p "$3/bin" && cp "$(dirname "$0")/pip" "$3/bin/pip"
`
const pip = (folder: string): string =>
  `#!/bin/bash
[ "$1" = install ] || exit 2
for it in "\${@:2}"; do
  case $it in
    'litellm[proxy]') printf '#!/bin/sh\\nexec ${process.execPath} ${fixtures}/proxy.ts "$@"\\n' > ${folder}/litellm/bin/litellm ;;
    openai) printf '#!/bin/sh\\nPYTHONDONTWRITEBYTECODE=1 PYTHONPATH=${Catalog.find("python-sdks") ?? fixtures} exec ${
    Catalog.locate("python")
  } "$@"\\n' > ${folder}/litellm/bin/python ;;
    *) echo "no package $it"; exit 1 ;;
  esac
done
chmod +x ${folder}/litellm/bin/*
`

/** The two columns of a block, each as the lines of one person. */
const columnsOf = (block: string): ReadonlyArray<string> => {
  const lines = block.trimEnd().split("\n").map((it) => it.split(/\s{2,}(?=(?:models|chat|stream|embed)\s)/))
  return [0, 1].map((at) => lines.map((line) => line[at]).join("\n"))
}

describe("the page on LiteLLM", () => {
  it.live("does line by line what it says, and prints what it shows", () =>
    Effect.gen(function*() {
      const files = yield* FileSystem.FileSystem
      const folder = yield* files.makeTempDirectoryScoped()
      const ports = yield* Effect.promise(() => Promise.all([Ports.free(), Ports.free(), Ports.free()]))
      const [litellm, gate, admin] = ports
      yield* files.makeDirectory(`${folder}/bin`)
      for (const [name, text] of [["python3", python3], ["pip", pip(folder)]] as const) {
        yield* files.writeFileString(`${folder}/bin/${name}`, text, { mode: 0o755 })
      }
      const clone = `${folder}/clone`
      cpSync(join(root, "examples/litellm"), `${clone}/examples/litellm`, {
        recursive: true,
        filter: (path) => !/jotgate\.db|jotgate-cache|keys|\.key$/.test(path)
      })
      for (
        const [name, from, to] of [
          ["jotgate.yaml", "listen: 127.0.0.1:4180", `listen: 127.0.0.1:${gate}\n  admin: 127.0.0.1:${admin}`],
          ["jotgate.yaml", "localhost:4000", `127.0.0.1:${litellm}`],
          ["ask.py", "127.0.0.1:4180", `127.0.0.1:${gate}`]
        ] as const
      ) {
        const file = `${clone}/examples/litellm/${name}`
        const text = yield* files.readFileString(file)
        assert.include(text, from)
        yield* files.writeFileString(file, text.replace(from, to))
      }
      const here = (text: string) =>
        `npm() { [ "$*" = ci ]; }\n${
          text.replaceAll("/tmp/litellm", `${folder}/litellm`).replace("4000", `${litellm}`)
        }`
      const env = isReal ? {} : { PATH: `${folder}/bin:${process.env["PATH"]}` }
      const [install, second, ask, shown, why, explained, ...others] = blocksOf(page).map(({ text }) => text)
      assert.deepStrictEqual(others, [])
      const [made = "", proxy = ""] = install?.split("\n") ?? []

      const installed = yield* pasted(here(made), { cwd: clone, env })
      assert.strictEqual(installed.code, 0, installed.text)
      yield* (yield* paste(here(proxy), { cwd: clone, env })).until(/Uvicorn running/)
      const serving = yield* paste(`set -e\n${here(second ?? "")}`, { cwd: clone, env })
      const [ready = ""] = yield* serving.until(/^ready .*/m)
      assert.include(yield* files.readFileString(join(root, page)), shapeOf(ready).replace(/:0(.*):0/, ":4180$1:4181"))

      const asked = yield* Effect.forEach(
        (ask ?? "").trim().split("\n"),
        (line) => pasted(here(line), { cwd: clone, env })
      )
      assert.deepStrictEqual(asked.map(({ text }) => text.trim()), [...columnsOf(shown ?? "")])
      const told = yield* pasted(here(why ?? ""), { cwd: clone, env })
      assert.strictEqual(shapeOf(told.text).replaceAll(clone, "/home/you/jotgate"), shapeOf(explained ?? ""))
      assert.strictEqual(told.code, 1)

      // It starts its own gate, from the workspace.
      const proof = commandsOf(page).find(({ text }) => text.includes("proof.mjs"))?.text ?? ""
      const proved = yield* pasted(here(proof), { env })
      assert.strictEqual(proved.code, 0, proved.text)
      assert.match(proved.text, /^all hold$/m)
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)), isReal ? 900_000 : 180_000)
})
