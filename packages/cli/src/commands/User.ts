/** `jotgate user`: the people of the directory. */
import { Option } from "effect"
import { Flag } from "effect/cli"
import { amount, list, nullable, text, toolLists, yesNo } from "../admin/AdminFlags.ts"
import * as RowCommand from "../admin/RowCommand.ts"

/** `NAMESPACE:SUBJECT`; a subject may hold colons, a namespace none. */
const subject = Flag.String("subject").pipe(
  Flag.filterMap(
    (it) => {
      const colon = it.indexOf(":")
      return colon === -1
        ? Option.none()
        : Option.some({ namespace: it.slice(0, colon), subject: it.slice(colon + 1) })
    },
    (it) => `${it} is not NAMESPACE:SUBJECT`
  ),
  Flag.withMetavar("NAMESPACE:SUBJECT"),
  Flag.withDescription("A subject that is linked to the user; may be repeated, and replaces those that were"),
  Flag.atLeast(1),
  Flag.optional
)

export const user = RowCommand.make({
  name: "user",
  noun: "user",
  path: "/users",
  key: ["id"],
  columns: ["id", "email", "role", "teams", "models", "blocked", "spend", "maxBudget"],
  filters: {
    email: text("email", "Only users with this address"),
    role: text("role", "Only users with this role"),
    team: text("team", "Only members of this team"),
    blocked: yesNo("blocked", "Only users who are blocked (--no-blocked: who are not)")
  },
  fields: {
    email: nullable("email", "The address; empty takes it away"),
    role: nullable("role", "The role; empty takes it away"),
    subjects: subject,
    models: list("models", "Patterns of the models without a team; empty allows all"),
    ...toolLists,
    blocked: yesNo("blocked", "Block the user (--no-blocked: no more)"),
    active: yesNo("active", "The user has not left (--no-active: has)"),
    maxBudget: amount("max-budget", "The most that the user may spend, or none"),
    spend: amount("spend", "What the user has spent")
  }
})
