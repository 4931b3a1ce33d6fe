/**
 * A package as few files: each subpath that is shown is one, and what several of them share stands in chunks beside
 * them. A process that starts reads some thirty files of core then, not a hundred and fifty, which is most of what
 * loading it costs. What it depends on stays outside, so there is one copy of it, and the declarations stay one for
 * each module.
 */
import { build } from "esbuild"
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"

/** Puts the modules below `dist` together; `entries` are those that can be imported, below it and without their ending. */
export const chunked = async (dist: string, entries: ReadonlyArray<string>): Promise<void> => {
  const { outputFiles } = await build({
    entryPoints: entries.map((it) => join(dist, `${it}.js`)),
    outbase: dist,
    outdir: dist,
    chunkNames: "chunks/[hash]",
    bundle: true,
    splitting: true,
    write: false,
    packages: "external",
    platform: "neutral",
    format: "esm",
    target: "esnext",
    sourcemap: "linked",
    sourcesContent: false,
    logLevel: "error"
  })
  for (const name of readdirSync(dist, { recursive: true, encoding: "utf8" })) {
    if (/\.js(?:\.map)?$/.test(name)) rmSync(join(dist, name))
  }
  for (const { contents, path } of outputFiles) {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, contents)
  }
}
