/**
 * The command as few files: what starts for every question loads one file instead of hundreds of modules.
 *
 * What a verb does not need is in files of their own, loaded when it is named; so are the drivers of databases and of
 * gRPC. The package needs no other one: it can be installed where there is no registry.
 */
import { build, type Plugin } from "esbuild"
import { copyFileSync, readFileSync, writeFileSync } from "node:fs"
import { barrels, builtins, deferred, parts } from "./Imports.ts"
import { licensesOf } from "./Licenses.ts"

/** The manifest that tells the version is the command's, from wherever it is asked. */
const manifest: Plugin = {
  name: "manifest",
  setup: ({ onLoad }) => {
    onLoad({ filter: /packages.(?:cli.src.Version|server.src.platform.Version)\.ts$/ }, ({ path }) => ({
      contents: readFileSync(path, "utf8").replace(/"(?:\.\.\/)+package\.json"/, `"../../package.json"`),
      loader: "ts"
    }))
  }
}

/** Writes the command of the package in `root` to its folder `dist/command`, or to another one with its source maps. */
export const command = async (root: string, plugins: ReadonlyArray<Plugin> = [], mapped?: string): Promise<void> => {
  const outdir = mapped ?? `${root}/dist/command`
  const { metafile } = await build({
    entryPoints: {
      main: `${root}/src/main.ts`,
      // What a thread runs is found beside whatever starts the thread.
      RecordThreadProgram: `${root}/../store/src/records/RecordThreadProgram.ts`
    },
    outdir,
    bundle: true,
    splitting: true,
    platform: "node",
    format: "esm",
    target: "node22.19",
    conditions: ["source"],
    metafile: true,
    plugins: [manifest, builtins, barrels, parts, deferred, ...plugins],
    // Names stay, for who reads where an error came from, and so do lines that can be read; what is left is read sooner.
    minifySyntax: true,
    minifyWhitespace: true,
    lineLimit: 160,
    legalComments: "linked",
    // What is bundled of CommonJS asks for Node's modules by `require`, and for some that nobody needs.
    banner: {
      js:
        `const require = (it) => { const found = process.getBuiltinModule(it); if (found) return found; throw new Error("no " + it) };`
    },
    ...(mapped === undefined ? {} : { sourcemap: "linked", sourcesContent: false }),
    logLevel: "error"
  })
  writeFileSync(`${outdir}/LICENSES.txt`, licensesOf(metafile))
  copyFileSync(`${root}/../server/src/doors/grpc/ExtAuthz.proto`, `${outdir}/ExtAuthz.proto`)
}
