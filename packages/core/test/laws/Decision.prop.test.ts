/** Laws of every decision: told as it is, written only when allowed, the same for everybody who asks alike. */
import { assert, it } from "@effect/vitest"
import { Arbitrary, Effect, Schema } from "effect"
import type { MemoryTables, Rows } from "../../src/directory/MemoryRows.ts"
import { Codes, statusOf } from "../../src/Errors.ts"
import * as Pattern from "../../src/rules/patterns/Pattern.ts"
import * as Route from "../../src/rules/routes/Route.ts"
import * as RouteGroups from "../../src/rules/routes/RouteGroups.ts"
import { newestLitellm } from "../../src/Settings.ts"
import * as CoreArbitrary from "../../src/testing/CoreArbitrary.ts"
import * as CoreTest from "../../src/testing/CoreTest.ts"
import { runs } from "../support/Runs.ts"

const often = runs(80)
const drawn = { world: CoreArbitrary.world, ask: CoreArbitrary.ask }

const inWorld = <A, E>(world: CoreTest.World, use: (core: CoreTest.CoreTest["Service"]) => Effect.Effect<A, E>) =>
  CoreTest.CoreTest.use(use).pipe(Effect.provide(CoreTest.CoreTest.layer(world)))

const snapshot = (tables: MemoryTables) => [
  tables.users.all(),
  tables.teams.all(),
  tables.organizations.all(),
  tables.endUsers.all(),
  tables.memberships.all(),
  tables.modelGroups.all()
]

it.effect.prop(
  "the trace tells the decision, and every error is one of the table's codes",
  drawn,
  ({ ask, world }) =>
    Effect.gen(function*() {
      const { allowed, code, status, steps } = yield* CoreTest.ask(world, ask)
      const outcomes = steps.filter((it) => it.step !== "hint")
      const bad = outcomes.filter((it) => it.outcome === "denied" || it.outcome === "unavailable")
      if (allowed) return assert.deepStrictEqual(bad, [])
      const known: ReadonlyArray<string> = [400, 401, 403, 404, 429, 503].flatMap((it) => Codes[it as 400])
      assert.include(known, code)
      assert.strictEqual(code === undefined ? 0 : statusOf(code), status)
      assert.strictEqual(bad.length, 1)
      assert.strictEqual(outcomes.at(-1), bad[0], "the last step is the one that denies")
      if (bad[0]?.outcome === "denied" && bad[0].step !== "token") assert.strictEqual(bad[0].facts["code"], code)
    }),
  often
)

it.effect.prop(
  "a denied caller writes nothing (RULES D29)",
  drawn,
  ({ ask, world }) =>
    inWorld(world, (core) =>
      Effect.gen(function*() {
        const before = snapshot(core.tables)
        const { allowed } = yield* core.ask(ask)
        if (!allowed) assert.deepStrictEqual(snapshot(core.tables), before)
      })),
  often
)

it.effect.prop(
  "a dry run, a real one and one with nobody listening decide the same",
  drawn,
  ({ ask, world }) =>
    Effect.gen(function*() {
      const dry = yield* inWorld(world, (core) =>
        Effect.gen(function*() {
          const before = snapshot(core.tables)
          const verdict = yield* core.dryly(ask)
          assert.deepStrictEqual(snapshot(core.tables), before)
          return verdict
        }))
      const real = yield* CoreTest.ask(world, ask)
      const quiet = yield* inWorld(world, (core) => core.quietly(ask))
      assert.deepStrictEqual([real.line, quiet.line], [dry.line, dry.line])
      const [theirs, loud, silent] = [dry.writes, real.writes, quiet.writes].map(CoreTest.withoutMadeIds)
      assert.deepStrictEqual([loud, silent], [theirs, theirs])
    }),
  often
)

it.effect.prop("the same request twice is the same decision, and what was written is not written again", drawn, ({
  ask,
  world
}) =>
  inWorld(world, (core) =>
    Effect.gen(function*() {
      const token = yield* core.token(ask.claims)
      const first = yield* core.ask({ ...ask, token })
      const second = yield* core.ask({ ...ask, token })
      assert.strictEqual(second.line, first.line)
      assert.deepStrictEqual(second.writes, [])
      assert.strictEqual((yield* core.quietly({ ...ask, token })).line, first.line)
    })), often)

