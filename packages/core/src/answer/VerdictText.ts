/**
 * A verdict as people read it: one line, and below it a line for each step.
 */
import type { Step } from "../Step.ts"
import { lines } from "./StepText.ts"

/** The part of a verdict that is printed. */
export interface Printed {
  readonly decision: string
  readonly allowed: boolean
  readonly status: number
  readonly code: string | null
  readonly user: { readonly id: string } | null
  readonly team: { readonly id: string } | null
  readonly model: string | null
  readonly route: string
  readonly steps: ReadonlyArray<Step>
}

/** The text of a verdict; it holds no token and no secret, and ends without a line break. */
export const of = ({ allowed, code, decision, model, route, status, steps, team, user }: Printed): string => {
  const head = [
    `${status} ${allowed ? "allow" : `deny   ${code ?? ""}`}`,
    ...(user === null ? [] : [user.id]),
    ...(team === null ? [] : [`team ${team.id}`]),
    ...(model === null ? [] : [`model ${model}`]),
    route,
    decision
  ].join("   ")
  return [head, ...lines(steps, model, undefined)].join("\n")
}
