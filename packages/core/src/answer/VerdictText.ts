/**
 * A verdict as people read it: one line, and below it a line for each step.
 */

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
  readonly steps: ReadonlyArray<{
    readonly step: string
    readonly outcome: "ok" | "denied" | "skipped" | "unavailable" | "note"
    readonly facts: { readonly [name: string]: unknown }
  }>
}

const signs = { ok: "✔", denied: "✘", skipped: "-", unavailable: "!", note: "→" } as const

const factText = (value: unknown): string => typeof value === "string" ? value : JSON.stringify(value) ?? ""

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
  const lines = steps.map(({ facts, outcome, step }) => {
    const told = Object.entries(facts).map(([name, value]) => `${name}=${factText(value)}`)
    return ` ${signs[outcome]} ${step.padEnd(12)} ${told.join("  ")}`.trimEnd()
  })
  return [head, ...lines].join("\n")
}
