/**
 * The packed core on every runtime that it is said to run on: 1 008 requests, cold and at once, over three rotations of
 * the issuer's keys, with nobody hanging and nobody answered wrongly. Needs `npm run build` before it, and a package
 * registry for Deno and Bun.
 */
import { Effect } from "effect"
import { build } from "esbuild"
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { isDeepStrictEqual } from "node:util"
import { audience, expected, rotations } from "../examples/test/support/Rotations.ts"
import * as Workerd from "../examples/test/support/Workerd.ts"
import { run } from "../tools/lib/Run.ts"

const { devDependencies } = JSON.parse(readFileSync("package.json", "utf8")) as {
  readonly devDependencies: Readonly<Record<string, string>>
}

/** A Fetch handler on a port of its own, as each runtime serves one. */
const servers: Readonly<Record<string, string>> = {
  node: `import { createServer } from "node:http"
import { Readable } from "node:stream"
const server = createServer(async (incoming, outgoing) => {
  const answer = await handle(new Request("http://" + incoming.headers.host + incoming.url, {
    method: incoming.method, headers: incoming.headers, body: Readable.toWeb(incoming), duplex: "half"
  }))
  outgoing.writeHead(answer.status, Object.fromEntries(answer.headers)).end(await answer.text())
}).listen(0, "127.0.0.1", () => console.log("port " + server.address().port))`,
  deno: `Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: ({ port }) => console.log("port " + port) }, handle)`,
  bun: `console.log("port " + Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: handle }).port)`
}

const install = async (folder: string): Promise<void> => {
  const packed = await run("npm", ["pack", "--silent", "--pack-destination", folder, "--workspace", "packages/core"], {
    cwd: "."
  })
  if (packed.code !== 0) throw new Error(packed.output)
  const tarballs = readdirSync(folder).filter((it) => it.endsWith(".tgz"))
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "runtimes", private: true, type: "module" }))
  const wanted = [...tarballs.map((it) => `./${it}`), `effect@${devDependencies["effect"]}`, "deno@2.9.6", "bun@1.4.5"]
  const { code, output } = await run("npm", ["install", "--no-audit", "--no-fund", "--ignore-scripts", ...wanted], {
    cwd: folder
  })
  if (code !== 0) throw new Error(output)
}

const folder = mkdtempSync(join(tmpdir(), "jotgate-runtimes-"))
try {
  await install(folder)
  cpSync("examples/src", join(folder, "examples"), { recursive: true })
  await build({
    stdin: { contents: `export { worker as default } from "./examples/workerd/worker.ts"`, resolveDir: folder },
    bundle: true,
    format: "esm",
    platform: "neutral",
    mainFields: ["module", "main"],
    conditions: ["workerd", "import"],
    outfile: join(folder, "worker.js"),
    logLevel: "silent"
  })
  for (const [name, server] of Object.entries(servers)) {
    writeFileSync(
      join(folder, `${name}.mjs`),
      `import { worker } from "./examples/workerd/worker.ts"
const env = ${name === "deno" ? "Deno.env.toObject()" : "process.env"}
const handle = (request) => worker.fetch(request, env)
${server}
`
    )
  }
  /** The one program of a package for this platform. */
  const binary = (scope: string, ...path: ReadonlyArray<string>): string => {
    const [platform = ""] = readdirSync(join(folder, "node_modules", scope))
    return join(folder, "node_modules", scope, platform, ...path)
  }
  const commands: Readonly<Record<string, ReadonlyArray<string>>> = {
    node: [process.execPath],
    deno: [binary("@deno", "deno"), "run", "--no-lock", "--allow-net", "--allow-env", "--allow-read"],
    bun: [binary("@oven", "bin", "bun")]
  }
  for (const name of [...Object.keys(servers), "workerd"]) {
    const serving = (issuer: string) => {
      if (name === "workerd") return Workerd.serving(folder, issuer)
      const [program = "", ...args] = commands[name] ?? []
      return Workerd.listening(program, [...args, join(folder, `${name}.mjs`)], /port (\d+)/, {
        ISSUER: issuer,
        AUDIENCE: audience
      })
    }
    const start = performance.now()
    const { fetches, late, rounds } = await Effect.runPromise(Effect.scoped(rotations(serving)))
    const wrong = rounds.filter((it) => !isDeepStrictEqual(it, expected))
    const seconds = ((performance.now() - start) / 1_000).toFixed(1)
    console.log(
      `${
        name.padEnd(8)
      } 1008 requests, 3 rotations, ${seconds} s: 0 hang, ${wrong.length} rounds with a wrong answer, ${fetches} fetches of keys, ${late} asked to come again`
    )
    for (const round of wrong) {
      console.log(`         ${[...round].map(([answer, times]) => `${times} × ${answer}`).join(", ")}`)
    }
    if (wrong.length > 0 || rounds.length !== 4) process.exitCode = 1
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
