/**
 * What others wrote and a bundle ships: each package with its version, its licence by name, and the texts that it brings
 * (MIT, BSD and Apache-2.0 want them beside every copy).
 */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"

/** What a bundler tells of its outputs: the files each is made of. */
export interface Bundled {
  readonly outputs: Readonly<
    Record<string, { readonly inputs: Readonly<Record<string, { readonly bytesInOutput: number }>> }>
  >
}

const ofPackage = /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/
const isText = /^(?:licen[cs]e|notice|copying)/i

/** The folders of the packages of which something is in the bundle, sorted. */
export const foldersOf = ({ outputs }: Bundled): ReadonlyArray<string> => {
  const inputs = Object.values(outputs).flatMap((it) => Object.entries(it.inputs))
  const folders = inputs.flatMap(([path, it]) => it.bytesInOutput === 0 ? [] : ofPackage.exec(path)?.[0] ?? [])
  return [...new Set(folders)].toSorted()
}

/** One section a package. Throws for a package that says nothing of a licence. */
export const licensesOf = (bundled: Bundled): string =>
  foldersOf(bundled).map((folder) => {
    const { license, name, version }: Readonly<Record<string, unknown>> = JSON.parse(
      readFileSync(join(folder, "package.json"), "utf8")
    )
    if (typeof license !== "string") throw new Error(`${folder}: no licence`)
    const texts = readdirSync(folder).filter((it) => isText.test(it)).toSorted()
    const head = `${String(name)} ${String(version)} (${license})`
    return [head, "-".repeat(head.length), ...texts.map((it) => `\n${readFileSync(join(folder, it), "utf8").trim()}`)]
      .join("\n")
  }).join("\n\n\n") + "\n"
