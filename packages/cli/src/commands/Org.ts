/** `jotgate org`: the organizations of the directory. */
import { amount, list, nullable, text, toolLists } from "../admin/AdminFlags.ts"
import * as RowCommand from "../admin/RowCommand.ts"

export const org = RowCommand.make({
  name: "org",
  noun: "organization",
  path: "/organizations",
  key: ["id"],
  columns: ["id", "alias", "models", "spend", "maxBudget"],
  filters: { alias: text("alias", "Only organizations of this name") },
  fields: {
    alias: nullable("alias", "The name for people; empty takes it away"),
    models: list("models", "Patterns of the models"),
    ...toolLists,
    maxBudget: amount("max-budget", "The most that it may spend, or none"),
    spend: amount("spend", "What it has spent")
  }
})
