/** Roles, scopes, routes and grants: what each leaves of models and routes (RULES D19 to D21, D34, D35, D41, D46, D49, D51, D52). */
import { describe } from "@effect/vitest"
import * as CoreTest from "../../src/testing/CoreTest.ts"
import { decides, deviates } from "../support/Decides.ts"

const { team, user } = CoreTest
const uid = "u-1"
const on = (model: string, claims: CoreTest.Ask["claims"] = { uid }): CoreTest.Ask => ({ claims, model })

describe("roles", () => {
  const roles: NonNullable<CoreTest.World["policy"]> = {
    roles: [
      { role: "internal_user", models: ["gpt-4o"], routes: ["/v1/chat/completions"] },
      { role: "internal_user", models: ["*"] },
      { role: "team", models: ["claude-*"] },
      { role: "proxy_admin", routes: ["info_routes"] }
    ],
    roleMappings: [{ claim: "svc", role: "team" }, { claim: "ana", role: "internal_user" }, {
      claim: "adm",
      role: "proxy_admin"
    }],
    allowedUserRoles: ["staff"]
  }
  const world: CoreTest.World = {
    issuer: { adminScope: "admin" },
    policy: { ...roles, requireRole: true, requirePrincipal: false },
    rows: { users: [user("u-1")], teams: [team("red")] }
  }
  decides("precedence: admin scope, team claim, user claim, allowed roles, mappings in order", world, {
    "admin scope over team": [
      { claims: { scope: "admin", team_id: "red", uid }, path: "/user/info", model: "x" },
      "allow admin user=u-1"
    ],
    "team over user": [on("claude-3", { team_id: "red", uid }), "allow user=u-1 team=red"],
    "team over user, its models": [on("gpt-4o", { team_id: "red", uid }), "403 role_model_denied"],
    "user over mapping": [on("claude-3", { uid, roles: ["svc"] }), "403 role_model_denied"],
    "allowed role over mapping": [on("claude-3", { user_roles: ["staff"], roles: ["svc"] }), "403 role_model_denied"],
    "the earlier mapping, not the earlier role": [on("claude-3", { roles: ["ana", "svc"] }), "allow"],
    "one mapping": [on("claude-3", { roles: ["ana"] }), "403 role_model_denied"],
    "none": [on("gpt-4o", { roles: ["other"] }), "403 role_unmatched"]
  })
  decides("the first entry for a role wins, and its models come before its routes", world, {
    "model": [on("o1"), "403 role_model_denied"],
    "route": [{ ...on("gpt-4o"), path: "/v1/embeddings" }, "403 role_route_denied"],
    "both wrong": [{ ...on("o1"), path: "/v1/embeddings" }, "403 role_model_denied"],
    "no model": [{ claims: { uid }, path: "/v1/embeddings" }, "403 role_route_denied"]
  })
  deviates(
    "D34",
    "a role from a mapping selects permissions and makes nobody an admin",
    "the same, though documented otherwise",
    world,
    {
      "mapped to proxy_admin": [{ claims: { roles: ["adm"] }, path: "/user/info" }, "allow"],
      "held to its permissions": [{ claims: { roles: ["adm"] }, path: "/v1/chat/completions" }, "403 role_route_denied"]
    }
  )
  decides("the e-mail that stands in for a missing user gives no role", {
    issuer: { claims: { user: { from: "uid", orEmail: true }, email: "email" } },
    policy: { requireRole: true },
    rows: { users: [user("ada@acme.test"), user("u-1")] }
  }, {
    "e-mail": [{ claims: { email: "ada@acme.test" } }, "403 role_unmatched"],
    "user": [{ claims: { uid, email: "ada@acme.test" } }, "allow user=u-1"],
    "user, whatever address is proven": [
      { claims: { uid, email: "ada@acme.test", email_verified: true } },
      "allow user=u-1"
    ]
  })
  decides("the e-mail stands in for the id of the row", {
    issuer: { claims: { user: { from: "uid", orEmail: true }, email: "email" } },
    rows: { users: [user("ada@acme.test")] }
  }, {
    "e-mail": [{ claims: { email: "ada@acme.test", email_verified: true } }, "allow user=ada@acme.test"],
    "without a proof (RULES D57)": [{ claims: { email: "ada@acme.test" } }, "403 principal_required"]
  })
  decides("where it may stand in, a missing subject is no defect of the token", {
    issuer: { claims: { user: { from: "sub", orEmail: true }, email: "email" } },
    rows: { users: [user("ada@acme.test")] }
  }, {
    "e-mail": [{ claims: { email: "ada@acme.test", email_verified: true } }, "allow user=ada@acme.test"],
    "neither": [{ claims: {} }, "403 principal_required"]
  })

  deviates("D49", "model names in roles and scopes are patterns", "exact names", {
    policy: {
      roles: [{ role: "internal_user", models: ["gpt-*"] }],
      scopes: [{ scope: "chat", models: ["*-mini", "gpt-4o"] }],
      requireScope: true
    },
    rows: { users: [user("u-1")] }
  }, {
    "both": [on("gpt-4o-mini", { uid, scope: "chat" }), "allow user=u-1"],
    "role": [on("o1-mini", { uid, scope: "chat" }), "403 role_model_denied"],
    "scope": [on("gpt-4", { uid, scope: "chat" }), "403 scope_model_denied"]
  })
})

