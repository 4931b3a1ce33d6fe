/** The programs that the pages show, as files that a compiler takes: what a page leaves out, its reader has. */

/** What the pages suppose: a request, people and teams of the reader's own, and a test runner. */
export const supposed = `declare const request: Request
declare const teams: { readonly find: (id: string) => Promise<{ readonly id: string; readonly models: Array<string> } | null> }
declare const people: Map<string, { readonly id: string }>
declare const tables: Parameters<typeof import("@jotgate/core/testing").DirectorySuite.reads>[0]
declare module "@effect/vitest" {
  export const it: { readonly live: (title: string, run: () => unknown) => void }
}
`

const named = /^import \{ ([^}]*) \} from "([^"]*)"$/gm

/** One file for each block of TypeScript of a page; what an earlier block has imported a later one knows. */
export const programsOf = (page: string): ReadonlyArray<string> => {
  const known = new Map<string, Set<string>>()
  return [...page.matchAll(/^```ts\n([^]*?)^```/gm)].map(([, block = ""]) => {
    for (const [, names = "", from = ""] of block.matchAll(named)) {
      known.set(from, new Set([...known.get(from) ?? [], ...names.split(", ")]))
    }
    const imports = [...known].map(([from, names]) => `import { ${[...names].join(", ")} } from "${from}"`)
    return `${imports.join("\n")}\nexport const block = async () => {\n${block.replaceAll(named, "")}\n}\n`
  })
}
