/**
 * What the command imports, without what it does not use: most of what a start takes is loading.
 *
 * Libraries say more by an import than is meant: a module with a hundred names, all of them made for one; all of Node's
 * HTTP for a constant. Each plugin here makes the bundle say what is used, and nothing else; the sources stay as they are
 * read best. Where a library has changed so that one of them finds nothing, the build fails.
 */
import type { Plugin } from "esbuild"
import { readFileSync } from "node:fs"
import { createRequire, isBuiltin } from "node:module"

const { resolve } = createRequire(import.meta.url)

const isName = (it: string): boolean => /^[A-Za-z_$][\w$]*$/.test(it) && it !== "default"

/**
 * Node's own modules are asked for by name: an `import` makes a copy of all that a module exports, which calls what only
 * some would ever ask for. Of `node:http` alone that loads a second HTTP client, a tenth of what a server takes to start.
 */
export const builtins: Plugin = {
  name: "builtins",
  setup: ({ onEnd, onLoad, onResolve }) => {
    // Nothing of it is in the bundle.
    onEnd(({ metafile }) => {
      const inputs = [metafile?.inputs, ...Object.values(metafile?.outputs ?? {}).map((it) => it.inputs)]
      for (const them of inputs) {
        for (const name of Object.keys(them ?? {})) {
          if (name.startsWith("builtins:")) Reflect.deleteProperty(them ?? {}, name)
        }
      }
    })
    onResolve(
      { filter: /./ },
      ({ kind, path }) => isBuiltin(path) && kind !== "require-call" ? { path, namespace: "builtins" } : undefined
    )
    onLoad({ filter: /./, namespace: "builtins" }, ({ path }) => {
      const names = Object.keys(process.getBuiltinModule(path) ?? {}).filter(isName)
      return {
        contents: [
          `const it = process.getBuiltinModule(${JSON.stringify(path)})`,
          `const own = (name) => it[name]`,
          `export default it`,
          ...names.map((name) => `const $${name} = /* @__PURE__ */ own("${name}"); export { $${name} as ${name} }`)
        ].join("\n"),
        loader: "js"
      }
    })
  }
}

const barrel = /^import \{([^}]*)\} from "(effect(?:\/[a-z-]+)?)"/gm

/** The modules that a barrel of effect names. */
const modulesOf = (path: string): ReadonlySet<string> => {
  const found = readFileSync(resolve(path), "utf8").matchAll(/^export \* as (\w+) from/gm)
  const names = new Set([...found].map(([, name = ""]) => name))
  if (names.size === 0) throw new Error(`${path}: names its modules otherwise`)
  return names
}

/**
 * Modules of effect are imported themselves. A barrel names each of them as a value, and a bundler keeps all of what such
 * a value has, used or not.
 */
export const barrels: Plugin = {
  name: "barrels",
  setup: ({ onLoad }) => {
    const known = new Map<string, ReadonlySet<string>>()
    const modules = (path: string): ReadonlySet<string> => {
      const found = known.get(path) ?? modulesOf(path)
      known.set(path, found)
      return found
    }
    const themselves = (text: string): string =>
      text.replaceAll(barrel, (_, list: string, path: string) => {
        const names = list.split(",").map((it) => it.trim()).filter((it) => it !== "" && !it.startsWith("type "))
        const others = names.filter((it) => !modules(path).has(it))
        return [
          ...names.filter((it) => modules(path).has(it)).map((it) => `import * as ${it} from "${path}/${it}"`),
          ...(others.length === 0 ? [] : [`import { ${others.join(", ")} } from "${path}"`])
        ].join("; ")
      })
    onLoad({ filter: /packages.(?:core|store|server|cli).src.*\.ts$/ }, ({ path }) => ({
      contents: themselves(readFileSync(path, "utf8")),
      loader: "ts"
    }))
  }
}

/** What is used of undici, by its place in the package: its index makes test doubles, sockets and caches besides. */
const undici: Readonly<Record<string, string>> = {
  Agent: `require("./lib/dispatcher/agent")`,
  EnvHttpProxyAgent: `require("./lib/dispatcher/env-http-proxy-agent")`,
  Pool: `require("./lib/dispatcher/pool")`,
  buildConnector: `require("./lib/core/connect")`,
  fetch: `require("./lib/web/fetch").fetch`
}

/** Of undici what is used. */
export const parts: Plugin = {
  name: "parts",
  setup: ({ onLoad }) => {
    onLoad({ filter: /node_modules.undici.index\.js$/ }, () => ({
      contents: Object.entries(undici).map(([name, from]) => `export const ${name} = ${from}`).join("\n"),
      loader: "js"
    }))
  }
}

const segmenter = /const graphemeSegmenter = \/\*#__PURE__\*\/(new Intl\.Segmenter\(undefined, \{[^}]*\}\))/

/** Help is laid out by what a text takes on a screen; all of the tables for that take longer to load than a verb does. */
export const deferred: Plugin = {
  name: "deferred",
  setup: ({ onLoad }) => {
    onLoad({ filter: /effect.dist.cli.CliOutput\.js$/ }, ({ path }) => {
      const text = readFileSync(path, "utf8")
      const contents = text
        .replace(segmenter, "let segmenter; const graphemes = () => segmenter ??= $1")
        .replaceAll("graphemeSegmenter.segment(", "graphemes().segment(")
      if (!contents.includes("graphemes = () =>") || contents.includes("graphemeSegmenter")) {
        throw new Error(`${path}: its segmenter is made otherwise`)
      }
      return { contents, loader: "js" }
    })
  }
}
