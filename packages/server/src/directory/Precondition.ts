/**
 * `If-Match` and `If-None-Match` (RFC 9110 §13.1): a change is made only to the
 * row that its author has seen.
 */

/** What a change requires of the row: nothing, that there is one, that there is none, or one of some entity tags. */
export type Precondition =
  | { readonly _tag: "None" }
  | { readonly _tag: "Present" }
  | { readonly _tag: "Absent" }
  | { readonly _tag: "Tags"; readonly tags: ReadonlySet<string> }

const tag = /^"([\x21\x23-\x7e]*)"$/

/** The precondition in the headers of a request; `undefined` when it cannot be read or says two things. */
export const read = (headers: {
  readonly ifMatch?: string | undefined
  readonly ifNoneMatch?: string | undefined
}): Precondition | undefined => {
  const { ifMatch, ifNoneMatch } = headers
  if (ifMatch !== undefined && ifNoneMatch !== undefined) return undefined
  // Only "there must be none" makes sense for a change.
  if (ifNoneMatch !== undefined) return ifNoneMatch.trim() === "*" ? { _tag: "Absent" } : undefined
  if (ifMatch === undefined) return { _tag: "None" }
  if (ifMatch.trim() === "*") return { _tag: "Present" }
  const tags = ifMatch.split(",").map((it) => it.trim())
  // A weak tag never matches strongly, but it is no mistake to send one.
  if (!tags.every((it) => tag.test(it.replace(/^W\//, "")))) return undefined
  return { _tag: "Tags", tags: new Set(tags.flatMap((it) => tag.exec(it)?.[1] ?? [])) }
}

/** Whether a row with this entity tag (`undefined`: no row) is what is required. */
export const holds = (it: Precondition, etag: string | undefined): boolean => {
  switch (it._tag) {
    case "None":
      return true
    case "Present":
      return etag !== undefined
    case "Absent":
      return etag === undefined
    case "Tags":
      return etag !== undefined && it.tags.has(etag)
  }
}
