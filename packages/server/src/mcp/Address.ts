/**
 * The addresses to which messages of the old transport go: a session is whatever stands in one, mostly in its query.
 *
 * Servers read an address by its values, whatever they are called, however they are escaped, and in any order. So an
 * address is taken apart into what could name a session, and each part has one owner.
 */

/** An address, taken apart. */
export interface Address {
  readonly path: string
  /** The values of the query; where a part has no name, the part. */
  readonly values: ReadonlyArray<string>
}

/** Reads path and query. */
export const addressOf = (target: string): Address => {
  const at = target.indexOf("?")
  const path = at === -1 ? target : target.slice(0, at)
  const parts = at === -1 ? [] : target.slice(at + 1).split(/[&;]/)
  const values = parts.map((it) => it.slice(it.indexOf("=") + 1).replaceAll("+", " ")).filter((it) => it !== "")
  return { path: path.replace(/\/+$/, ""), values: [...new Set(values)] }
}

/** What of an address names its session. */
export const partsOf = ({ path, values }: Address): ReadonlyArray<string> =>
  values.length === 0 ? [`path ${path}`] : values.map((it) => `value ${it}`)
