import { assert, describe, it } from "@effect/vitest"
import { undocumented } from "../lib/Documented.ts"

const names = (text: string) => undocumented({ path: "Module.ts", text }).map((it) => `${it.line} ${it.name}`)

describe("Documented", () => {
  it("lists exported declarations and members without a doc comment", () => {
    assert.deepStrictEqual(
      names(`export const a = 1
/** Told. */
export const b = 2
/** Told. */
export interface C {
  /** Told. */
  readonly one: string
  readonly two: string
}
// no doc comment
export function d() {}`),
      ["1 a", "8 C.two", "11 d"]
    )
  })

  it("looks into a service, and at what of a class is public", () => {
    assert.deepStrictEqual(
      names(`/** Told. */
export class S extends Context.Service<S, { readonly ask: () => void }>()("S") {
  #hidden = 1
  static readonly layer = 1
}`),
      ["4 S.layer", "2 S.ask"]
    )
  })

  it("takes a discriminator, and the type of a schema that is told, as told", () => {
    assert.deepStrictEqual(
      names(`/** Told. */
export const T = Schema.String
export type T = typeof T.Type
/** Told. */
export interface U {
  readonly _tag: "U"
}`),
      []
    )
  })
})
