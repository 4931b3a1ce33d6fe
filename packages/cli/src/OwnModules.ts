/**
 * Where the compiled program's own modules are: beside those that ask for them, which needs no looking.
 *
 * Node asks the file system for each of some two thousand imports what is there, where it really is, and what the
 * manifest above it says. That is a twelfth of what `serve` takes until it is ready.
 */
import { registerHooks } from "node:module"

/** Finds what modules below the folder `base`, a URL that ends with a slash, import by a relative name; nothing else. */
export const within = (base: string) => (specifier: string, parent: string | undefined): string | undefined => {
  if (!specifier.startsWith("./") && !specifier.startsWith("../")) return undefined
  if (parent?.startsWith(base) !== true) return undefined
  const { href } = new URL(specifier, parent)
  return href.startsWith(base) && href.endsWith(".js") ? href : undefined
}

/** Has what is imported from here on found so, where the program at this URL is a compiled one. */
export const register = (program: string): void => {
  if (!program.endsWith(".js")) return
  const find = within(new URL(".", program).href)
  registerHooks({
    resolve: (specifier, context, next) => {
      const url = find(specifier, context.parentURL)
      return url === undefined ? next(specifier, context) : { url, format: "module", shortCircuit: true }
    }
  })
}
