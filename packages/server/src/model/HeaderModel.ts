/** Finds the models that headers name to upstreams that obey them. */
import { canonical } from "@jotgate/core/HeaderNames"
import { ambiguous, join, named, nothing, type Peeked } from "./Peeked.ts"

/** How many spellings are remembered: names are chosen by the caller. */
const remembered = 1024

const spellings = new Map<string, string>()

const spellingOf = (name: string): string => {
  const known = spellings.get(name)
  if (known !== undefined) return known
  const it = canonical(name)
  if (name.length > 64) return it
  if (spellings.size >= remembered) spellings.clear()
  spellings.set(name, it)
  return it
}

/** The models of these headers (raw pairs); `names` are lower case. A header that is there twice is refused. */
export const headerModel = (rawHeaders: ReadonlyArray<string>, names: ReadonlySet<string>): Peeked => {
  let seen: Peeked = nothing
  let first: string | undefined
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = spellingOf(rawHeaders[i] ?? "")
    if (!names.has(name)) continue
    if (name === first) return ambiguous(`two values of ${name}`)
    first = name
    seen = join(seen, named(rawHeaders[i + 1] ?? "", `header ${name}`))
  }
  return seen
}
