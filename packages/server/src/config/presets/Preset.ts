/**
 * What an identity provider's issuer block looks like, as data: which settings a
 * file must say, and what the rest is. A preset is a spelling of a block, so
 * everything that a block can say can be said beside it.
 */

/** A plain value of a file. */
export type Value = string | number | boolean | null | ReadonlyArray<Value> | { readonly [key: string]: Value }
export type Block = { readonly [key: string]: Value }

/** One setting of a preset that is no setting of an issuer. */
export interface Parameter {
  readonly description: string
  readonly required: boolean
  /** Whether several can be given. */
  readonly many?: boolean
  /** What a value must look like, where a wrong one would only be found by tokens that are refused. */
  readonly form?: RegExp
}

export interface Preset {
  /** The name by which a file asks for it. */
  readonly name: string
  readonly title: string
  readonly parameters: Readonly<Record<string, Parameter>>
  /** What surprises people who connect this provider; Markdown. */
  readonly traps: ReadonlyArray<string>
  /** The block of an issuer; `given` has every required parameter. Beside them `audience` may be used. */
  readonly block: (given: { readonly [name: string]: Value }) => Block
}

/** One text; of several the first. */
export const textOf = (value: Value | undefined): string =>
  typeof value === "string" ? value : Array.isArray(value) && typeof value[0] === "string" ? value[0] : ""

/** An address without the slash at its end; `https:` where people write the host alone. */
export const addressOf = (value: Value | undefined): string => {
  const text = textOf(value).replace(/\/+$/, "")
  return text === "" || text.includes("://") ? text : `https://${text}`
}

/** The host of what may be written as an address. */
export const hostOf = (value: Value | undefined): string =>
  textOf(value).replace(/^https?:\/\//, "").replace(/\/+$/, "")
