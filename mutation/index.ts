/**
 * `npm run mutation [-- PART…]`: makes each mutation alone in a copy of its
 * package and runs the tests that decide; a mutation that no test notices survives.
 *
 * The tree itself is never touched. Two lanes work side by side, each on a copy
 * of its own under a temporary directory that is removed at the end. PART limits
 * the run to mutations whose file contains it; `releases` is what LiteLLM 1.110 brought,
 * `tools` what decides on tools. Exit 1 when less than 95 % are
 * noticed, or when a mutation no longer fits the code.
 */
import { spawn } from "node:child_process"
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type Mutation, mutations, type Package } from "./Mutations.ts"
import { releases } from "./ReleaseMutations.ts"
import { stale } from "./Stale.ts"
import { tools } from "./ToolMutations.ts"

const root = join(import.meta.dirname, "..")
const lanes = 2
const wanted = 0.95

/** A mutation that makes a loop endless counts as noticed after this many milliseconds. */
const patience = 300_000

const config = `export default {
  resolve: { conditions: ["source"] },
  ssr: { resolve: { conditions: ["source"], externalConditions: ["source"] } },
  test: {
    include: ["test/**/*.test.ts"],
    execArgv: ["--conditions=source"],
    reporters: ["dot"],
    isolate: false,
    maxWorkers: 1,
    // A test that is late on a busy machine has noticed nothing.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // As in vitest.workspace.ts: they have sources under the same condition, which Node does not load from there.
    server: { deps: { inline: [/@modelcontextprotocol/, /eventsource/] } }
  }
}
`

/** Tests that read other packages, or take long and decide nothing. */
const left = [
  "test/cases/LitellmRest.test.ts",
  "test/cases/Deviations.test.ts",
  "test/cases/ThreatRows.test.ts",
  "test/token/**",
  "test/keys/**",
  "test/opaque/**",
  "test/issuer/**",
  "test/cache/Cache.test.ts",
  "test/model/JsonWalk.test.ts",
  "test/mcp/*.integration.test.ts"
]

/** Tests of the first try: those nearest to the mutated file. */
const near = ({ file, package: name }: Mutation): ReadonlyArray<string> =>
  name === "server"
    ? ["test/model"]
    : file.startsWith("issuer/")
    ? ["test/cases/Ten", "test/issuer", "test/cases/N", "test/cases/Ad"]
    : file.startsWith("opaque/")
    ? ["test/opaque"]
    : file === "Token.ts"
    ? ["test/token/ThreatsB"]
    : file.startsWith("settings/") || file === "Identity.ts"
    ? ["test/identity", "test/cases/Ag", "test/cases/Ad", "test/cases/N"]
    : file.startsWith("rules/routes/")
    ? ["test/rules/routes", "test/rules/R", "test/Gate"]
    : /UnknownModel|WithoutTeam|RequestedModel/.test(file)
    ? ["test/cases/U"]
    : file.startsWith("rules/")
    ? ["test/rules/R", "test/cases/A", "test/cases/P"]
    : file.startsWith("identity/")
    ? ["test/identity", "test/cases/C", "test/cases/R", "test/cases/Tr", "test/cases/Ag"]
    : /User|Sync/.test(file)
    ? ["test/principal/User", "test/principal/Sync", "test/cases/Tr", "test/cases/N"]
    : file.startsWith("principal/")
    ? ["test/principal/Team", "test/cases/Te", "test/cases/A"]
    : ["test/decision/Reach", "test/cases/P", "test/cases/R", "test/cases/Or"]

/** Tests of the second try: everything that is quick. */
const quick: Readonly<Record<Package, ReadonlyArray<string>>> = {
  server: [
    "test/proxy/Bodies",
    "test/proxy/Uploads",
    "test/proxy/Frames",
    "test/proxy/Ambiguous",
    "test/Judge",
    "test/doors/F"
  ],
  core: [
    "test/rules/R",
    "test/rules/routes",
    "test/cases/U",
    "test/identity",
    "test/cases/A",
    "test/cases/C",
    "test/cases/L",
    "test/cases/N",
    "test/cases/P",
    "test/cases/Re",
    "test/cases/T",
    "test/cases/Ou",
    "test/principal/Sync",
    "test/principal/Team",
    "test/principal/User",
    "test/Trace",
    "test/decision/Reach",
    "test/AuthBuilder"
  ]
}

/** Tests of the last try: pairs of failures, and laws. */
const thorough: Readonly<Record<Package, ReadonlyArray<string>>> = {
  core: ["test/cases/Or", "test/cases/Od", "test/Hint", "test/laws"],
  server: []
}

