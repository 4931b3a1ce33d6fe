/**
 * Where the token was found: absent, one, or conflicting.
 *
 * Read from the raw header list, because a parsed header record silently keeps
 * one of two `Authorization` lines and the upstream may read the other (threats
 * B18, E04). Absent credential is not bad credential: they are different
 * outcomes. Query parameters, bodies and cookies are never looked at (RULES D44).
 */
export type Credential =
  | { readonly _tag: "Absent" }
  | { readonly _tag: "Token"; readonly token: string }
  | { readonly _tag: "Bad" }
  | { readonly _tag: "Conflicting" }
