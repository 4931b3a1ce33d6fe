/**
 * `npm run packed`: what a stranger gets.
 *
 * Packs the four packages, installs the tarballs into an empty folder beside an own `effect`, and uses them there with
 * plain Node: one copy of effect, a command that tells its version (and installs without a registry), every subpath that is shown importable and no other
 * module, the same decision by the core and by the gate with every store, and every block of docs/install.md, down to an
 * alert of Debian's Prometheus, an upgrade and the way back; then with each supported compiler, both ways
 * of finding modules and nothing silenced, beside the programs that the pages show. Needs `npm run build` before it, and a package registry.
 */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { basename, join } from "node:path"
import * as Catalog from "../servers/src/Catalog.ts"
import { compilers, deciding, host, hosts, optionsOf, pointing, refused } from "./lib/Consumer.ts"
import { programsOf, supposed } from "./lib/PagePrograms.ts"
import { bin, run } from "./lib/Run.ts"

interface Manifest {
  readonly name: string
  readonly version: string
  readonly exports?: Readonly<Record<string, unknown>>
}

const manifestOf = (folder: string): Manifest => JSON.parse(readFileSync(join(folder, "package.json"), "utf8"))

const fail = (message: string): never => {
  throw new Error(message)
}

const expectRun = async (
  title: string,
  command: string,
  args: ReadonlyArray<string>,
  cwd: string,
  env: Readonly<Record<string, string>> = {}
): Promise<string> => {
  const { code, output, seconds } = await run(command, args, { cwd, env })
  if (code !== 0) fail(`${title}: exit ${code}\n${output}`)
  console.log(`packed: ${title} (${seconds.toFixed(1)} s)`)
  return output
}

/** Every folder below `folder` that holds the package `effect`. */
const copiesOfEffect = (folder: string): ReadonlyArray<string> => {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { withFileTypes: true }).filter((it) => it.isDirectory()).flatMap(({ name }) => {
    const path = join(folder, name)
    if (name.startsWith("@")) {
      return readdirSync(path).flatMap((scoped) => copiesOfEffect(join(path, scoped, "node_modules")))
    }
    return [...(name === "effect" ? [path] : []), ...copiesOfEffect(join(path, "node_modules"))]
  })
}

/** The packages whose every export and member has a doc comment. */
const documented = ["@jotgate/core", "@jotgate/store", "@jotgate/server"]

/** Megabytes that the command may take with everything it needs. */
const largestInstall = 60

/** Bytes of the files below a folder. */
const sizeOf = (folder: string): number =>
  readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((it) => it.isFile())
    .reduce((sum, it) => sum + statSync(join(it.parentPath, it.name)).size, 0)

