/**
 * `npm run wasm`: compiles `JsonWalk.ts` of this folder into `src/model/JsonWalkCode.ts`.
 *
 * The result is committed, so that neither users nor `npm start` need the compiler; it is the same on every machine.
 */
import { writeFileSync } from "node:fs"
import { join } from "node:path"

const folder = import.meta.dirname

/** Where the result lies. */
export const target = join(folder, "../src/model/JsonWalkCode.ts")

const options = [
  ["--enable", "simd"],
  ["--runtime", "stub"],
  ["--use", "abort="],
  ["--initialMemory", "32"],
  ["--maximumMemory", "32"],
  ["-O3", "--converge", "--noAssert"]
].flat()

/** The text of the module that `target` should be. */
export const compile = async (): Promise<string> => {
  const { main } = await import("assemblyscript/asc")
  let binary: Uint8Array | undefined
  const { error, stderr } = await main(["JsonWalk.ts", "--baseDir", folder, "--outFile", "out.wasm", ...options], {
    writeFile: (name, content) => {
      if (name === "out.wasm" && typeof content !== "string") binary = content
    }
  })
  if (error !== null || binary === undefined) throw new Error(`JsonWalk.ts does not compile\n${stderr.toString()}`)
  const code = Buffer.from(binary).toString("base64")
  return `/** \`wasm/JsonWalk.ts\`, compiled by \`npm run wasm\`. */\nexport const code =\n  "${code}"\n`
}

if (import.meta.main) writeFileSync(target, await compile())