const reversed = (rows: Rows = {}): Rows => ({
  teams: rows.teams?.toReversed().map((it) => ({
    ...it,
    models: it.models.toReversed(),
    modelAliases: turned(it.modelAliases)
  })) ?? [],
  users: rows.users?.toReversed().map((it) => ({ ...it, models: it.models.toReversed() })) ?? [],
  organizations: rows.organizations?.toReversed() ?? [],
  endUsers: rows.endUsers?.toReversed() ?? [],
  memberships: rows.memberships?.toReversed() ?? [],
  modelGroups: rows.modelGroups?.toReversed() ?? []
})
const turned = <A>(record: Readonly<Record<string, A>> = {}): Record<string, A> =>
  Object.fromEntries(Object.entries(record).toReversed())

it.effect.prop(
  "neither the order of rows nor that of maps nor that of claims decides",
  drawn,
  ({ ask, world }) =>
    Effect.gen(function*() {
      const policy = world.policy ?? {}
      const other = {
        ...world,
        policy: {
          ...turned(policy as Record<string, never>),
          modelGroups: turned(policy.modelGroups),
          modelAliases: turned(policy.modelAliases),
          providers: turned(policy.providers)
        },
        rows: reversed(world.rows)
      }
      const claims = turned(ask.claims)
      assert.strictEqual((yield* CoreTest.ask(other, { ...ask, claims })).line, (yield* CoreTest.ask(world, ask)).line)
    }),
  often
)

const Spoilt = Schema.Literals(["none", "signature", "payload", "algorithm", "empty", "opaque"])

it.effect.prop(
  "nobody is allowed without a verified token, open routes apart",
  { ...drawn, spoilt: Spoilt },
  ({ ask, spoilt, world }) =>
    inWorld(world, (core) =>
      Effect.gen(function*() {
        const good = yield* core.token(ask.claims)
        const [header = "", payload = "", signature = ""] = good.split(".")
        const [, otherPayload = ""] = (yield* core.token({ ...ask.claims, extra: 1 })).split(".")
        const none = btoa(JSON.stringify({ alg: "none", typ: "JWT" })).replaceAll("=", "")
        const tokens: Record<typeof spoilt, string | null> = {
          none: null,
          signature: `${header}.${payload}.${signature.startsWith("A") ? "B" : "A"}${signature.slice(1)}`,
          payload: `${header}.${otherPayload}.${signature}`,
          algorithm: `${none}.${payload}.`,
          empty: "",
          opaque: "opaque"
        }
        const verdict = yield* core.ask({ ...ask, token: tokens[spoilt] })
        if (verdict.allowed) assert.isUndefined(verdict.decision?.claims)
        else assert.include([...Codes[400], "token_missing", "invalid_token"], verdict.code)
        assert.strictEqual(verdict.allowed, (yield* core.dryly({ ...ask, token: null })).allowed)
      })),
  often
)

it.effect.prop(
  "no token gets more than its issuer is granted (RULES D51)",
  drawn,
  ({ ask, world }) =>
    Effect.gen(function*() {
      const { decision } = yield* CoreTest.ask(world, ask)
      if (decision === undefined || decision.claims === undefined) return
      const { models = ["*"], roles = ["*"], routes = ["*"], teams = ["*"] } = world.issuer?.grants ?? {}
      const { admin, teamId } = decision.principal
      if (admin) assert.isTrue(Pattern.compileAny(roles)("proxy_admin"))
      if (teamId !== undefined) assert.isTrue(Pattern.compileAny(teams)(teamId))
      if (decision.model !== undefined) assert.isTrue(Pattern.compileAny(models)(decision.model))
      if (!routes.includes("*")) {
        assert.isTrue(Route.compile(routes, RouteGroups.of(newestLitellm))(decision.route, "POST"), decision.route)
      }
    }),
  often
)

const failing = Arbitrary.schema(
  Schema.Array(Schema.Literals(["users", "teams", "organizations", "endUsers", "memberships", "modelGroups"])).check(
    Schema.isMaxLength(3)
  )
)

it.effect.prop(
  "a directory that fails never turns a denial into an allow, nor one person or team into another (RULES D27)",
  { ...drawn, failing },
  ({ ask, failing, world }) =>
    Effect.gen(function*() {
      const well = yield* CoreTest.ask(world, ask)
      const ill = yield* CoreTest.ask({ ...world, failing }, ask)
      if (ill.line !== "503 directory_unavailable") assert.strictEqual(ill.line, well.line)
    }),
  often
)
