/**
 * Whether a token proves that an address belongs to its person (RULES D57).
 *
 * A flag speaks of one claim and of no other: `email_verified` of `email`,
 * `NAME_verified` of `NAME`, any other flag of the claim that stands at the same
 * place of the list, or of the only one. A user name that looks like an address
 * is never proven by what the provider says about another claim. Whatever reads
 * an address asks here, so an address without a proof is nowhere.
 */
import type { Json, JsonObject } from "../Json.ts"
import * as Settings from "../Settings.ts"
import * as Path from "./ClaimPath.ts"

const SUFFIX = "_verified"

/** `true`, and the text that some providers write for it (Cognito, JumpCloud). */
const isTrue = (value: Json | undefined): boolean => value === true || value === "true"

/** The claim of which a flag speaks; `undefined` when the settings leave it open. */
export const spokenOf = (
  flag: string,
  index: number,
  flags: ReadonlyArray<string>,
  emails: ReadonlyArray<string>
): string | undefined => {
  const named = flag.endsWith(SUFFIX) ? flag.slice(0, -SUFFIX.length) : undefined
  if (named === "email" || (named !== undefined && emails.includes(named))) return named
  return flags.length === emails.length ? emails[index] : emails.length === 1 ? emails[0] : undefined
}

/** Whether a payload proves the address at one path. */
export type Proof = (payload: JsonObject) => boolean

/** The claims of one issuer that are addresses. */
export interface Addresses {
  readonly isAddress: (path: string) => boolean
  /** What must hold before the value at a path is believed; `undefined` where nothing must. */
  readonly proofOf: (path: string) => Proof | undefined
}

/** Where an issuer gives addresses, and what proves them. */
export const of = ({ claims, identities }: Pick<Settings.Issuer, "claims" | "identities">): Addresses => {
  const emails = Settings.normalizeMapping(claims.email)?.from ?? []
  const flags = claims.emailVerified ?? []
  const proofs = new Map<string, Array<Path.ClaimPath>>(["email", ...emails].map((it) => [Path.keyOf(it), []]))
  for (const [index, flag] of flags.entries()) {
    const claim = spokenOf(flag, index, flags, emails)
    if (claim !== undefined) proofs.get(Path.keyOf(claim))?.push(Path.parse(flag))
  }
  return {
    isAddress: (path) => proofs.has(Path.keyOf(path)),
    proofOf: (path) => {
      const proven = identities.linkByEmail === "always" ? undefined : proofs.get(Path.keyOf(path))
      return proven === undefined ? undefined : (payload) => proven.some((flag) => isTrue(Path.read(flag, payload)))
    }
  }
}