const packages = ["core", "store", "server", "cli"].map((name) => `packages/${name}`)
const own = JSON.parse(readFileSync("package.json", "utf8")) as {
  readonly devDependencies: Readonly<Record<string, string>>
}
const scratch = mkdtempSync(join(tmpdir(), "jotgate-packed-"))
try {
  const tarballs = join(scratch, "tarballs")
  const consumer = join(scratch, "consumer")
  mkdirSync(tarballs)
  mkdirSync(consumer)
  for (const folder of packages) {
    if (!existsSync(join(folder, "dist"))) fail(`${folder}/dist is missing: npm run build`)
  }

  // As docs/install.md and deploy/Containerfile pack the command.
  const listed = await expectRun(
    "npm pack",
    "npm",
    ["pack", "--silent", "--pack-destination", tarballs, ...packages.flatMap((it) => ["--workspace", it])],
    "."
  )
  const files = listed.split("\n").filter((it) => it.endsWith(".tgz")).map((it) => join(tarballs, it.trim()))
  if (files.length !== packages.length) fail(`expected ${packages.length} tarballs, got ${listed}`)

  writeFileSync(join(consumer, "package.json"), JSON.stringify({ name: "consumer", private: true, type: "module" }))
  await expectRun(
    "npm install of the tarballs",
    "npm",
    ["install", "--no-audit", "--no-fund", "--omit=dev", ...files, `effect@${own.devDependencies["effect"]}`],
    consumer
  )

  const copies = copiesOfEffect(join(consumer, "node_modules"))
  if (copies.length !== 1) fail(`expected one copy of effect, found ${copies.length}: ${copies.join(", ")}`)
  console.log("packed: one copy of effect")

  const { version } = manifestOf("packages/cli")
  const printed = await expectRun(
    "jotgate --version",
    join(consumer, "node_modules/.bin/jotgate"),
    ["--version"],
    consumer
  )
  if (!printed.includes(version)) fail(`jotgate --version printed ${JSON.stringify(printed)}, not ${version}`)

  writeFileSync(join(consumer, "jotgate.yaml"), "issuers: [{ id: a, issuer: https://idp.example, audience: gate }]\n")
  const checked = await expectRun("jotgate check", join(consumer, "node_modules/.bin/jotgate"), [
    "check",
    "jotgate.yaml"
  ], consumer)
  if (!checked.includes("jotgate.yaml: sound")) fail(`jotgate check printed ${JSON.stringify(checked)}`)

  const alone = join(scratch, "alone")
  mkdirSync(alone)
  writeFileSync(join(alone, "package.json"), JSON.stringify({ name: "alone", private: true }))
  const command = files.find((it) => /^jotgate-\d/.test(basename(it))) ?? fail("there is no tarball of the command")
  // As on a machine that reaches no registry and has never seen one of its packages; docs/development.md has the size.
  const nothing = { npm_config_cache: join(scratch, "cache"), npm_config_offline: "true" }
  await expectRun("npm install of the command alone, offline", "npm", ["install", command], alone, nothing)
  await expectRun("its npx jotgate check", "npx", ["jotgate", "check", "../consumer/jotgate.yaml"], alone, nothing)
  const megabytes = sizeOf(join(alone, "node_modules")) / 1e6
  if (megabytes > largestInstall) fail(`${megabytes.toFixed(1)} MB are installed, more than ${largestInstall}`)
  console.log(`packed: the command takes ${megabytes.toFixed(1)} MB, every dependency included`)

  if (Catalog.find("prometheus") === undefined && process.env["CI"] === undefined) {
    console.log(`packed: docs/install.md is not walked: ${Catalog.hint("prometheus")}`)
  } else {
    const walk = ["--conditions=source", "tools/walk.ts", command]
    const walked = await expectRun("docs/install.md, walked from its first line to its last", bin("node"), walk, ".")
    console.log(`packed: ${walked.trim().split("\n").at(-1)}`)
  }

  const installed = packages.map(manifestOf).map(({ name }) => join(consumer, "node_modules", name))
  for (const folder of installed) {
    const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((it) =>
      !it.startsWith("node_modules")
    )
    for (const it of ["README.md", "LICENSE", "NOTICE"]) if (!names.includes(it)) fail(`${folder} has no ${it}`)
    if (basename(folder) === "jotgate") {
      for (const it of ["LICENSES.txt", "sbom.json"]) {
        if (!names.includes(`dist/command/${it}`)) fail(`${folder} has no ${it}`)
      }
    }
    const strange = names.find((it) => /tsbuildinfo|^src\b|\.workspace$/.test(it))
    if (strange !== undefined) fail(`${folder} ships ${strange}`)
    if (names.includes("docs/embedding.md")) {
      const page = readFileSync(join(folder, "docs/embedding.md"), "utf8")
      const links = [...page.matchAll(/\]\(([^)#:]+)[^)]*\)/g)].map(([, to = ""]) => to)
      for (const to of links) {
        if (!existsSync(join(folder, "docs", to))) fail(`${folder}: docs/embedding.md names ${to}`)
      }
      console.log(`packed: ${basename(folder)}: ${links.length} links of the page on embedding lead somewhere`)
    }
    if (JSON.stringify(manifestOf(folder).exports ?? {}).includes(`"source":`)) fail(`${folder} names sources`)
    await expectRun(`publint ${folder.slice(consumer.length)}`, bin("publint"), ["run", "--strict", folder], ".")
  }
  const specifiers = installed.map(manifestOf).flatMap(({ exports = {}, name }) =>
    Object.keys(exports).filter((key) => key !== "./package.json").map((key) => name + key.slice(1))
  )
  const program = `for (const it of ${JSON.stringify(specifiers)}) await import(it)`
  await expectRun(`${specifiers.length} imports`, bin("node"), ["--input-type=module", "--eval", program], consumer)

  const closed = packages.map(manifestOf).flatMap(({ exports = {}, name }) =>
    Object.keys(exports).map((key) => name + key.slice(1)).filter((it) => !specifiers.includes(it))
  ).filter((it) => !it.endsWith("/package.json"))
  const refusals = `const open = []
for (const it of ${JSON.stringify([...closed, "@jotgate/core/dist/Gate.js", "@jotgate/store/SqlUserRepo"])}) {
  await import(it).then(() => open.push(it), (error) => error.code === "ERR_PACKAGE_PATH_NOT_EXPORTED" || open.push(it))
}
if (open.length > 0) throw new Error("can be imported: " + open.join(", "))`
  await expectRun(
    `${closed.length} inner modules, none of which can be imported`,
    bin("node"),
    ["--input-type=module", "--eval", refusals],
    consumer
  )

  writeFileSync(join(consumer, "deciding.mjs"), deciding)
  const decided = await expectRun("decisions of both gates", bin("node"), ["deciding.mjs"], consumer)
  if (decided.trim() !== "200 ada true 401 token_missing\n200 ada true 401 token_missing") fail(`decided ${decided}`)

  cpSync("examples/src", join(consumer, "examples"), { recursive: true })
  writeFileSync(join(consumer, "hosts.mjs"), hosts)
  const answered = await expectRun("the Fetch, Worker and Lambda examples", bin("node"), ["hosts.mjs"], consumer)
  if (answered.trim() !== "Fetch 200 403 401\nWorker 200 403 401\nLambda 200 403 401") fail(`answered ${answered}`)

  cpSync("tools/lib/OwnParts.ts", join(consumer, "OwnParts.ts"))
  const held = await expectRun("a stranger's own parts, held to the contracts", bin("node"), ["OwnParts.ts"], consumer)
  const [contracts, decisions] = [held.match(/^\w+ (\d+) of \1$/gm) ?? [], held.trim().split("\n").slice(-2)]
  if (contracts.length !== 5 || decisions.join() !== "allow user=ada team=red,404 user_not_found") fail(`held ${held}`)

  for (const file of files) {
    const ignored = ["--profile", "esm-only", ...file.includes("jotgate-0") ? ["--ignore-rules", "no-resolution"] : []]
    await expectRun(`attw ${file.slice(tarballs.length + 1)}`, bin("attw"), [file, ...ignored], ".")
  }

  await expectRun(
    "npm install of the compilers",
    "npm",
    [
      "install",
      "--no-audit",
      "--no-fund",
      `@types/node@${own.devDependencies["@types/node"]}`,
      `@effect/platform-node@${own.devDependencies["@effect/platform-node"]}`,
      ...Object.entries(compilers).map(([name, it]) => `${name}@${it}`)
    ],
    consumer
  )
  cpSync("tools/lib/hover.mjs", join(consumer, "hover.mjs"))
  const hovered = await expectRun(
    "what an editor shows of every export and member",
    bin("node"),
    ["hover.mjs", "ts6.0", ...documented],
    consumer
  )
  console.log(hovered.trimEnd().replaceAll(/^/gm, "packed: "))
  cpSync("tools/lib/quickinfo.mjs", join(consumer, "quickinfo.mjs"))
  writeFileSync(join(consumer, "pointing.ts"), pointing)
  await expectRun(
    `what a language server says of ${pointing.split("/*?*/").length - 1} names in a program`,
    bin("node"),
    ["quickinfo.mjs", "ts6.0", "pointing.ts"],
    consumer
  )
  const compile = (compiler: string, project: string) =>
    run(bin("node"), [join("node_modules", compiler, "bin/tsc"), "--pretty", "false", "-p", project], { cwd: consumer })
  const project = (name: string, text: string, resolution: "NodeNext" | "Bundler"): string => {
    const folder = join(consumer, `${name}-${resolution}`)
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, "program.ts"), text)
    writeFileSync(
      join(folder, "tsconfig.json"),
      JSON.stringify({ compilerOptions: optionsOf(resolution), files: ["program.ts"] })
    )
    return folder
  }
  const pages = ["docs/embedding.md", ...packages.map((it) => `${it}/README.md`)]
  const shown = pages.flatMap((it) => programsOf(readFileSync(it, "utf8")))
  const pagesFolder = project("pages", "", "NodeNext")
  for (const [index, text] of shown.entries()) writeFileSync(join(pagesFolder, `page${index}.ts`), text)
  writeFileSync(join(pagesFolder, "supposed.d.ts"), supposed)
  writeFileSync(
    join(pagesFolder, "tsconfig.json"),
    JSON.stringify({ compilerOptions: { ...optionsOf("NodeNext"), skipLibCheck: true }, include: ["*.ts"] })
  )
  const compiled = await compile(Object.keys(compilers).at(-1) ?? "", pagesFolder)
  if (compiled.code !== 0 || shown.length < 8) fail(`${shown.length} programs of the pages: ${compiled.output}`)
  console.log(`packed: ${shown.length} programs that the pages show compile (${compiled.seconds.toFixed(1)} s)`)
  for (const resolution of ["NodeNext", "Bundler"] as const) {
    const folder = project("host", host, resolution)
    // What differs between the ways of finding modules does not differ between compilers in the middle.
    for (
      const compiler of Object.keys(compilers).filter((_, at, all) =>
        resolution === "NodeNext" || at % (all.length - 1) === 0
      )
    ) {
      const { code, output, seconds } = await compile(compiler, folder)
      if (code !== 0) fail(`${compiler}, ${resolution}: exit ${code}\n${output}`)
      console.log(`packed: compiles with ${compiler}, ${resolution} (${seconds.toFixed(1)} s)`)
    }
  }
  const newest = Object.keys(compilers).at(-1) ?? ""
  for (const [index, [words, text]] of refused.entries()) {
    const { code, output } = await compile(newest, project(`refused-${index}`, text, "NodeNext"))
    const [first = ""] = output.split("\n")
    if (code === 0 || !words.test(first)) fail(`must not compile, with ${words}: ${first || "it compiles"}`)
  }
  console.log(`packed: ${refused.length} programs that must not compile do not`)
} catch (error) {
  console.error(`packed: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
