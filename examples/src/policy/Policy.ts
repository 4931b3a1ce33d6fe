/** The rules of a company, as its configuration file would hold them. */
import { CoreTest } from "@jotgate/core/testing"

/** Groups are teams; interns may use small models; nobody but admins manages. */
export const world: CoreTest.World = {
  issuer: { adminScope: "llm.admin" },
  policy: { requireTeam: true },
  directory: { users: { unknown: "allow" } },
  rows: {
    teams: [
      CoreTest.team("research", { models: ["gpt-4o*", "claude-*"] }),
      CoreTest.team("interns", { models: ["gpt-4o-mini"] })
    ]
  }
}
