/** Which models a caller may call: by the lists of rows, groups, aliases and roles. */
import { describe } from "@effect/vitest"
import * as CoreTest from "../../src/testing/CoreTest.ts"
import { decides, deviates, type Row } from "../support/Decides.ts"

const { membership, modelGroup, team, user } = CoreTest
const uid = "u-1"
const on = (model: string, claims: CoreTest.Ask["claims"] = { uid }): CoreTest.Ask => ({ claims, model })

describe("models", () => {
  deviates("D19", "all checks see the same model, and two different ones are 400", "each check looks elsewhere", {
    policy: { roles: [{ role: "internal_user", models: ["gpt-4o"] }] },
    rows: { users: [user("u-1")] }
  }, {
    "two": [on("conflict"), "400 request_ambiguous"],
    "one": [on("gpt-4o"), "allow user=u-1"],
    "another": [on("claude"), "403 role_model_denied"],
    "a body that this door cannot see": [on("unseen"), "403 model_unseen"]
  })

  const models = (list: ReadonlyArray<string>, more: CoreTest.World["policy"] = {}): CoreTest.World => ({
    policy: {
      modelGroups: { cheap: ["gpt-4o-mini", "haiku-*"] },
      modelAliases: { fast: "gpt-4o-mini" },
      providers: { "gpt-4o": "openai" },
      ...more
    },
    rows: {
      users: [user("u-1", { models: list })],
      teams: [team("red", { models: list }), team("own", { models: ["gpt-4o"], modelAliases: { best: "gpt-4o" } })]
    }
  })
  const table = (team: string | undefined, rows: Readonly<Record<string, boolean>>): Readonly<Record<string, Row>> =>
    Object.fromEntries(
      Object.entries(rows).map(([model, allowed]) => [
        model,
        team === undefined
          ? [on(model), allowed ? "allow user=u-1" : "403 user_model_denied"]
          : [on(model, { team_id: team }), allowed ? `allow team=${team}` : "403 team_model_denied"]
      ])
    )

  for (const team of ["red", undefined]) {
    const whose = team === undefined ? "the user's list, without a team" : "the team's list"
    decides(`${whose}: an empty list allows every model`, models([]), table(team, { "gpt-4o": true, "": true }))
    for (const every of ["*", "all-proxy-models"]) {
      decides(`${whose}: ${every} allows every model`, models([every, "x"]), table(team, { "gpt-4o": true, "y": true }))
    }
    decides(
      `${whose}: a name is a name, with case`,
      models(["gpt-4o"]),
      table(team, { "gpt-4o": true, "GPT-4o": false, "gpt-4": false, "gpt-4o-mini": false })
    )
    deviates(
      "D21",
      `${whose}: only \`*\` is special`,
      "patterns are regular expressions",
      models(["gpt-4.*", "o[13]", "a?c"]),
      table(team, {
        "gpt-4.1": true,
        "gpt-4o": false,
        "o1": false,
        "o[13]": true,
        "abc": false,
        "a?c": true
      })
    )
    decides(
      `${whose}: a star stands for any text, the empty one included`,
      models(["claude-*", "*-mini"]),
      table(team, { "claude-": true, "claude-3": true, "x-mini": true, "-mini": true, "claude": false })
    )
    decides(
      `${whose}: a provider's wildcard covers its bare names`,
      models(["openai/*"]),
      table(team, { "openai/x": true, "gpt-4o": true, "gpt-4o-mini": false })
    )
    decides(
      `${whose}: a group's name stands for the models in it`,
      models(["cheap"]),
      table(team, { "gpt-4o-mini": true, "haiku-3": true, "gpt-4o": false })
    )
    decides(
      `${whose}: an alias passes where the model it stands for does`,
      models(["gpt-4o-mini"]),
      table(team, { fast: true, other: false })
    )
    decides(
      `${whose}: an alias may be granted by its own name`,
      models(["fast"]),
      table(team, { fast: true, "gpt-4o-mini": false })
    )
    decides(
      `${whose}: no-default-models allows none, not even that name (RULES D30)`,
      models(["no-default-models"]),
      table(team, { "gpt-4o": false, "no-default-models": false, fast: false })
    )
  }

  decides(
    "the user's no-default-models denies whatever else the list holds",
    models(["no-default-models", "gpt-4o"]),
    table(undefined, { "gpt-4o": false })
  )
  deviates("D21", "a team's own aliases count in the check", "after the check", models([]), {
    "alias": [on("best", { team_id: "own" }), "allow team=own"],
    "its model": [on("gpt-4o", { team_id: "own" }), "allow team=own"],
    "another's": [on("other", { team_id: "own" }), "403 team_model_denied"]
  })

  decides("a team's shared groups are looked at after its own list", {
    rows: {
      teams: [
        team("red", { models: ["gpt-4o"], modelGroups: ["g-1", "ghost"] }),
        team("none", { models: ["no-default-models"], modelGroups: ["g-1"] }),
        team("all", { modelGroups: ["g-1"] })
      ],
      modelGroups: [modelGroup("g-1", ["claude-*"])]
    }
  }, {
    "own": [on("gpt-4o", { team_id: "red" }), "allow team=red"],
    "shared": [on("claude-3", { team_id: "red" }), "allow team=red"],
    "neither": [on("llama", { team_id: "red" }), "403 team_model_denied"],
    "shared alone": [on("claude-3", { team_id: "none" }), "allow team=none"],
    "an empty list allows all": [on("llama", { team_id: "all" }), "allow team=all"]
  })

  decides("a member's own list narrows the team's, and the user's list counts without a team only", {
    rows: {
      users: [user("u-1", { models: ["claude"] })],
      teams: [team("red", { models: ["gpt-4o", "gpt-4o-mini"] })],
      memberships: [membership("u-1", "red", { models: ["gpt-4o", "claude"] })]
    }
  }, {
    "both": [on("gpt-4o", { uid, team_id: "red" }), "allow user=u-1 team=red"],
    "the team's alone": [on("gpt-4o-mini", { uid, team_id: "red" }), "403 member_model_denied"],
    "the member's alone": [on("claude", { uid, team_id: "red" }), "403 team_model_denied"],
    "the user's, in the team": [on("claude", { uid, team_id: "red" }), "403 team_model_denied"],
    "the user's, without": [on("claude"), "allow user=u-1"],
    "without, another": [on("gpt-4o"), "403 user_model_denied"]
  })
})