/** What decides on tools has its tests in few places: nothing else would notice. */
const ofTools = ({ file }: Mutation): ReadonlyArray<ReadonlyArray<string>> | undefined =>
  file.startsWith("mcp/")
    ? [[`test/${file.slice(0, -".ts".length)}`], ["test/mcp"]]
    : file === "proxy/McpExchange.ts"
    ? [["test/mcp"]]
    : /Tool|McpServer/.test(file)
    ? [
      ["test/rules/ToolRules", "test/rules/Req", "test/rules/McpServer", "test/decision/ToolReach", "test/cases/Tools"],
      ["test/cases/Agents", "test/laws/Tools"]
    ]
    : undefined

/** The tests of each try, one after the other. */
const tries = (it: Mutation): ReadonlyArray<ReadonlyArray<string>> =>
  ofTools(it) ?? [near(it), quick[it.package], thorough[it.package]]

/** A copy of every package that is mutated; answers where each of them is. */
const lane = async (home: string, name: string): Promise<Readonly<Record<Package, string>>> => {
  const folderOf = async (of: Package): Promise<string> => {
    const folder = join(home, name, "packages", of)
    await mkdir(folder, { recursive: true })
    for (const part of ["src", "test", "package.json"]) {
      await cp(join(root, "packages", of, part), join(folder, part), { recursive: true })
    }
    await writeFile(join(folder, "vitest.config.ts"), config)
    return folder
  }
  const folders = { core: await folderOf("core"), server: await folderOf("server") }
  await symlink(join(root, "node_modules"), join(home, name, "node_modules"))
  return folders
}

/** Whether these tests pass in a copy of a package. */
const passes = (folder: string, tests: ReadonlyArray<string>, milliseconds = patience): Promise<boolean> =>
  tests.length === 0 ? Promise.resolve(true) : new Promise((resolve, reject) => {
    const named = (folder: string): boolean => tests.some((it) => it.startsWith(folder.replace("/**", "")))
    const excluded = left.flatMap((it) => named(it) ? [] : ["--exclude", it])
    const vitest = join(root, "node_modules/vitest/vitest.mjs")
    const child = spawn(process.execPath, [vitest, "run", "--passWithNoTests", "--bail", "1", ...excluded, ...tests], {
      cwd: folder,
      stdio: "ignore",
      env: { ...process.env, CI: "1" }
    })
    const timer = setTimeout(() => child.kill("SIGKILL"), milliseconds)
    child.once("error", reject)
    child.once("exit", (code) => {
      clearTimeout(timer)
      resolve(code === 0)
    })
  })

/** Whether some test notices the mutation. */
const isNoticed = async (folders: Readonly<Record<Package, string>>, mutation: Mutation): Promise<boolean> => {
  const { file, find, package: name, replace } = mutation
  const folder = folders[name]
  const path = join(folder, "src", file)
  const original = await readFile(path, "utf8")
  await writeFile(path, original.replace(find, () => replace))
  let isNoticed = false
  for (const tests of tries(mutation)) {
    isNoticed = !(await passes(folder, tests))
    if (isNoticed) break
  }
  await writeFile(path, original)
  return isNoticed
}

const print = (line: string): void => void process.stdout.write(`${line}\n`)

const shown = ({ file, find, package: name, replace }: Mutation): string =>
  `${name} ${file}: ${JSON.stringify(find)} became ${JSON.stringify(replace)}`

const main = async (parts: ReadonlyArray<string>): Promise<number> => {
  const chosen = parts.includes("releases")
    ? releases
    : parts.includes("tools")
    ? tools
    : [...mutations, ...releases, ...tools].filter((it) =>
      parts.length === 0 || parts.some((part) => it.file.includes(part))
    )
  const old = await stale(root, chosen)
  old.forEach(print)
  if (old.length > 0) return 1
  const home = await mkdtemp(join(tmpdir(), "jotgate-mutation-"))
  try {
    const copies = await Promise.all(Array.from({ length: lanes }, (_, index) => lane(home, `lane-${index}`)))
    const [first] = copies
    for (const name of new Set(chosen.map((it) => it.package))) {
      if (
        first === undefined ||
        !(await passes(
          first[name],
          [...new Set(chosen.filter((it) => it.package === name).flatMap((it) => tries(it).flat()))],
          5 * patience
        ))
      ) {
        print(`the tests of ${name} do not pass without a mutation`)
        return 1
      }
    }
    const queue = chosen.values()
    const survivors: Array<Mutation> = []
    let done = 0
    await Promise.all(copies.map(async (folders) => {
      for (const it of queue) {
        const noticed = await isNoticed(folders, it)
        done++
        if (!noticed) survivors.push(it)
        print(`${done}/${chosen.length} ${noticed ? "noticed" : "SURVIVED"} ${shown(it)}`)
      }
    }))
    const share = (chosen.length - survivors.length) / chosen.length
    print("")
    for (const it of survivors) print(`survived: ${shown(it)}`)
    print(`${chosen.length - survivors.length} of ${chosen.length} mutations noticed (${(share * 100).toFixed(1)} %)`)
    return share >= wanted ? 0 : 1
  } finally {
    await rm(home, { recursive: true, force: true })
  }
}

process.exitCode = await main(process.argv.slice(2))
