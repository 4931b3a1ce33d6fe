/**
 * `npm run mutation [-- PART…]`: makes each mutation alone in a copy of core
 * and runs the tests that decide; a mutation that no test notices survives.
 *
 * The tree itself is never touched. Two lanes work side by side, each on a copy
 * of its own under a temporary directory that is removed at the end. PART limits
 * the run to mutations whose file contains it. Exit 1 when less than 95 % are
 * noticed, or when a mutation no longer fits the code.
 */
import { spawn } from "node:child_process"
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type Mutation, mutations } from "./Mutations.ts"

const root = join(import.meta.dirname, "..")
const lanes = 2
const wanted = 0.95

/** A mutation that makes a loop endless counts as noticed after this many milliseconds. */
const patience = 300_000

const config = `export default {
  resolve: { conditions: ["source"] },
  ssr: { resolve: { conditions: ["source"], externalConditions: ["source"] } },
  test: { include: ["test/**/*.test.ts"], execArgv: ["--conditions=source"], reporters: ["dot"], isolate: false, maxWorkers: 1 }
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
  "test/cache/Cache.test.ts"
]

/** Tests of the first try: those nearest to the mutated file. */
const near = (file: string): ReadonlyArray<string> =>
  file.startsWith("rules/routes/")
    ? ["test/rules/routes", "test/rules/R"]
    : /UnknownModel|WithoutTeam|RequestedModel/.test(file)
    ? ["test/cases/U"]
    : file.startsWith("rules/")
    ? ["test/rules/R", "test/cases/A", "test/cases/P"]
    : file.startsWith("identity/")
    ? ["test/identity", "test/cases/C", "test/cases/Tr"]
    : /User|Sync/.test(file)
    ? ["test/principal/User", "test/principal/Sync", "test/cases/Tr"]
    : file.startsWith("principal/")
    ? ["test/principal/Team", "test/cases/Te", "test/cases/A"]
    : ["test/decision/Reach", "test/cases/P", "test/cases/Or"]

/** Tests of the second try: everything that is quick. */
const quick = [
  "test/rules/R",
  "test/rules/routes",
  "test/cases/U",
  "test/identity",
  "test/cases/A",
  "test/cases/C",
  "test/cases/L",
  "test/cases/P",
  "test/cases/T",
  "test/cases/Ou",
  "test/principal/Sync",
  "test/principal/Team",
  "test/principal/User",
  "test/Trace",
  "test/decision/Reach",
  "test/AuthBuilder"
]

/** Tests of the last try: pairs of failures, and laws. */
const thorough = ["test/cases/Or", "test/cases/Od", "test/Hint", "test/laws"]

const lane = async (home: string, name: string): Promise<string> => {
  const core = join(home, name, "packages/core")
  await mkdir(core, { recursive: true })
  for (const part of ["src", "test", "package.json"]) {
    await cp(join(root, "packages/core", part), join(core, part), { recursive: true })
  }
  await symlink(join(root, "node_modules"), join(home, name, "node_modules"))
  await writeFile(join(core, "vitest.config.ts"), config)
  return core
}

/** Whether these tests pass in a lane. */
const passes = (core: string, tests: ReadonlyArray<string>): Promise<boolean> =>
  new Promise((resolve, reject) => {
    const excluded = left.flatMap((it) => ["--exclude", it])
    const vitest = join(root, "node_modules/vitest/vitest.mjs")
    const child = spawn(process.execPath, [vitest, "run", "--bail", "1", ...excluded, ...tests], {
      cwd: core,
      stdio: "ignore",
      env: { ...process.env, CI: "1" }
    })
    const timer = setTimeout(() => child.kill("SIGKILL"), patience)
    child.once("error", reject)
    child.once("exit", (code) => {
      clearTimeout(timer)
      resolve(code === 0)
    })
  })

const placesOf = (text: string, find: string): number => text.split(find).length - 1

/** Whether some test notices the mutation. */
const isNoticed = async (core: string, { file, find, replace }: Mutation): Promise<boolean> => {
  const path = join(core, "src", file)
  const original = await readFile(path, "utf8")
  await writeFile(path, original.replace(find, () => replace))
  const survived = (await passes(core, near(file))) && (await passes(core, quick)) && (await passes(core, thorough))
  await writeFile(path, original)
  return !survived
}

const stale = async (all: ReadonlyArray<Mutation>): Promise<ReadonlyArray<Mutation>> => {
  const texts = await Promise.all(all.map((it) => readFile(join(root, "packages/core/src", it.file), "utf8")))
  return all.filter((it, index) => placesOf(texts[index] ?? "", it.find) !== 1)
}

const print = (line: string): void => void process.stdout.write(`${line}\n`)

const shown = ({ file, find, replace }: Mutation): string =>
  `${file}: ${JSON.stringify(find)} became ${JSON.stringify(replace)}`

const main = async (parts: ReadonlyArray<string>): Promise<number> => {
  const chosen = mutations.filter((it) => parts.length === 0 || parts.some((part) => it.file.includes(part)))
  const old = await stale(chosen)
  for (const it of old) print(`does not stand exactly once: ${it.file}: ${JSON.stringify(it.find)}`)
  if (old.length > 0) return 1
  const home = await mkdtemp(join(tmpdir(), "jotgate-mutation-"))
  try {
    const cores = await Promise.all(Array.from({ length: lanes }, (_, index) => lane(home, `lane-${index}`)))
    const [first] = cores
    if (first === undefined || !(await passes(first, quick)) || !(await passes(first, thorough))) {
      print("the tests do not pass without a mutation")
      return 1
    }
    const queue = chosen.values()
    const survivors: Array<Mutation> = []
    let done = 0
    await Promise.all(cores.map(async (core) => {
      for (const it of queue) {
        const noticed = await isNoticed(core, it)
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