describe("scopes", () => {
  const world = (routes: boolean): CoreTest.World => ({
    policy: {
      requireScope: true,
      scopes: [
        { scope: "mini", models: ["mini"], ...(routes ? { routes: ["/v1/chat/completions"] } : {}) },
        { scope: "embed", models: ["ada"], ...(routes ? { routes: ["/v1/embeddings"] } : {}) },
        { scope: "any", models: ["mini"] },
        { scope: "nothing", ...(routes ? { routes: ["/v1/models"] } : {}) }
      ]
    },
    rows: { users: [user("u-1")] }
  })
  const scoped = (scope: string, model: string | undefined, path: string): CoreTest.Ask => ({
    claims: { uid, scope },
    path,
    ...(model === undefined ? {} : { model })
  })
  deviates("D20", "the routes of mappings count: the union of what is held", "ignores them", world(true), {
    "its route": [scoped("mini", "mini", "/v1/chat/completions"), "allow user=u-1"],
    "another's route": [scoped("mini", "mini", "/v1/embeddings"), "403 scope_route_denied"],
    "the union": [scoped("mini embed", "mini", "/v1/embeddings"), "allow user=u-1"],
    "a mapping without routes allows every route": [scoped("mini any", "mini", "/v1/embeddings"), "allow user=u-1"],
    "a mapping without models adds no model": [scoped("nothing", "mini", "/v1/models"), "403 scope_model_denied"],
    "but its route": [scoped("nothing", undefined, "/v1/models"), "allow user=u-1"],
    "nothing held": [scoped("other", undefined, "/v1/models"), "403 scope_route_denied"]
  })
  decides("RULES D20: where no mapping names routes, only models count", world(false), {
    "any route": [scoped("mini", "mini", "/v1/embeddings"), "allow user=u-1"],
    "nothing held, no model": [scoped("other", undefined, "/v1/models"), "allow user=u-1"],
    "nothing held, a model": [scoped("other", "mini", "/v1/chat/completions"), "403 scope_model_denied"]
  })
  decides("mappings count only with `requireScope`", {
    ...world(true),
    policy: { ...world(true).policy, requireScope: false }
  }, { "nothing held": [scoped("other", "mini", "/v1/chat/completions"), "allow user=u-1"] })
})

