/**
 * Where a rule stands, for the trace: its path in the settings, and its line in
 * their file where that is known.
 */

/** Facts that name the rule. */
export type Placed<Facts> = Facts & { readonly rule: string; readonly line?: number }

/** Adds to facts the path of the rule and its line. */
export type Place = <Facts>(rule: string, facts: Facts) => Placed<Facts>

/** `lineOf` finds the line of a path of the settings in their file. */
export const placed = (lineOf: (path: string) => number | undefined): Place => (rule, facts) => {
  const line = lineOf(rule)
  return line === undefined ? { rule, ...facts } : { rule, line, ...facts }
}

/** Facts that name a rule already, with its line. */
export const located = <Facts extends { readonly rule?: string }>(place: Place, facts: Facts): Facts => {
  const { rule, ...others } = facts
  return rule === undefined ? facts : { ...place(rule, others), ...facts }
}
