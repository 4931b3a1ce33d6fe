/** What LiteLLM 1.110 decides and 1.90 does not know (RULES D65 to D71), each as a setting or a row of ours. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { EndUserId, makeEndUser } from "../../src/directory/Directory.ts"
import * as CoreTest from "../../src/testing/CoreTest.ts"
import { decides } from "../support/Decides.ts"

const { team, user } = CoreTest
const teams = [
  team("red", { alias: "Red", models: ["gpt-4o"] }),
  team("blue", { alias: "Blue", models: ["gpt-4o", "claude"] }),
  team("green", { alias: "Twin" }),
  team("grey", { alias: "Twin" }),
  team("shut", { blocked: true })
]

describe("groups by id", () => {
  decides("RULES D65: `groupOrder: id` tries groups sorted by id as text", {
    policy: { groupOrder: "id" },
    rows: { teams: [...teams, team("Zoë", { models: ["gpt-4o"] }), team("\u{1f600}"), team("\uff5e")] }
  }, {
    "the claim's order does not count": [{ claims: { groups: ["red", "blue"] }, model: "gpt-4o" }, "allow team=blue"],
    "the first that fits": [{ claims: { groups: ["red", "blue"] }, model: "claude" }, "allow team=blue"],
    "capitals come first": [{ claims: { groups: ["blue", "Zoë"] }, model: "gpt-4o" }, "allow team=Zoë"],
    "by code point, not by unit": [{ claims: { groups: ["\u{1f600}", "\uff5e"] } }, "allow team=\uff5e"]
  })
})

describe("teams out of the directory", () => {
  const rows = {
    teams,
    users: [
      user("one", { teams: ["red"] }),
      user("many", { teams: ["ghost", "red", "blue", "green"] }),
      user("shut", { teams: ["shut", "blue"] }),
      user("none")
    ]
  }

  decides("RULES D66: `fromMemberships: first` takes the first membership that exists and fits", {
    directory: { teams: { fromMemberships: "first", default: "green" } },
    rows
  }, {
    "that may call the model": [{ claims: { uid: "many" }, model: "claude" }, "allow user=many team=blue"],
    "in the order of the row": [{ claims: { uid: "many" }, model: "gpt-4o" }, "allow user=many team=red"],
    "without a model": [{ claims: { uid: "many" } }, "allow user=many team=red"],
    "a blocked one is not passed over": [{ claims: { uid: "shut" } }, "403 team_blocked"],
    "no membership: no team, the default neither": [{ claims: { uid: "none" } }, "allow user=none"],
    "a token that names teams is no matter for it": [
      { claims: { uid: "many", groups: ["blue"] } },
      "allow user=many team=blue"
    ]
  })

  decides("RULES D66: whether a membership lists a pass-through route is asked of the one that is taken", {
    directory: { teams: { fromMemberships: "first" } },
    policy: { passThroughRoutes: [{ path: "/bria" }, { path: "/bria/*" }], teamRoutes: ["openai_routes"] },
    rows: {
      teams: [team("plain"), team("listed", { passThroughRoutes: ["/bria"] })],
      users: [user("first", { teams: ["listed", "plain"] }), user("second", { teams: ["plain", "listed"] })]
    }
  }, {
    "it does": [{ claims: { uid: "first" }, path: "/bria/x" }, "allow user=first team=listed"],
    "it does not, though another one does": [{ claims: { uid: "second" }, path: "/bria/x" }, "403 team_route_denied"]
  })

  decides("RULES D66: with `requireTeam` none is left only at the end", {
    policy: { requireTeam: true, requireTeamClaim: true },
    directory: { teams: { fromMemberships: "first" } },
    rows
  }, {
    "a membership satisfies it": [{ claims: { uid: "one" }, model: "gpt-4o" }, "allow user=one team=red"],
    "none may call the model": [{ claims: { uid: "one" }, model: "claude" }, "403 team_model_denied"],
    "no membership": [{ claims: { uid: "none" } }, "403 team_required"],
    "groups in the token do not": [{ claims: { uid: "one", groups: ["blue"] } }, "403 team_required"]
  })

  decides("RULES D66: `fromMemberships: none` takes no membership", {
    directory: { teams: { fromMemberships: "none" } },
    rows
  }, { "the only one neither": [{ claims: { uid: "one" } }, "allow user=one"] })

  decides("RULES D66, D27: a directory that fails is no absence of teams", {
    directory: { teams: { fromMemberships: "first" } },
    rows,
    failing: ["teams"]
  }, { "503": [{ claims: { uid: "many" } }, "503 directory_unavailable"] })
})

describe("the team header", () => {
  const header = (name: string) => ({ "x-team-id": name })
  const rows = { teams, users: [user("one", { teams: ["red", "green"] })] }

  decides("RULES D66: with `token` it may be a unique alias of one of the token's teams", { rows }, {
    "alias of a group": [
      { claims: { uid: "one", groups: ["red", "blue"] }, headers: header("Blue") },
      "allow user=one team=blue"
    ],
    "alias of another team": [{ claims: { uid: "one", groups: ["red"] }, headers: header("Blue") }, "403 team_denied"],
    "alias of several": [
      { claims: { uid: "one", groups: ["green", "grey"] }, headers: header("Twin") },
      "403 team_denied"
    ],
    "nobody's": [{ claims: { uid: "one", groups: ["red"] }, headers: header("Nowhere") }, "403 team_denied"],
    "a membership is none of the token's": [{ claims: { uid: "one" }, headers: header("red") }, "403 team_denied"],
    "its alias neither": [{ claims: { uid: "one" }, headers: header("Red") }, "403 team_denied"],
    "beside another team": [
      { claims: { uid: "one", groups: ["blue"] }, headers: header("Red") },
      "403 team_denied"
    ]
  })

  decides("RULES D66: with `memberships` it may be any of the user's teams, even against the claims", {
    policy: { teamHeader: "memberships" },
    rows
  }, {
    "by id": [{ claims: { uid: "one", groups: ["blue"] }, headers: header("red") }, "allow user=one team=red"],
    "by alias": [{ claims: { uid: "one" }, headers: header("Red") }, "allow user=one team=red"],
    "foreign": [{ claims: { uid: "one" }, headers: header("blue") }, "403 team_denied"],
    "ambiguous": [{ claims: { uid: "one" }, headers: header("Twin") }, "403 team_denied"],
    "unknown, never created": [{ claims: { uid: "one" }, headers: header("ghost") }, "403 team_denied"],
    "without a user": [{ claims: {}, headers: header("red") }, "403 team_denied"],
    "the route of the team counts": [
      { claims: { uid: "one" }, headers: header("red"), path: "/key/generate" },
      "403 team_route_denied"
    ]
  })

  decides("RULES D66, D27: a failing look-up of the header is 503", {
    policy: { teamHeader: "memberships" },
    rows,
    failing: ["teams"]
  }, { "503": [{ claims: { uid: "one" }, headers: header("red") }, "503 directory_unavailable"] })
})

describe("pass-through routes", () => {
  const rows = {
    teams: [
      team("plain"),
      team("listed", { passThroughRoutes: ["/bria"] }),
      team("refused", { passThroughRoutes: ["/bria"], deniedPassThroughRoutes: ["/bria/admin", "/bria/x*"] }),
      team("out", { passThroughRoutes: ["/bria"], deniedPassThroughRoutes: ["/"] })
    ]
  }
  const asked = (team_id: string, path: string) => ({ claims: { team_id }, path })
  const policy = { passThroughRoutes: [{ path: "/bria" }, { path: "/bria/*" }] }

  decides("RULES D67: an entry of `teamRoutes` that names the path grants it, a group or * never does", {
    policy: { ...policy, teamRoutes: ["openai_routes", "/bria/open/*"] },
    rows
  }, {
    "named": [asked("plain", "/bria/open/x"), "allow team=plain"],
    "not named": [asked("plain", "/bria/closed"), "403 team_route_denied"],
    "its own list": [asked("listed", "/bria/closed"), "allow team=listed"]
  })

  decides("RULES D67: neither * nor /* names a path", { policy: { ...policy, teamRoutes: ["*", "/*"] }, rows }, {
    "everything": [asked("plain", "/bria/x"), "403 team_route_denied"]
  })

  decides("RULES D67: 1.90 knows no such grant", {
    policy: { ...policy, litellm: "1.90", teamRoutes: ["openai_routes", "/bria/open/*"] },
    rows
  }, { "named": [asked("plain", "/bria/open/x"), "403 team_route_denied"] })

  decides("RULES D67: what a team is refused nothing grants", {
    policy: { ...policy, teamRoutes: ["openai_routes", "/bria/*"] },
    rows
  }, {
    "elsewhere": [asked("refused", "/bria/y"), "allow team=refused"],
    "the entry": [asked("refused", "/bria/admin"), "403 team_route_denied"],
    "below it": [asked("refused", "/bria/admin/y"), "403 team_route_denied"],
    "beside it": [asked("refused", "/bria/administrator"), "allow team=refused"],
    "a prefix": [asked("refused", "/bria/xyz"), "403 team_route_denied"],
    "all": [asked("out", "/bria/y"), "403 team_route_denied"]
  })
})

describe("people who left, and end users", () => {
  const endUser = (id: string, models: ReadonlyArray<string>) => makeEndUser({ id: EndUserId.make(id), models })
  const rows = {
    users: [user("here"), user("left", { active: false })],
    teams: [team("red", { models: ["gpt-4o", "claude"], modelAliases: { fast: "gpt-4o" } })],
    endUsers: [endUser("c-all", []), endUser("c-4o", ["gpt-4o"]), endUser("c-alias", ["fast"])]
  }

  decides("RULES D68: somebody who is not active is blocked, an admin by scope too", {
    issuer: { adminScope: "boss" },
    policy: { adminRoutes: ["llm_api_routes"] },
    rows
  }, {
    "here": [{ claims: { uid: "here" } }, "allow user=here"],
    "left": [{ claims: { uid: "left" } }, "403 user_blocked"],
    "an admin who left": [{ claims: { uid: "left", scope: "boss" } }, "403 user_blocked"],
    "an admin without a row": [{ claims: { uid: "ghost", scope: "boss" } }, "allow admin user=ghost"]
  })

  decides("RULES D68: an admin whose row cannot be read is not let in", {
    issuer: { adminScope: "boss" },
    policy: { adminRoutes: ["llm_api_routes"] },
    rows,
    failing: ["users"]
  }, { "503": [{ claims: { uid: "left", scope: "boss" } }, "503 directory_unavailable"] })

  const call = (customer: string, model: string | CoreTest.Ask["model"]) => ({
    claims: { uid: "here", team_id: "red", customer },
    ...(model === undefined ? {} : { model })
  })
  decides("RULES D68: the models of an end user hold for every model of the request", { rows }, {
    "empty: all": [call("c-all", "claude"), "allow user=here team=red endUser=c-all"],
    "listed": [call("c-4o", "gpt-4o"), "allow user=here team=red endUser=c-4o"],
    "not listed": [call("c-4o", "claude"), "403 end_user_model_denied"],
    "an alias stands for what it means": [call("c-4o", "fast"), "allow user=here team=red endUser=c-4o"],
    "an alias that is listed itself": [call("c-alias", "fast"), "allow user=here team=red endUser=c-alias"],
    "one of several": [call("c-4o", { _tag: "Several", names: ["gpt-4o", "claude"] }), "403 end_user_model_denied"],
    "what is not named": [call("c-4o", { _tag: "Unnamed" }), "403 model_unnamed"],
    "a stranger": [call("ghost", "claude"), "allow user=here team=red endUser=ghost"]
  })

  const open = { ...rows, teams: [team("red")] }
  decides(
    "RULES D53, D68: where nothing but an end user is limited, a model that is not known is denied for the limit",
    {
      rows: open
    },
    {
      "no limit": [call("c-all", { _tag: "Unnamed" }), "allow user=here team=red endUser=c-all"],
      "a limit": [call("c-4o", { _tag: "Unnamed" }), "403 model_unnamed"]
    }
  )

  it.effect("RULES D68: what may be called is told without what the end user may not", () =>
    Effect.gen(function*() {
      const { decision } = yield* CoreTest.ask({ rows: open }, call("c-4o", "gpt-4o"))
      assert.deepStrictEqual(["gpt-4o", "claude"].map((it) => decision?.reach.mayCall(it)), [true, false])
      assert.deepStrictEqual(decision?.reach.models(), ["gpt-4o"])
    }))
})

describe("clients of MCP", () => {
  const rows = { users: [user("u-1", { role: "proxy_admin" })] }
  const ask = (claims: object, path: string, headers = {}) => ({ claims: { uid: "u-1", ...claims }, path, headers })
  const policy = (more: object) => ({
    userRoutes: ["*"],
    mcpClients: { allowed: [{ alias: "Cursor", value: "c-1" }], ...more }
  })

  decides("RULES D71: the claim alone names the client, exactly, admins included", {
    policy: policy({ claim: "azp", header: "x-mcp-client" }),
    rows
  }, {
    "listed": [ask({ azp: "c-1" }, "/mcp"), "allow admin user=u-1"],
    "another": [ask({ azp: "C-1" }, "/mcp"), "403 client_denied"],
    "nobody": [ask({}, "/mcp/tools/call"), "403 client_denied"],
    "no text": [ask({ azp: ["c-1"] }, "/mcp/x/y"), "403 client_denied"],
    "a server by its name": [ask({}, "/github/mcp"), "403 client_denied"],
    "a header does not stand in": [ask({}, "/mcp", { "x-mcp-client": "c-1" }), "403 client_denied"],
    "elsewhere nobody asks": [ask({}, "/v1/chat/completions"), "allow admin user=u-1"]
  })

  decides("RULES D71: a header names it where no claim does", { policy: policy({ header: "x-mcp-client" }), rows }, {
    "listed": [ask({}, "/mcp", { "X-Mcp-Client": "c-1" }), "allow admin user=u-1"],
    "two": [ask({}, "/mcp", { "x-mcp-client": ["c-1", "c-1"] }), "403 client_denied"],
    "none": [ask({}, "/mcp"), "403 client_denied"]
  })

  decides("RULES D71: an empty list admits nobody", { policy: { ...policy({}), mcpClients: { allowed: [] } }, rows }, {
    "nobody": [ask({ azp: "c-1" }, "/mcp"), "403 client_denied"]
  })
})