describe("routes", () => {
  const rows = { users: [user("u-1"), user("boss", { role: "proxy_admin" })], teams: [team("red")] }
  const at = (path: string, claims: CoreTest.Ask["claims"] = { uid }): CoreTest.Ask => ({ claims, path })

  deviates("D35", "a star at the end is a prefix at a segment boundary", "compares it literally, or as bare text", {
    policy: { userRoutes: ["/a/*", "/b*", "llm_api_routes", "/c/{x}/*"] },
    rows
  }, {
    "/a/x/y": [at("/a/x/y"), "allow user=u-1"],
    "/a": [at("/a"), "403 user_route_denied"],
    "/ab": [at("/ab"), "403 user_route_denied"],
    "/b": [at("/b"), "allow user=u-1"],
    "/b/x": [at("/b/x"), "allow user=u-1"],
    "/bx": [at("/bx"), "403 user_route_denied"],
    "in a group": [at("/v1/containers/c-1/files"), "allow user=u-1"],
    "with a segment before it": [at("/c/1/2/3"), "allow user=u-1"],
    "with a segment before it, missing": [at("/c/1"), "403 user_route_denied"]
  })

  decides("`{x}` is one segment, `{x:path}` anything, everything else itself with case", {
    policy: { userRoutes: ["/one/{x}", "/two/{x:path}", "/three/{a}/x/{b}", "/v1.0/(x)"] },
    rows
  }, {
    "/one/1": [at("/one/1"), "allow user=u-1"],
    "/one/1/2": [at("/one/1/2"), "403 user_route_denied"],
    "/one/": [at("/one/"), "403 user_route_denied"],
    "/two/1/2": [at("/two/1/2"), "allow user=u-1"],
    "/three/1/x/2": [at("/three/1/x/2"), "allow user=u-1"],
    "/three/1/y/2": [at("/three/1/y/2"), "403 user_route_denied"],
    "/One/1": [at("/One/1"), "403 user_route_denied"],
    "/v1.0/(x)": [at("/v1.0/(x)"), "allow user=u-1"],
    "/v1x0/(x)": [at("/v1x0/(x)"), "403 user_route_denied"]
  })

  deviates("D41", "without a team `userRoutes` holds for non-admins", "a generic gate by role", { rows }, {
    "LLM": [at("/v1/chat/completions"), "allow user=u-1"],
    "info": [at("/user/info"), "allow user=u-1"],
    "management": [at("/key/generate"), "403 user_route_denied"],
    "an admin": [at("/key/generate", { uid: "boss" }), "allow admin user=boss"],
    "with a team its routes count": [at("/key/generate", { uid, team_id: "red" }), "403 team_route_denied"]
  })

  deviates("D46", "`adminOnlyRoutes` are for admins alone", "the same list, by another key", {
    issuer: { adminScope: "admin" },
    policy: { adminOnlyRoutes: ["/v1/files"], adminRoutes: ["openai_routes"] },
    rows
  }, {
    "a user": [at("/v1/files"), "403 admin_route_denied"],
    "a team": [at("/v1/files", { team_id: "red" }), "403 admin_route_denied"],
    "an admin by row": [at("/v1/files", { uid: "boss" }), "allow admin user=boss"],
    "an admin by scope": [at("/v1/files", { scope: "admin" }), "allow admin"]
  })

  decides("an admin by scope may use `adminRoutes` only", { issuer: { adminScope: "admin" }, rows }, {
    "management": [at("/key/generate", { scope: "admin" }), "allow admin"],
    "info": [at("/v1/models", { scope: "admin" }), "allow admin"],
    "LLM": [at("/v1/chat/completions", { scope: "admin" }), "403 admin_route_denied"]
  })

  deviates("D52", "`/models/{model_id}` is an info route, and the model named there is checked", "is no info route", {
    policy: { userRoutes: ["info_routes"] },
    rows: { users: [user("u-1", { models: ["gpt-4o"], maxBudget: 1, spend: 2 })] }
  }, {
    "may be called": [{ ...at("/v1/models/gpt-4o"), model: "gpt-4o" }, "allow user=u-1"],
    "may not": [{ ...at("/models/claude"), model: "claude" }, "403 user_model_denied"],
    "the list": [at("/v1/models"), "allow user=u-1"]
  })
})

