/** `jotgate team`: the teams of the directory. */
import { amount, list, nullable, pairs, text, toolLists, yesNo } from "../admin/AdminFlags.ts"
import * as RowCommand from "../admin/RowCommand.ts"

export const team = RowCommand.make({
  name: "team",
  noun: "team",
  path: "/teams",
  key: ["id"],
  columns: ["id", "alias", "organization", "models", "blocked", "spend", "maxBudget"],
  filters: {
    alias: text("alias", "Only teams of this name"),
    organization: text("org", "Only teams of this organization"),
    blocked: yesNo("blocked", "Only teams that are blocked (--no-blocked: that are not)")
  },
  fields: {
    alias: nullable("alias", "The name for people; empty takes it away"),
    organization: nullable("org", "The organization; empty takes it away"),
    models: list("models", "Patterns of the models; empty allows all"),
    ...toolLists,
    modelGroups: list("model-groups", "Model groups that it may use too"),
    modelAliases: pairs("model-alias", "Another name of a model"),
    passThroughRoutes: list("pass-through-routes", "Pass-through routes that it may use"),
    deniedPassThroughRoutes: list("denied-pass-through-routes", "Pass-through routes that nothing grants it"),
    blocked: yesNo("blocked", "Block it (--no-blocked: no more)"),
    maxBudget: amount("max-budget", "The most that it may spend, or none"),
    spend: amount("spend", "What it has spent")
  }
})
