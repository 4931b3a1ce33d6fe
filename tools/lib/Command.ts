/**
 * The command as few files: what starts for every question loads one file instead of hundreds of modules.
 *
 * What a verb does not need is in files of their own, loaded when it is named; so are the drivers of databases and of
 * gRPC. The package needs no other one: it can be installed where there is no registry.
 */
import { build, type Plugin } from "esbuild"
import { readFileSync, writeFileSync } from "node:fs"
import { barrels, builtins, deferred, parts } from "./Imports.ts"
import { licensesOf } from "./Licenses.ts"

/**
 * What modules read of their package is in them: the manifest that tells the version, which is the command's from wherever
 * it is asked, and the messages of gRPC. So the command is its modules and nothing else.
 */
const inlined = (root: string): Plugin => ({
  name: "inlined",
  setup: ({ onLoad }) => {
    const version = `export const version = ${
      JSON.stringify(JSON.parse(readFileSync(`${root}/package.json`, "utf8")).version)
    }`
    onLoad({ filter: /packages.(?:cli.src.Version|server.src.platform.Version)\.ts$/ }, () => ({
      contents: version,
      loader: "ts"
    }))
    onLoad({ filter: /packages.server.src.doors.grpc.CheckReply\.ts$/ }, ({ path }) => ({
      contents: readFileSync(path, "utf8").replace(
        /readFileSync\(new URL\("ExtAuthz\.proto", import\.meta\.url\), "utf8"\)/,
        () => JSON.stringify(readFileSync(`${root}/../server/src/doors/grpc/ExtAuthz.proto`, "utf8"))
      ),
      loader: "ts"
    }))
  }
})

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
    plugins: [inlined(root), builtins, barrels, parts, deferred, ...plugins],
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
}
