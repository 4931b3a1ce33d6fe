/**
 * What a check of the settings says, and what checks ask of an issuer.
 */
import { type Issuer, type MappedClaim, normalizeMapping } from "@jotgate/core/Settings"
import type { FileSettings } from "./GatewaySettings.ts"

/** One contradiction (`error`), or one setting to look at (`warning`). */
export interface CheckFinding {
  readonly severity: "error" | "warning"
  readonly path: string
  readonly message: string
}

/** Whether the file itself says something at this path; defaults say nothing. */
export type Says = (path: string) => boolean

/** One group of rules over settings that are each valid alone. */
export type Check = (settings: FileSettings, says: Says) => ReadonlyArray<CheckFinding>

export const error = (path: string, message: string): CheckFinding => ({ severity: "error", path, message })
export const warning = (path: string, message: string): CheckFinding => ({ severity: "warning", path, message })
export const when = <A>(condition: boolean, finding: () => A): ReadonlyArray<A> => condition ? [finding()] : []

/** The second of each two entries that are alike. */
export const repeated = <A>(
  items: ReadonlyArray<A>,
  key: (item: A) => string
): ReadonlyArray<readonly [A, number, A]> => {
  const seen = new Map<string, A>()
  return items.flatMap((item, index) => {
    const before = seen.get(key(item))
    if (before !== undefined) return [[item, index, before] as const]
    seen.set(key(item), item)
    return []
  })
}

export const isRead = (issuer: Issuer, claim: MappedClaim): boolean =>
  normalizeMapping(issuer.claims[claim]) !== undefined

export const reads = (issuers: ReadonlyArray<Issuer>, claim: MappedClaim): boolean =>
  issuers.some((it) => isRead(it, claim))
