/**
 * Budgets: spend is read, not counted (RULES D23, D47).
 */

/** What has a budget. */
export interface Budgeted {
  readonly maxBudget: number | null
  readonly spend: number
}

/** Whether the spend is above the maximum; nothing is over a budget that is not set. */
export const isOverBudget = (row: Budgeted | undefined): boolean =>
  row !== undefined && row.maxBudget !== null && row.spend > row.maxBudget
