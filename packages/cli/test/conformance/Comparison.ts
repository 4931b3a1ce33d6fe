/**
 * Holds an outcome against the recorded decision.
 *
 * Compared are: allowed or not; allowed: user, team, organization, end user and
 * admin; denied: the status. A difference must be one that a listed deviation
 * can make, told from our own code where the deviation names one.
 */
import type { Outcome } from "./Runner.ts"
import type { Case } from "./Scenario.ts"

/** How one case came out. */
export type Verdict =
  | { readonly _tag: "Agrees" }
  | { readonly _tag: "Differs"; readonly rule: string }
  | { readonly _tag: "Unexplained"; readonly what: string }

/** The codes by which a deviation shows; one that is not here can show in any way. */
const shows: Readonly<Record<string, ReadonlyArray<string>>> = {
  D1: ["invalid_token"],
  D9: ["invalid_token"],
  D14: ["groups_overage"],
  D15: ["team_route_denied"],
  D22: ["organization_mismatch"],
  D23: ["team_blocked", "user_blocked", "end_user_blocked", "budget_exceeded", "directory_unavailable"],
  D27: ["directory_unavailable"],
  D36: ["invalid_token"],
  D39: ["team_route_denied"],
  D41: ["user_route_denied"],
  D42: ["user_role_unknown"],
  D53: ["model_unnamed"]
}

const orNull = (value: unknown): unknown => value === undefined ? null : value

/** What differs, in words; empty when nothing does. */
const differences = ({ expect }: Case, ours: Outcome): string => {
  if (expect.allowed !== ours.allowed) {
    return expect.allowed
      ? `recorded: allowed, ours: ${ours.status} ${ours.code}`
      : `recorded: ${expect.expectedStatus} ${expect.reason}, ours: allowed`
  }
  if (!expect.allowed) {
    return expect.expectedStatus === ours.status || typeof expect.expectedStatus !== "number"
      ? ""
      : `recorded: ${expect.expectedStatus} ${expect.reason}, ours: ${ours.status} ${ours.code}`
  }
  const pairs: ReadonlyArray<readonly [string, unknown, unknown]> = [
    ["user", orNull(expect.userId), ours.userId],
    ["team", orNull(expect.teamId), ours.teamId],
    ["organization", orNull(expect.orgId), ours.orgId],
    ["end user", orNull(expect.endUserId), ours.endUserId],
    ["admin", expect.isAdmin ?? false, ours.isAdmin]
  ]
  return pairs.filter(([, theirs, own]) => theirs !== own)
    .map(([name, theirs, own]) => `${name}: recorded ${JSON.stringify(theirs)}, ours ${JSON.stringify(own)}`)
    .join("; ")
}

/** The verdict on one case. */
export const compare = (one: Case, ours: Outcome): Verdict => {
  const what = differences(one, ours)
  if (what === "") return { _tag: "Agrees" }
  const rule = (one.mayDeviate ?? []).find((it) => {
    const codes = shows[it]
    return codes === undefined || (ours.code !== null && codes.includes(ours.code))
  })
  return rule === undefined ? { _tag: "Unexplained", what } : { _tag: "Differs", rule }
}
