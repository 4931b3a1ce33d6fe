/** What is not known, and what is named more than once: RULES D53, D54; callers without a team: RULES D60. */
import { describe } from "@effect/vitest"
import { severalModels } from "../../src/Request.ts"
import * as CoreTest from "../../src/testing/CoreTest.ts"
import { decides, type Row } from "../support/Decides.ts"

const { membership, organization, team, user } = CoreTest
const uid = "u-1"
const groups = (...names: ReadonlyArray<string>): CoreTest.Ask => ({ claims: { uid, groups: names } })

const world = (more: Partial<CoreTest.World> = {}): CoreTest.World => ({
  ...more,
  rows: {
    users: [user("u-1", { teams: ["open"] })],
    teams: [
      team("open"),
      team("all", { models: ["all-proxy-models"] }),
      team("one", { models: ["gpt-4o"] }),
      team("two", { models: ["gpt-4o", "claude-3"] }),
      team("none", { models: ["no-default-models"] }),
      team("tight", { models: ["*"] })
    ],
    organizations: [organization("acme")],
    memberships: [membership("u-1", "tight", { models: ["gpt-4o"] })]
  }
})

const unknown = ["unnamed", "unseen"] as const

describe("unknown is never none (RULES D53)", () => {
  for (const model of unknown) {
    const denied = `403 model_${model}`
    const on = (ask: CoreTest.Ask, line: string): Row => [{ ...ask, model }, line]
    decides(`${model}: a caller whose reach is everything passes, any other is denied`, world(), {
      "a team without a list": on(groups("open"), "allow user=u-1 team=open"),
      "a team with every model": on(groups("all"), "allow user=u-1 team=all"),
      "a team with one model": on(groups("one"), denied),
      "a team with none": on(groups("none"), denied),
      "one of two teams has every model": on(groups("one", "open"), "allow user=u-1 team=one"),
      "the member's own list": on(groups("tight"), denied),
      "an earlier team takes calls and then refuses them": on(groups("tight", "open"), denied),
      "by header": on({ ...groups("one", "open"), headers: { "x-team-id": "one" } }, denied)
    })
    decides(
      `${model}: what role, scope and issuer leave counts`,
      world({
        policy: {
          roles: [{ role: "internal_user", models: ["gpt-*"] }],
          requireScope: true,
          scopes: [{ scope: "chat", models: ["*"] }, { scope: "less", models: ["gpt-4o"] }]
        },
        issuer: { grants: { models: ["*"] } }
      }),
      {
        "role": on({ claims: { ...groups("open").claims, scope: "chat" } }, denied),
        "scope": on({ claims: { groups: ["open"], scope: "less" } }, denied),
        "neither": on({ claims: { groups: ["open"], scope: "chat" } }, "allow team=open")
      }
    )
    decides(
      `${model}: an admin by scope is held by an attached team alone`,
      world({
        issuer: { adminScope: "admin" },
        policy: { adminRoutes: ["*"] }
      }),
      {
        "alone": on({ claims: { uid, scope: "admin" } }, "allow admin user=u-1"),
        "attached": on({ claims: { uid, scope: "admin" }, headers: { "x-team-id": "one" } }, denied)
      }
    )
    decides(`${model}: what stands before it in the order answers first`, world(), {
      "no team exists": on(groups("ghost"), "404 team_not_found"),
      "a route that is no team's": on({ ...groups("one"), path: "/key/generate" }, "403 team_route_denied")
    })
  }
  decides("a next hop that enforces what it is told may be asked (forwardAuth.unseenModel: pass)", world(), {
    "nothing named": [
      { ...groups("one"), model: { _tag: "Unseen", names: [], enforced: true } },
      "allow user=u-1 team=one"
    ],
    "what is named is judged": [
      { ...groups("one"), model: { _tag: "Unseen", names: ["o1"], enforced: true } },
      "403 team_model_denied"
    ]
  })
  decides("a route that runs no model", world(), {
    "list": [{ ...groups("one"), path: "/v1/models" }, "allow user=u-1 team=one"]
  })
})

describe("several models, all of them meant (RULES D54)", () => {
  const both = (ask: CoreTest.Ask): CoreTest.Ask => ({ ...ask, model: severalModels(["gpt-4o", "claude-3"]) })
  decides("one team must allow them all", world(), {
    "two": [both(groups("two")), "allow user=u-1 team=two"],
    "one": [both(groups("one")), "403 team_model_denied"],
    "the second team has both": [both(groups("one", "two")), "allow user=u-1 team=two"],
    "the member may call one": [both(groups("tight")), "403 member_model_denied"]
  })
  decides(
    "role, scope and issuer see them all",
    world({
      policy: { roles: [{ role: "team", models: ["gpt-4o"] }] },
      issuer: { grants: { models: ["gpt-*", "claude-*"] } }
    }),
    {
      "role": [both({ claims: { team_id: "two" } }), "403 role_model_denied"],
      "no role": [both({ claims: { groups: ["two"] } }), "allow team=two"],
      "issuer": [{ claims: { groups: ["open"] }, model: severalModels(["gpt-4o", "o1"]) }, "403 role_model_denied"]
    }
  )
})

describe("a caller without a team (RULES D60)", () => {
  const rows = {
    users: [user("u-1"), user("u-2", { models: ["gpt-4o"] }), user("u-3", { models: ["no-default-models"] })]
  }
  const of = (withoutTeam: "none" | "user" | "all"): CoreTest.World => ({
    policy: { withoutTeam },
    directory: { users: { unknown: "allow" } },
    issuer: { adminScope: "admin" },
    rows
  })
  const asks = (lines: readonly [empty: string, listed: string, other: string, none: string, unknown: string]) => ({
    "an empty list": [{ claims: { uid: "u-1" }, model: "gpt-4o" }, lines[0]],
    "a listed model": [{ claims: { uid: "u-2" }, model: "gpt-4o" }, lines[1]],
    "another model": [{ claims: { uid: "u-2" }, model: "o1" }, lines[2]],
    "no model at all": [{ claims: { uid: "u-3" }, model: "gpt-4o" }, lines[3]],
    "no row": [{ claims: { uid: "u-9" }, model: "gpt-4o" }, lines[4]]
  } satisfies Record<string, Row>)
  const no = "403 user_model_denied"
  decides("none: nothing", of("none"), asks([no, no, no, no, no]))
  decides("user: what the own row lists", of("user"), asks([no, "allow user=u-2", no, no, no]))
  decides(
    "all: the upstream's whole list, narrowed by the own row",
    of("all"),
    asks(["allow user=u-1", "allow user=u-2", no, no, "allow user=u-9"])
  )
  decides("admins are not meant", {
    ...of("none"),
    policy: { withoutTeam: "none", adminRoutes: ["*"] },
    rows: { users: [user("u-1", { role: "proxy_admin" })] }
  }, {
    "by row": [{ claims: { uid: "u-1" }, model: "gpt-4o" }, "allow admin user=u-1"],
    "by scope": [{ claims: { uid: "u-8", scope: "admin" }, model: "gpt-4o" }, "allow admin user=u-8"]
  })
})
