/**
 * The model that a path names, as what one place of a request says.
 */
import { namedIn } from "@jotgate/core/NamedPath"
import { ambiguous, named, nothing, type Peeked } from "./Peeked.ts"

/** How many paths are remembered, and how long one may be: callers choose them. */
const remembered = 512
const rememberedLength = 128
const known = new Map<string, Peeked>()

/** The model of a path, byte for byte as it was sent and without its query. */
export const pathModel = (path: string): Peeked => {
  const before = known.get(path)
  if (before !== undefined) return before
  const model = readPath(path)
  if (path.length <= rememberedLength) {
    if (known.size >= remembered) known.clear()
    known.set(path, model)
  }
  return model
}

const readPath = (path: string): Peeked => {
  const name = namedIn(path)
  return name === undefined ? nothing : name === null ? ambiguous("the model in the path") : named(name)
}
