/**
 * What a verb says to Node at the start of its process. Each flag has a row in `npm run bench:http` or in the tests of
 * `dev` and `directory` that it is there for.
 */

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

/** Whether a process has flags of its own already. */
export const hasFlags = (execArgv: ReadonlyArray<string>): boolean =>
  execArgv.some((it) => it.startsWith("--max-semi-space-size"))
