/** The pages of the documentation, and what stands in their blocks. */
import { globSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

/** The workspace. */
export const root = fileURLToPath(new URL("../../../../", import.meta.url))

/** Every page that a reader is led to by the index, but those of the providers, which are all of one kind. */
export const pages: ReadonlyArray<string> = [
  "README.md",
  ...readdirSync(join(root, "docs")).filter((it) => it.endsWith(".md")).map((it) => `docs/${it}`)
]

/** Every document that ships, with the packages or with the sources. */
export const documents: ReadonlyArray<string> = [
  ...pages,
  ...globSync(["CHANGELOG.md", "docs/providers/*.md", "examples/**/README.md", "packages/*/README.md"], {
    cwd: root,
    exclude: ["**/node_modules"]
  }).toSorted()
]

/** What is deployed, with the commands that say how in the comment at its head. */
export const deployed: ReadonlyArray<string> = ["Containerfile", "compose.yaml", "jotgate.service"].map((it) =>
  `deploy/${it}`
)

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

/** What a command prints, or a page shows of it, without what differs each time: ports, ids, how long it took and takes. */
export const shapeOf = (text: string): string =>
  text.trim()
    .replaceAll(/:\d{4,5}\b/g, ":0")
    .replaceAll(/d_\w{26}/g, "d_")
    .replaceAll(/[\d.]+ ms/g, "0 ms")
    .replaceAll(/\d+ min left/g, "0 min left")
