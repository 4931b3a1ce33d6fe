/** Which mutations no longer fit the code: a list that has fallen behind it proves nothing. */
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import type { Mutation } from "./Mutations.ts"

const placesOf = (text: string, find: string): number => text.split(find).length - 1

/** Each mutation whose text does not stand exactly once in its file below `root`, as people read it. */
export const stale = async (root: string, all: ReadonlyArray<Mutation>): Promise<ReadonlyArray<string>> => {
  const texts = await Promise.all(
    all.map((it) => readFile(join(root, "packages", it.package, "src", it.file), "utf8").catch(() => ""))
  )
  return all.flatMap(({ file, find, package: name }, index) => {
    const count = placesOf(texts[index] ?? "", find)
    return count === 1 ? [] : [`stands ${count} times instead of once: ${name} ${file}: ${JSON.stringify(find)}`]
  })
}
