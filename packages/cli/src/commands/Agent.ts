/** `jotgate agent`: the programs that act for people. */
import { list, nullable, toolLists, yesNo } from "../admin/AdminFlags.ts"
import * as RowCommand from "../admin/RowCommand.ts"

export const agent = RowCommand.make({
  name: "agent",
  noun: "agent",
  path: "/agents",
  key: ["id"],
  columns: ["id", "name", "models", "teams", "autonomous", "blocked"],
  filters: { blocked: yesNo("blocked", "Only agents that are blocked (--no-blocked: that are not)") },
  fields: {
    name: nullable("name", "The name that tokens may use; empty takes it away"),
    models: list("models", "Patterns of the models that it may use at most; empty: none"),
    modelGroups: list("model-groups", "Model groups that it may use at most"),
    teams: list("teams", "The teams in which it may act; empty: none"),
    ...toolLists,
    autonomous: yesNo("autonomous", "Let it act without a user (--no-autonomous: no more)"),
    blocked: yesNo("blocked", "Block it (--no-blocked: no more)"),
    requireTraceId: yesNo(
      "require-trace-id",
      "Its calls must carry the id of a trace (--no-require-trace-id: need not)"
    )
  }
})
