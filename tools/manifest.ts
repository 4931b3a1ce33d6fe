/**
 * `node ../../tools/manifest.ts pack|restore`, in the folder of a package: before it is packed its package file becomes
 * the one that ships, with LICENSE and NOTICE beside it, and `dist` gets the modules of core that it brings along, or is put together
 * into few files where it is core's own; command and core get what their users read. Afterwards everything is as it was.
 */
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync
} from "node:fs"
import { dirname, join } from "node:path"
import { chunked } from "./lib/Chunks.ts"
import { carried, type Core } from "./lib/Inner.ts"
import { imported, type PackageFile, packed, shippedModules, shown } from "./lib/Surface.ts"

const root = join(import.meta.dirname, "..")
const kept = "package.json.workspace"
const keptDist = "dist.workspace"
const terms = ["LICENSE", "NOTICE"]
/** What is to be read, beside the package that it is about: where nothing but the tarball is, the runbook of an alert is there too. */
const read: Readonly<Record<string, ReadonlyArray<string>>> = {
  jotgate: ["docs", "deploy", "examples/src"],
  "@jotgate/core": [
    ...["configuration", "directory", "embedding", "errors"].map((page) => `docs/${page}.md`),
    "examples/src"
  ]
}
const [what] = process.argv.slice(2)

/** The package file of the workspace, also while another one stands in its place. */
const workspaceFile = (folder: string): PackageFile => {
  const other = join(folder, kept)
  return JSON.parse(readFileSync(existsSync(other) ? other : join(folder, "package.json"), "utf8"))
}

const textOf = (path: string): string | undefined => existsSync(path) ? readFileSync(path, "utf8") : undefined

const coreOf = (): Core => {
  const folder = join(root, "packages/core")
  const subpaths = Object.entries(workspaceFile(folder).exports ?? {}).flatMap(([subpath, entry]) =>
    typeof entry === "string" || entry["default"] === undefined
      ? []
      : [[subpath, entry["default"].replace(/^\.\/dist\//, "").replace(/\.js$/, "")] as const]
  )
  return {
    read: (path) => textOf(join(folder, "dist", path)),
    subpaths: new Map(subpaths),
    shown: new Set(shown["@jotgate/core"])
  }
}

/** Keeps `dist` as it is, so that what is packed can be another. */
const keepDist = (): void => {
  if (existsSync(keptDist)) throw new Error(`${keptDist} is there: node ../../tools/manifest.ts restore`)
  cpSync("dist", keptDist, { recursive: true })
}

/** Gives `dist` the modules of core that are not shown. */
const carry = ({ dependencies = {}, name, peerDependencies = {} }: PackageFile): void => {
  keepDist()
  const files = readdirSync("dist", { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".js") || path.endsWith(".d.ts"))
    .map((path) => ({ path, text: readFileSync(join("dist", path), "utf8") }))
  const { files: all, needs } = carried(files, coreOf())
  for (const it of needs) {
    if (!(it in dependencies) && !(it in peerDependencies)) throw new Error(`${name} brings along what needs ${it}`)
  }
  for (const { path, text } of all) {
    mkdirSync(dirname(join("dist", path)), { recursive: true })
    writeFileSync(join("dist", path), text)
  }
}

if (what === "pack") {
  if (existsSync(kept)) throw new Error(`${kept} is there: node ../../tools/manifest.ts restore`)
  const text = readFileSync("package.json", "utf8")
  const file: PackageFile = JSON.parse(text)
  writeFileSync(kept, text)
  writeFileSync("package.json", `${JSON.stringify(packed(file, imported(shippedModules(root))), null, 2)}\n`)
  for (const it of terms) copyFileSync(join(root, it), it)
  for (const it of read[file.name] ?? []) {
    cpSync(join(root, it), it, {
      recursive: true,
      filter: (path) => !path.endsWith("/packages")
    })
  }
  if (file.name === "@jotgate/core") {
    const { shown, subpaths } = coreOf()
    keepDist()
    await chunked("dist", [...shown].flatMap((it) => subpaths.get(it) ?? []))
  }
  if (file.name === "@jotgate/store" || file.name === "@jotgate/server") carry(file)
} else if (what === "restore") {
  if (existsSync(kept)) renameSync(kept, "package.json")
  if (existsSync(keptDist)) {
    rmSync("dist", { recursive: true, force: true })
    renameSync(keptDist, "dist")
  }
  for (const it of terms) rmSync(it, { force: true })
  for (const it of read[workspaceFile(".").name] ?? []) {
    rmSync(it.split("/", 1)[0] ?? it, { recursive: true, force: true })
  }
} else {
  console.error("manifest: pack or restore")
  process.exitCode = 2
}
