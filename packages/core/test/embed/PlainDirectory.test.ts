import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { PlainDirectory } from "../../src/Gate.ts"
import type { Settings } from "../../src/Settings.ts"
import { chat, gateOf, lineOf, settings, tokenOf } from "../support/GateWorld.ts"

/** As `settings`, with what else a token may say. */
const input: Settings.Input = {
  ...settings,
  issuers: (settings.issuers ?? []).map((it) => ({
    ...it,
    claims: {
      user: "sub",
      email: "email",
      teams: "groups",
      team: "team",
      teamAlias: "alias",
      organization: "org",
      endUser: "customer"
    }
  })),
  directory: {}
}

const people: PlainDirectory = { user: (id) => ({ id }), team: (id) => ({ id }) }

interface Row {
  readonly claims: Readonly<Record<string, unknown>>
  /** What answers whatever is asked, as a table does that folds case, or a query that was written wrongly. */
  readonly careless: PlainDirectory
  readonly careful: PlainDirectory
}

const noGroups = { groups: undefined }

const rows: Readonly<Record<string, Row>> = {
  "a person by id": {
    claims: { sub: "ADA" },
    careless: { user: () => ({ id: "ada" }) },
    careful: { user: (id) => ({ id }) }
  },
  "a person by subject": {
    claims: {},
    careless: { user: () => null, userBySubject: () => ({ id: "u-1", subjects: [{ namespace: "", subject: "ADA" }] }) },
    careful: {
      user: () => null,
      userBySubject: (namespace, subject) => ({ id: "u-1", subjects: [{ namespace, subject }] })
    }
  },
  "people by address": {
    claims: { email: "ada@acme.test", email_verified: true },
    careless: { user: () => null, usersByEmail: () => [{ id: "boss", email: "boss@acme.test" }] },
    careful: { user: () => null, usersByEmail: () => [{ id: "u-1", email: "Ada@acme.test" }] }
  },
  "a team by id": {
    claims: { ...noGroups, team: "RED" },
    careless: { team: () => ({ id: "red" }) },
    careful: { team: (id) => ({ id }) }
  },
  "teams by id, one of them twice": {
    claims: {},
    careless: { teams: () => [{ id: "red", models: ["o1"] }, { id: "red" }] },
    careful: { teams: (ids) => ids.map((id) => ({ id })) }
  },
  "teams by id, one that was not asked for": {
    claims: {},
    careless: { teams: () => [{ id: "red" }, { id: "blue" }] },
    careful: { teams: () => [{ id: "red" }] }
  },
  "a team by alias": {
    claims: { ...noGroups, alias: "RED" },
    careless: { teamsByAlias: () => [{ id: "red", alias: "Red" }] },
    careful: { teamsByAlias: (alias) => [{ id: "red", alias }] }
  },
  "an organization": {
    claims: { org: "ACME" },
    careless: { organization: () => ({ id: "acme" }) },
    careful: { organization: (id) => ({ id }) }
  },
  "an end user": {
    claims: { customer: "C-1" },
    careless: { endUser: () => ({ id: "c-1" }) },
    careful: { endUser: (id) => ({ id }) }
  },
  "a membership": {
    claims: {},
    careless: { membership: () => ({ user: "ada", team: "blue" }) },
    careful: { membership: (user, team) => ({ user, team }) }
  },
  "model groups": {
    claims: {},
    careless: {
      team: (id) => ({ id, models: ["o1"], modelGroups: ["g"] }),
      modelGroups: () => [{ id: "G", models: ["gpt-*"] }]
    },
    careful: {
      team: (id) => ({ id, models: ["o1"], modelGroups: ["g"] }),
      modelGroups: () => [{ id: "g", models: ["gpt-*"] }]
    }
  }
}

describe("threat E13: the row of somebody else is no row that was asked for", () => {
  for (const [name, { careful, careless, claims }] of Object.entries(rows)) {
    it.live(`${name}: 503 with its reason, never the other one's rights`, () =>
      Effect.gen(function*() {
        const decided = Effect.fnUntraced(function*(directory: PlainDirectory) {
          const gate = yield* gateOf({ directory: { ...people, ...directory } }, input)
          const token = yield* tokenOf(claims)
          return yield* Effect.promise(() => gate.decide(chat(token)))
        })
        const denied = yield* decided(careless)
        assert.strictEqual(lineOf(denied), "503 directory_unavailable")
        assert.include(JSON.stringify(denied.steps), "it is not the one that was asked for")
        assert.match(lineOf(yield* decided(careful)), /^allow /)
      }))
  }
})
