/** A token as a provider makes it, what it must come out as, and its hostile twins: what must not be taken for it. */
import type { Algorithm } from "@jotgate/core/Settings"

export type Claims = Readonly<Record<string, unknown>>

export interface Sample {
  /** The lines of the issuer's block in the file. */
  readonly file: string
  readonly algorithm: Algorithm
  /** `typ` of the header; `undefined`: the provider writes none. */
  readonly typ: string | undefined
  readonly claims: Claims
  readonly teams: ReadonlyArray<string>
  /** How the token comes out. */
  readonly line: string
  /** By name: what is changed, and how it must come out. */
  readonly twins: Readonly<Record<string, readonly [changes: Claims, line: string]>>
  /** With what beside it the address is a proven one, and with what it is not (RULES D57). */
  readonly address?: { readonly proven: ReadonlyArray<Claims>; readonly unproven: ReadonlyArray<Claims> }
  /** How it was tried on the provider itself. */
  readonly tried?: string
}

/** The two usual ends of a twin. */
export const refused = "401 invalid_token"
export const noOne = "403 principal_required"
