/**
 * What a verb says to V8. Each flag has a row in `npm run bench:http` or in the tests of `dev` and `directory` that it is
 * there for.
 */
import { flushCompileCache } from "node:module"
import { setFlagsFromString } from "node:v8"

/** The size of the young generation, in MiB, stands in every list: by it a process is known to have its flags. */
const flags: Readonly<Record<string, ReadonlyArray<string>>> = {
  // On somebody's laptop, idle: small.
  dev: ["--max-semi-space-size=2"],
  // A whole directory goes through: what an import leaves behind is collected before the heap grows by it.
  directory: ["--max-semi-space-size=2", "--heap-growing-percent=20"],
  // A million recorded questions go through: the same.
  plan: ["--max-semi-space-size=8", "--heap-growing-percent=30"],
  // V8's own size for short-lived objects: of what the proxy allocates 2.3 % are requests under way when it is collected,
  // with a quarter of it 5.2 %. The heap grows to less than twice what lives in it. V8 would allocate whole kinds of
  // objects in the old generation once some of them lived long, which here means that a third of all garbage is copied
  // twice before it is found out.
  serve: ["--max-semi-space-size=32", "--heap-growing-percent=80", "--no-allocation-site-pretenuring"]
}

/** The flags of a verb; none for a verb that does not stay. */
export const flagsOf = (verb: string): ReadonlyArray<string> => flags[verb] ?? []

const isSize = (flag: string): boolean => flag.startsWith("--max-semi-space-size")

/** Whether a process has flags of its own already. */
export const hasFlags = (execArgv: ReadonlyArray<string>): boolean => execArgv.some(isSize)

/** The first V8 whose young generation is of the size that `serve` has. */
const largeEnough = 13

/**
 * Whether a verb's process has to begin with its flags: the size of a young generation can be told then alone. What
 * serves does not, where V8's own size is the one, and sets the others when it stands.
 */
export const atStart = (verb: string, v8: string): boolean =>
  flagsOf(verb).length > 0 && (verb !== "serve" || Number.parseInt(v8) < largeEnough)

/**
 * Sets the flags of `serve` in a process that began without any. V8 takes them at any time; but what is compiled of
 * Node, and of this program, is kept for the flags that were set, so with them a start compiles all of Node anew. What
 * was compiled until now is saved as it is.
 */
export const settle = (): void => {
  if (hasFlags(process.execArgv)) return
  flushCompileCache()
  for (const flag of flagsOf("serve")) if (!isSize(flag)) setFlagsFromString(flag)
}
