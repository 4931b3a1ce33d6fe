import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { unread } from "../../src/embed/Unread.ts"
import { Gate, type GateSettings, type Parts, SettingsInvalid } from "../../src/Gate.ts"
import { Settings } from "../../src/Settings.ts"
import * as CoreTest from "../../src/testing/CoreTest.ts"
import { chat, gateOf, lineOf, settings, tokenOf } from "../support/GateWorld.ts"

type Row = readonly [input: Partial<Settings.Input>, parts: Parts, finding: RegExp]

const secret = "env:IDP_SECRET"
const trusted = { id: "idp", issuer: "https://idp.test", audience: "https://api.test" }
const opaque = { introspection: { url: "https://idp.test/introspect", clientId: "gate", clientSecret: secret } }

/** Settings of the configuration file that this gate could not obey. */
const refused: Readonly<Record<string, Row>> = {
  "how a database is reached": [
    { directory: { connection: { ca: "file:ca.pem" } } },
    {},
    /^directory\.connection .*`directory`/
  ],
  "a folder of keys": [{ cache: { dir: "./keys" } }, {}, /^cache\.dir .*`keys`/],
  "rows that are remembered": [{ cache: { rows: "30s" } }, {}, /^cache\.rows .*`directory`/],
  "rows that serve in an outage": [{ cache: { staleRows: "60s" } }, {}, /^cache\.staleRows /],
  "people who are created, and nobody writes": [
    { directory: { users: { create: true } } },
    {},
    /^directory\.users\.create .*`write`/
  ],
  "teams that are created, and nobody writes": [
    { directory: { teams: { create: { match: "^red" } } } },
    { directory: { team: () => null } },
    /^directory\.teams\.create /
  ],
  "memberships that are joined, and nobody writes": [
    { directory: { memberships: "join" } },
    { directory: { team: () => null } },
    /^directory\.memberships .*`write`/
  ],
  "what is to be written, and nobody writes": [{ directory: { write: true } }, {}, /^directory\.write /],
  "a secret that nobody gave": [
    { issuers: [{ ...trusted, opaque }] },
    {},
    /^issuers\[0\]\.opaque\.introspection\.clientSecret .*`secrets`/
  ],
  "a file of keys that nobody gave": [
    { issuers: [{ ...trusted, jwks: "file:keys.json" }] },
    {},
    /^issuers\[0\]\.jwks /
  ],
  "one of several": [
    { issuers: [{ ...trusted, jwks: [{ url: "https://idp.test/k", authorization: secret }, "file:keys.json"] }] },
    { secrets: { [secret]: "x" } },
    /^issuers\[0\]\.jwks\[1\] /
  ]
}

type Keys<Section extends "policy" | "directory" | "cache"> = Readonly<
  Record<keyof Required<NonNullable<GateSettings[Section]>>, true>
>

/** Every key that this gate obeys; a new one of the settings does not compile until it is here or among those that are refused. */
const obeyed: { readonly [Section in "policy" | "directory" | "cache"]: Keys<Section> } = {
  policy: {
    roles: true,
    requireRole: true,
    roleMappings: true,
    allowedUserRoles: true,
    scopes: true,
    requireScope: true,
    adminRoutes: true,
    adminOnlyRoutes: true,
    teamRoutes: true,
    userRoutes: true,
    openRoutes: true,
    passThroughRoutes: true,
    requireTeamClaim: true,
    requireTeam: true,
    requirePrincipal: true,
    withoutTeam: true,
    groupOrder: true,
    teamHeader: true,
    mcpClients: true,
    mcp: true,
    agents: true,
    litellm: true,
    teamHeaders: true,
    emailDomains: true,
    modelGroups: true,
    modelAliases: true,
    providers: true
  },
  directory: { write: true, users: true, teams: true, memberships: true, userRoles: true },
  cache: { tokens: true }
}

const failureOf = (make: Promise<unknown>) => Effect.promise(() => make.catch((it: unknown) => it))

describe("settings that a gate in a host could not obey", () => {
  it("every key of the settings is obeyed, or refused by its name", () => {
    const all = Schema.decodeSync(Settings)({ directory: { write: false } })
    for (const section of ["policy", "directory", "cache"] as const) {
      const said = {
        policy: { custom: "./x.mjs" },
        directory: { url: "x", file: "x", connection: {} },
        cache: { dir: "x", rows: "1s", staleRows: "1s", redis: "env:X" }
      }[section]
      const decoded = Schema.decodeSync(Settings)({ [section]: said })
      const brought = { writes: true, knows: () => true }
      assert.deepStrictEqual(
        unread({ [section]: said }, decoded, brought).map((it) => it.split(" ", 1)[0]),
        Object.keys(said).map((key) => `${section}.${key}`)
      )
      assert.sameMembers(Object.keys(all[section]), [...Object.keys(obeyed[section]), ...Object.keys(said)])
    }
  })

  for (const [name, [input, parts, finding]] of Object.entries(refused)) {
    it.live(`${name}: refused, with the place and what to give instead`, () =>
      Effect.gen(function*() {
        const error = yield* failureOf(Gate.make({ ...settings, ...input }, parts))
        assert.instanceOf(error, SettingsInvalid)
        assert.lengthOf(error.findings, 1)
        assert.match(error.message, finding)
        assert.notInclude(error.message, "keys.json")
        const layer = yield* Effect.flip(
          Effect.scoped(Effect.provide(Gate, Gate.layer({ ...settings, ...input }, parts)))
        )
        assert.deepStrictEqual(layer.findings, error.findings)
      }))
  }

  it.live("say nothing where they say what is done anyway", () =>
    Effect.gen(function*() {
      const gate = yield* gateOf({ directory: { write: () => null }, secrets: { "file:keys.json": "{}" } }, {
        issuers: [{ ...trusted, jwks: "file:keys.json" }],
        policy: { custom: null },
        directory: { url: "memory:", file: null, users: { create: true } },
        cache: { dir: null, redis: null, rows: "0s", tokens: 10 }
      })
      assert.isFunction(gate.decide)
    }))

  it.live("a directory that may only be read is never asked to write", () =>
    Effect.gen(function*() {
      const written: Array<string> = []
      const parts: Parts = { directory: { team: (id) => ({ id }), write: (it) => void written.push(it._tag) } }
      for (const write of [true, false]) {
        const gate = yield* gateOf(parts, { ...settings, directory: { write, users: { create: true } } })
        const token = yield* tokenOf({ sub: `new-${write}` })
        assert.isTrue((yield* Effect.promise(() => gate.decide(chat(token)))).allowed)
      }
      assert.deepStrictEqual(written, ["CreateUser"])
    }))

  it.effect("a module that whoever composes the pipeline has not loaded is 503 at every request, never no module", () =>
    Effect.gen(function*() {
      const world: CoreTest.World = { policy: { custom: "./policy.mjs" }, rows: { users: [CoreTest.user("u-1")] } }
      const ask = { claims: { uid: "u-1" }, model: "gpt-4o" }
      assert.strictEqual((yield* CoreTest.ask(world, ask)).line, "503 custom_unavailable")
      const loaded = { ...world, custom: { validate: () => Effect.void } }
      assert.isTrue((yield* CoreTest.ask(loaded, ask)).allowed)
    }))

  it.live("what is allowed is as before", () =>
    Effect.gen(function*() {
      const gate = yield* gateOf({ directory: { team: (id) => ({ id }) } })
      assert.strictEqual(
        lineOf(yield* Effect.promise(async () => gate.decide(chat(await Effect.runPromise(tokenOf()))))),
        "allow ada red"
      )
    }))
})
