/**
 * One trusted issuer, compiled from its settings.
 *
 * Only listed issuers are trusted (RULES D1); `issuer: any` takes the tokens
 * whose `iss` no other entry lists.
 */
import type { Issuer as IssuerSettings } from "../Settings.ts"

/** One trusted issuer in the form in which tokens are checked against it. */
export interface IssuerProfile {
  /** The `id` of the settings. */
  readonly id: string
  /** The settings this was compiled from. */
  readonly settings: IssuerSettings
}
