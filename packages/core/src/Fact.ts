/** What steps and changes are told in. */

/** A value that can be printed and written as JSON. */
export type Fact = string | number | boolean | null | ReadonlyArray<Fact> | { readonly [name: string]: Fact }

/** Several texts. */
export type Texts = ReadonlyArray<string>

/** The same members without a name of their own, so that they count as a `Fact`. */
export type Plain<A> = A extends unknown ? { readonly [Name in keyof A]: A[Name] } : never
