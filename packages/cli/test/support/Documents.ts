/** The pages of the documentation, and what stands in their blocks. */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

/** The workspace. */
export const root = fileURLToPath(new URL("../../../../", import.meta.url))

/** Every page that a reader is led to, but those of the providers, which are all of one kind. */
export const pages: ReadonlyArray<string> = [
  "README.md",
  ...readdirSync(join(root, "docs")).filter((it) => it.endsWith(".md")).map((it) => `docs/${it}`)
]

export const textOf = (page: string): string => readFileSync(join(root, page), "utf8")

/** One block between fences. */
export interface Block {
  /** What stands behind the fence; "" where nothing does. */
  readonly language: string
  readonly text: string
  /** Where the block begins. */
  readonly line: number
}

/** The blocks of a page, in their order. */
export const blocksOf = (page: string): ReadonlyArray<Block> => {
  const text = textOf(page)
  return [...text.matchAll(/^```(\w*)\n([^]*?)^```/gm)].map(({ 1: language = "", 2: block = "", index }) => ({
    language,
    text: block,
    line: text.slice(0, index).split("\n").length + 1
  }))
}
