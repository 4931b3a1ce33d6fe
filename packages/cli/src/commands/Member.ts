/** `jotgate member`: who is in which team, and with which limits. */
import { amount, list, text, toolLists } from "../admin/AdminFlags.ts"
import * as RowCommand from "../admin/RowCommand.ts"

export const member = RowCommand.make({
  name: "member",
  noun: "membership",
  path: "/memberships",
  key: ["user", "team"],
  columns: ["user", "team", "role", "models", "spend", "maxBudget"],
  filters: {
    user: text("user", "Only memberships of this user"),
    team: text("team", "Only members of this team"),
    role: text("role", "Only members with this role")
  },
  fields: {
    role: text("role", "The role in the team: user or admin"),
    models: list("models", "Patterns of the models of this member; empty allows what the team may"),
    ...toolLists,
    maxBudget: amount("max-budget", "The most that the member may spend, or none"),
    spend: amount("spend", "What the member has spent")
  }
})