describe("grants", () => {
  const rows = {
    users: [user("u-1", { teams: ["blue"] }), user("boss", { role: "proxy_admin" })],
    teams: [team("red", { alias: "Red" }), team("blue", { alias: "Blue" })]
  }
  const world = (
    grants: NonNullable<CoreTest.World["issuer"]>["grants"],
    more: CoreTest.World = {}
  ): CoreTest.World => ({
    ...more,
    issuer: { adminScope: "admin", ...(grants === undefined ? {} : { grants }) },
    policy: { roleMappings: [{ claim: "svc", role: "team" }], ...more.policy },
    rows
  })
  deviates(
    "D51",
    "an issuer gives at most the teams it is granted",
    "any issuer gives any team",
    world({ teams: ["re*"] }),
    {
      "single": [{ claims: { team_id: "red" } }, "allow team=red"],
      "single, not granted": [{ claims: { uid, team_id: "blue" } }, "403 team_denied"],
      "groups": [{ claims: { uid, groups: ["blue", "red"] } }, "allow user=u-1 team=red"],
      "groups, none granted": [{ claims: { uid, groups: ["blue"] } }, "403 team_denied"],
      "header": [{ claims: { groups: ["red", "blue"] }, headers: { "x-team-id": "blue" } }, "403 team_denied"],
      "alias": [{ claims: { team_name: "Blue" } }, "403 team_denied"],
      "object": [{ claims: { roles: ["svc"], oid: "blue" } }, "403 team_denied"],
      "membership": [{ claims: { uid } }, "allow user=u-1"],
      "admin's header": [
        { claims: { scope: "admin" }, path: "/v1/models", headers: { "x-team-id": "blue" } },
        "allow admin"
      ]
    }
  )
  decides("RULES D51: and the roles", world({ roles: ["internal_user"] }, { policy: { requireRole: true } }), {
    "admin scope": [{ claims: { uid, scope: "admin" }, path: "/key/generate" }, "403 team_route_denied"],
    "team claim": [{ claims: { team_id: "red" } }, "403 role_unmatched"],
    "mapping": [{ claims: { groups: ["red"], roles: ["svc"] } }, "403 role_unmatched"],
    "user claim": [{ claims: { uid } }, "allow user=u-1 team=blue"],
    "admin by row": [{ claims: { uid: "boss" }, path: "/key/generate" }, "403 user_route_denied"]
  })
  decides("RULES D51: a role that may not be given is as if not found", {
    ...world({ roles: ["team"] }),
    policy: {
      requireRole: true,
      allowedUserRoles: ["staff"],
      roleMappings: [{ claim: "svc", role: "internal_user" }, { claim: "svc", role: "team" }],
      roles: [{ role: "team", models: ["gpt-4o"] }]
    }
  }, {
    "user claim": [{ claims: { uid } }, "403 role_unmatched"],
    "allowed role": [{ claims: { user_roles: "staff" } }, "403 role_unmatched"],
    "the next mapping": [{ claims: { groups: "red", roles: "svc" }, model: "o1" }, "403 role_model_denied"],
    "the next mapping's models": [{ claims: { groups: "red", roles: "svc" }, model: "gpt-4o" }, "allow team=red"]
  })
  decides("RULES D51: and the models and routes", world({ models: ["gpt-*"], routes: ["/v1/chat/completions"] }), {
    "granted": [{ claims: { uid }, model: "gpt-4o" }, "allow user=u-1 team=blue"],
    "another model": [{ claims: { uid }, model: "claude" }, "403 role_model_denied"],
    "another route": [{ claims: { uid }, path: "/v1/embeddings" }, "403 role_route_denied"],
    "an admin as well": [{ claims: { scope: "admin" }, path: "/user/info" }, "403 role_route_denied"]
  })
})
