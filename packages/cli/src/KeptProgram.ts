/**
 * The program as it was when it started, in memory.
 *
 * Much of it is loaded when it is first needed: the admin API, a driver that a
 * changed file names, a worker that takes the place of another. An upgrade
 * replaces the files of a gate that runs, and from then on they are another
 * release's, or gone. So what is loaded later comes from here.
 */
import type { Start } from "@jotgate/server/WorkerProgram"
import { Effect } from "effect"
import { statSync } from "node:fs"
import { readdir, readFile, stat } from "node:fs/promises"
import { registerHooks } from "node:module"
import { fileURLToPath } from "node:url"

/** One file: its text, and what its state was when it was read. */
interface File {
  readonly text: Uint8Array
  readonly state: string
}

const state = ({ ino, mtimeMs, size }: { readonly ino: number; readonly mtimeMs: number; readonly size: number }) =>
  `${ino} ${mtimeMs} ${size}`

/**
 * What a worker does before anything else when the files are not what they were: it is told the texts, and loads them
 * instead. Whatever it loads later comes from them, too.
 */
const beginning = `
import { registerHooks } from "node:module"
const texts = await new Promise((done) => process.once("message", done))
const isOurs = (specifier) => specifier.startsWith("./") || specifier.startsWith("file:")
registerHooks({
  resolve: (specifier, context, next) => {
    const url = isOurs(specifier) ? new URL(specifier, context.parentURL).href : ""
    return texts.has(url) ? { url, format: "module", shortCircuit: true } : next(specifier, context)
  },
  load: (url, context, next) =>
    texts.has(url) ? { format: "module", shortCircuit: true, source: texts.get(url) } : next(url, context)
})
globalThis[Symbol.for("jotgate.kept")] = true`

/** The modules in the folder `base`, a URL that ends with a slash. */
const read = async (base: string): Promise<ReadonlyMap<string, File>> => {
  const files = new Map<string, File>()
  for (const name of await readdir(new URL(base))) {
    if (!name.endsWith(".js")) continue
    const url = new URL(name, base)
    const [was, text] = [await stat(url), await readFile(url)]
    files.set(url.href, { text, state: state(was) })
  }
  return files
}

const isAsItWas = ([url, file]: readonly [string, File]): boolean => {
  const now = statSync(new URL(url), { throwIfNoEntry: false })
  return now !== undefined && state(now) === file.state
}

/** The program whose modules are in one folder. */
export class KeptProgram {
  readonly #base: string
  #files: ReadonlyMap<string, File> = new Map()

  /** `module`: the URL of one of its modules. */
  constructor(module: string) {
    this.#base = new URL(".", module).href
  }

  /** Reads what it is made of; from then on it is loaded from memory. Nothing where it is not compiled. */
  readonly keep: Effect.Effect<void> = Effect.suspend(() =>
    Effect.ignore(Effect.tryPromise(async () => {
      // A worker that began so has all of it.
      if (Reflect.has(globalThis, Symbol.for("jotgate.kept"))) return
      const files = await read(this.#base)
      this.#files = files
      registerHooks({
        load: (url, context, next) => {
          const file = files.get(url)
          return file === undefined
            ? next(url, context)
            : { format: "module", shortCircuit: true, source: file.text }
        }
      })
    }))
  )

  /** How a worker is started: from the files, while they are what they were. */
  readonly start = (): Start => {
    const plain: Start = { exec: process.argv[1] ?? "", execArgv: process.execArgv }
    const files = [...this.#files]
    if (files.every(isAsItWas)) return plain
    return {
      exec: fileURLToPath(new URL("main.js", this.#base)),
      execArgv: [...process.execArgv, `--import=data:text/javascript,${encodeURIComponent(beginning)}`],
      first: new Map(files.map(([url, { text }]) => [url, text]))
    }
  }
}
