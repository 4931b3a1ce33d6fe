/**
 * The gate inside another program: `Gate.make().decide` against the bare pipeline, the first decision of a process
 * against jose alone, and how large the bundles are. `--profile` measures nothing and says where the time of that first
 * decision goes.
 */
import { AuthBuilder } from "@jotgate/core/AuthBuilder"
import { Gate } from "@jotgate/core/Gate"
import { NodeSignature } from "@jotgate/core/node"
import { knownModel } from "@jotgate/core/Request"
import { Issuer } from "@jotgate/core/testing"
import { Clock, Effect, Exit, ManagedRuntime } from "effect"
import { build, type BuildOptions } from "esbuild"
import { execFileSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { figure, spread } from "./Measure.ts"
import * as Profile from "./Profile.ts"

const time = Math.floor(Date.now() / 1000)
const idp = await Effect.runPromise(Issuer.make("https://idp.test", ["ES256"]))
const keys = { keys: idp.jwks.keys.map((it) => ({ ...it })) }
const settings = {
  issuers: [{ id: "idp", issuer: idp.iss, audience: "gate", jwks: keys, claims: { user: "sub", teams: "groups" } }],
  directory: { users: { unknown: "allow" } }
} as const
const parts = {
  directory: { team: (id: string) => id === "red" ? { id, models: ["gpt-4o*"] } : null },
  signature: NodeSignature.layer
}
const token = await Effect.runPromise(
  idp.token({ now: time, claims: { aud: "gate", sub: "ada", groups: ["red"] } })
)
const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" }
const request = { method: "POST", path: "/v1/chat/completions", headers, body: `{"model":"gpt-4o"}` }

const isProfile = process.argv.includes("--profile")

const frames: Profile.Parts = [
  ["collecting garbage", /^\(garbage collector\) /],
  ["parsing what is loaded", /^compileSourceTextModule /],
  ["Web Crypto", / node:internal\/crypto\//],
  ["Node, starting and ending", / node:|^\((?:root|program)\) /],
  ["what schemas are made of", /\/effect\/\S*\/(?:Schema|internal\/schema)/],
  ["the settings", /\/core\/src\/(?:settings\/|Settings)/],
  ["keys and tokens", /\/core\/src\/(?:keys|token|issuer|identity|Token)|\/jose\//],
  ["the request and its models", /\/core\/src\/(?:embed|rules\/routes|Request|Json)/],
  ["the decision, and what it is made of", /\/core\/src\//],
  ["Effect, and what modules do when they are loaded", /\/effect\//]
]

const bundling = (contents: string): BuildOptions => ({
  stdin: { contents, resolveDir: fileURLToPath(new URL("..", import.meta.url)) },
  bundle: true,
  minify: true,
  format: "esm",
  mainFields: ["module", "main"],
  conditions: ["source", "import"],
  logLevel: "silent"
})

const folder = mkdtempSync(join(tmpdir(), "jotgate-embed-"))

/** A program as one file. */
const bundled = async (name: string, contents: string): Promise<string> => {
  const outfile = join(folder, `${name}.mjs`)
  await build({ ...bundling(contents), external: [], platform: "node", outfile, sourcemap: isProfile && "linked" })
  return outfile
}

const millisOf = (program: string, flags: ReadonlyArray<string> = []): number => {
  const start = performance.now()
  execFileSync(process.execPath, [...flags, program])
  return performance.now() - start
}

const jose = await bundled(
  "jose",
  `import { importJWK, jwtVerify } from "jose"
await jwtVerify(${JSON.stringify(token)}, await importJWK(${JSON.stringify(keys.keys[0])}, "ES256"))`
)
/** A program that decides once, with these lines before it and these parts. */
const deciding = (name: string, imports: string, parts: string): Promise<string> =>
  bundled(
    name,
    `import { Gate } from "@jotgate/core/Gate"
${imports}
const gate = await Gate.make(${JSON.stringify(settings)}, { directory: { team: (id) => ({ id }) }${parts} })
const verdict = await gate.decide(${JSON.stringify(request)})
if (!verdict.allowed) throw new Error(verdict.text())`
  )

// As docs/embedding.md has it on Node.
const core = await deciding(
  "core",
  `import { NodeSignature } from "@jotgate/core/node"`,
  ", signature: NodeSignature.layer"
)
const portable = await deciding("portable", "", "")
if (isProfile) {
  const runs = 11
  const all = new Map<string, number>()
  for (let run = 0; run < runs; run++) {
    const written = mkdtempSync(join(folder, "profile-"))
    millisOf(core, [...Profile.flags(written), "--cpu-prof-interval=100"])
    for (const [part, micros] of Profile.sums(await Profile.written(written), frames)) {
      all.set(part, (all.get(part) ?? 0) + micros / runs / 1000)
    }
  }
  rmSync(folder, { recursive: true })
  const total = [...all.values()].reduce((sum, it) => sum + it, 0)
  console.log(`first decision of a process, by the profiler: ${total.toFixed(1)} ms`)
  for (const [part, millis] of [...all].toSorted(([, left], [, right]) => right - left)) {
    console.log(`${millis.toFixed(1).padStart(8)} ms  ${part}`)
  }
  process.exit()
}

const runtime = ManagedRuntime.make(Gate.layer(settings, parts))
const auth = await runtime.runPromise(AuthBuilder)
const clock = await runtime.runPromise(Clock.clockWith(Effect.succeed))
const asked = {
  method: "POST",
  path: "/v1/chat/completions",
  rawHeaders: Object.entries(headers).flat(),
  model: knownModel("gpt-4o"),
  listsModels: true
}
const bare = () =>
  auth.decide(asked, { time: clock.currentTimeMillisUnsafe(), ticks: performance.now(), note: undefined })

const gate = await Gate.make(settings, parts)
if (!(await gate.decide(request)).allowed) throw new Error("not allowed")
await Effect.runPromise(bare())
console.log(`bare decision is an Exit: ${Exit.isExit(bare())}`)

/** Nanoseconds of one call, of many. */
const nanosOf = async (call: () => unknown): Promise<number> => {
  const start = performance.now()
  for (let i = 0; i < 20_000; i++) await call()
  return (performance.now() - start) * 50
}

/** Both in turn, so that both meet the same machine. */
const ratios: Array<number> = []
for (let round = 0; round < 15; round++) {
  const pipeline = await nanosOf(bare)
  ratios.push(await nanosOf(() => gate.decide(request)) / pipeline)
}
figure(spread(ratios)[1], "×", "Gate.make().decide warm, as dear as AuthBuilder.decide warm, median of 15", 2)

/** KiB of a bundle: of its entry and the pieces that it always loads, without those that are loaded when named. */
const sizeOf = async (contents: string, platform: "neutral" | "node"): Promise<number> => {
  const { metafile: { outputs } } = await build({
    ...bundling(contents),
    platform,
    splitting: true,
    outdir: "bundle",
    metafile: true,
    write: false
  })
  const loaded = new Set(Object.keys(outputs).filter((it) => outputs[it]?.entryPoint === "<stdin>"))
  for (const one of loaded) {
    for (const it of outputs[one]?.imports ?? []) if (it.kind === "import-statement") loaded.add(it.path)
  }
  return [...loaded].reduce((all, it) => all + (outputs[it]?.bytes ?? 0), 0) / 1024
}

figure(await sizeOf(`export { Gate } from "@jotgate/core/Gate"`, "neutral"), "KiB", "core with effect, minified", 600)
figure(
  await sizeOf(`export { createGate } from "@jotgate/server/EmbeddedGate"`, "node"),
  "KiB",
  "createGate, minified, with no driver named",
  3072
)

/** Processes of all in turn, so that all meet the same machine. */
const runs = Array.from({ length: 21 }, () => [jose, core, portable].map((it) => millisOf(it)))
rmSync(folder, { recursive: true })
const [baseline = 0, first = 0, web = 0] = [0, 1, 2].map((at) => spread(runs.map((it) => it[at] ?? 0))[1])
figure(first - 1.5 * baseline, "ms", "first decision of a process, over 1.5 × jose and one check, medians of 21", 80)
figure(web - 1.5 * baseline, "ms", "the same with Web Crypto, as runtimes other than Node have it", 80)
process.exit()
