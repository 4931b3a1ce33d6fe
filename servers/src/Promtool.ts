/**
 * `promtool`, which comes with Prometheus: checks what is exposed, rules, and
 * the tests of rules.
 */
import { spawnSync } from "node:child_process"
import * as Catalog from "./Catalog.ts"

/** Runs it; `input` is what it reads from standard input. */
export const run = (
  args: ReadonlyArray<string>,
  input = ""
): { readonly code: number | null; readonly output: string } => {
  const program = Catalog.beside(Catalog.locate("prometheus"), "promtool")
  const { status, stderr, stdout } = spawnSync(program, args, { encoding: "utf8", input, timeout: 170_000 })
  return { code: status, output: `${stdout}${stderr}` }
}
