/**
 * Law: people and teams whom no rule can tell apart are asked about once, and the answer is the one that each of them
 * would get, asked anew with the whole row and by its own name, under drawn settings, over a drawn directory, and after it
 * has changed.
 */
import { assert, it } from "@effect/vitest"
import { absent, type Agent, type Team, type User, type UserRole } from "@jotgate/core/Directory"
import type { DirectoryFile } from "@jotgate/core/DirectoryFile"
import { Secrets } from "@jotgate/core/Secrets"
import { Settings } from "@jotgate/core/Settings"
import { TeamRepo } from "@jotgate/core/TeamRepo"
import { fromClock } from "@jotgate/core/Ticks"
import { DirectoryAdmin, type Person } from "@jotgate/store/DirectoryAdmin"
import * as Store from "@jotgate/store/Store"
import { Clock, Context, Effect, Exit, Layer, Schema } from "effect"
import { type About, Questioner, type Said, type Supposed } from "../../src/directory/Questioner.ts"
import { ReverseQuestions } from "../../src/directory/ReverseQuestions.ts"
import type { Rows } from "../../src/directory/RowsAtHand.ts"
import { draws, policy } from "../support/SearchLaw.ts"

type Pick = (below: number) => number
const decode = Schema.decodeUnknownSync(Settings)

const some = <A>(pick: Pick, first: A, ...more: ReadonlyArray<A>): A => more[pick(more.length + 1)] ?? first

/** Some of them are what a header carries as another name, one is what another team is called. */
const teamIds = ["blue", "green", "red", "team:4", "team/5", " padded", "Zoë", "two words"]
const agentIds = ["a-1", "a-2"]

/** Some settings: whose memberships count, who is let in, which tools there are. */
const settingsOf = (pick: Pick): Settings => {
  const header = some(pick, ["x-litellm-team-id"], ["x-litellm-team-id"], [])
  return decode({
    issuers: [{ id: "idp", issuer: "https://idp.test", audience: "x", claims: { agent: { actor: "act" } } }],
    policy: {
      ...policy,
      teamHeaders: header,
      teamHeader: some(pick, "token", "memberships"),
      ...some(pick, {}, { teamRoutes: ["/*"] }),
      passThroughRoutes: [{ path: "/through" }],
      emailDomains: some(pick, [], ["acme.com"]),
      withoutTeam: some(pick, "user", "all", "none"),
      requireTeam: pick(4) === 0,
      agents: { unknown: some(pick, "allow", "deny") }
    },
    directory: {
      url: "memory:",
      teams: {
        fromMemberships: some(pick, "single", "first", "none"),
        default: some(pick, null, "blue", "green", "team:4"),
        whenUnknown: some(pick, "deny", "next")
      },
      users: { create: pick(3) === 0 }
    },
    cache: { dir: null }
  })
}

const lists = (pick: Pick) => ({
  models: some(pick, [], [], ["gpt-4o"], ["claude-*"], ["no-default-models"], ["*"]),
  ...(pick(3) === 0 ? { tools: some(pick, [], ["github/*"], ["*", "!github/delete"]) } : {})
})
const budget = (pick: Pick) => pick(3) === 0 ? { maxBudget: 1 + pick(3), spend: pick(5) } : {}

/** Few kinds of people and of teams, so that many are alike, with the names that rows can have. */
const directoryOf = (pick: Pick): DirectoryFile => {
  const teamKinds = Array.from({ length: 2 }, () => ({
    ...lists(pick),
    ...budget(pick),
    ...(pick(2) === 0 ? { modelAliases: { "gpt-4o": "claude-x" } } : {}),
    ...(pick(3) === 0 ? { organization: some(pick, "o-1", "o-2") } : {}),
    ...(pick(2) === 0 ? { modelGroups: ["some"] } : {}),
    passThroughRoutes: some(pick, [], ["/through"]),
    blocked: pick(6) === 0
  }))
  const kinds = Array.from({ length: 4 }, () => ({
    role: some<UserRole>(pick, "internal_user", "internal_user_viewer", "proxy_admin"),
    email: some(pick, undefined, "@acme.com", "@other.com"),
    ...lists(pick),
    ...budget(pick),
    blocked: pick(6) === 0,
    active: pick(6) !== 0,
    in: Array.from({ length: some(pick, 0, 1, 2, 3) }, () => ({ ...lists(pick), ...budget(pick) }))
  }))
  const people = Array.from({ length: 12 }, (_, at) => {
    const kind = some(pick, ...kinds as [typeof kinds[0], ...typeof kinds])
    const name = some(pick, `u-${at}`, `u_01ARZ3NDEKTSV4RRFFQ69G5F0${at}`, `okta|${at}`, `Zoë ${at} 日`)
    const first = pick(teamIds.length)
    // Alike people are in different teams, some of which are alike.
    const inTeams = kind.in.map((it, nth) => ({ team: teamIds[(first + nth) % teamIds.length] ?? "", ...it }))
    const subject = pick(2) === 0 ? [{ namespace: some(pick, "", "okta"), subject: `${at}` }] : []
    return { kind, name, subject, inTeams }
  })
  return {
    organizations: ["o-1", "o-2"].map((id) => ({ id, ...budget(pick) })),
    modelGroups: [{ id: "some", models: some(pick, ["claude-*"], ["gpt-*"]) }],
    teams: teamIds.map((id, at) => ({
      ...some(pick, ...teamKinds as [typeof teamKinds[0], ...typeof teamKinds]),
      id,
      alias: some(pick, `Team ${at}`, "blue")
    })),
    users: people.map(({ kind: { email, in: _, ...rest }, name, subject }, at) => ({
      ...rest,
      id: name,
      subjects: subject,
      ...(email === undefined ? {} : { email: `p${at}${email}` })
    })),
    memberships: people.flatMap(({ inTeams, name }) => inTeams.map((it) => ({ user: name, ...it }))),
    agents: agentIds.map((id) => ({
      id,
      ...lists(pick),
      ...(pick(2) === 0 ? { teams: teamIds.filter(() => pick(2) === 0) } : {}),
      blocked: pick(6) === 0
    }))
  }
}

const aboutOf = (pick: Pick): About => ({
  method: "POST",
  ...some<Partial<About>>(pick, { model: "gpt-4o" }, { model: "claude-x" }, { tool: "github/delete" }, {}),
  ...(pick(3) === 0 ? { agent: some(pick, "a-1", "a-2", "a-9") } : {}),
  ...(pick(2) === 0 ? { route: some(pick, "/v1/models", "/admin/x", "/through", "/through") } : {})
})

const everything = Effect.fnUntraced(function*<A>(
  ask: (range: { readonly limit: number; readonly after?: string }) => Effect.Effect<
    { readonly rows: ReadonlyArray<A>; readonly next: string | undefined },
    unknown
  >,
  limit: number
) {
  const found: Array<A> = []
  let after: string | undefined
  do {
    const page = yield* ask({ limit, ...(after === undefined ? {} : { after }) })
    found.push(...page.rows)
    after = page.next
  } while (after !== undefined)
  return found
})

/** Whether the rules allow a call now. */
const isAllowed = Effect.fnUntraced(
  function*(said: Said, call: Supposed, rows?: Rows) {
    const { suppose } = yield* Questioner
    const clock = yield* Clock.Clock
    const now = { time: clock.currentTimeMillisUnsafe(), ticks: fromClock(clock), note: undefined }
    return Exit.isSuccess(yield* Effect.exit(suppose(said, call, (auth, it) => auth.decide(it, now), rows)))
  }
)

const emailOf = ({ policy: { emailDomains: [domain] } }: Settings, email: string | null = null) => {
  const address = email ?? (domain === undefined ? undefined : `somebody@${domain}`)
  return address === undefined ? {} : { email: address }
}

/** What each person may, asked anew: the whole row, all of its teams, and the memberships that the directory has. */
const anew = Effect.fnUntraced(function*(settings: Settings, about: About) {
  const directory = yield* DirectoryAdmin
  const [header] = settings.policy.teamHeaders
  const users: ReadonlyArray<User> = yield* everything((range) => directory.list("users", range), 100)
  const may = (row: User, team: string | null) => {
    const named = team === null ? {} : header === undefined ? { team } : { groups: row.teams }
    const said = { person: row.id, ...emailOf(settings, row.email), ...named }
    const call = { ...about, ...(team === null ? {} : { team }) }
    return isAllowed(said, call, { person: { row: { ...row, subjects: [] } } })
  }
  const found = []
  for (const row of users) {
    const alone = yield* may(row, null)
    const teams: ReadonlyArray<string> = yield* Effect.filter(row.teams, (team) => may(row, team))
    if (alone || teams.length > 0) found.push({ id: row.id, email: row.email, teams, alone })
  }
  return found
})

/** The teams that may, each asked about anew. */
const teamsAnew = Effect.fnUntraced(function*(settings: Settings, about: About) {
  const directory = yield* DirectoryAdmin
  const teams: ReadonlyArray<Team> = yield* everything((range) => directory.list("teams", range), 100)
  const allowed = yield* Effect.filter(
    teams,
    ({ id }) => isAllowed({ team: id, ...emailOf(settings) }, { ...about, team: id })
  )
  return allowed.map(({ alias, id }) => ({ id, alias }))
})

/** The agents that may for each of those who may, each agent asked about anew. */
const agentsAnew = Effect.fnUntraced(function*<A extends { readonly id: string }>(
  about: About,
  may: (about: About) => Effect.Effect<ReadonlyArray<A>, unknown, DirectoryAdmin | Questioner>
) {
  const directory = yield* DirectoryAdmin
  const agents: ReadonlyArray<Agent> = yield* everything((range) => directory.list("agents", range), 100)
  const mayFor = yield* Effect.forEach(
    agents.filter((it) => !it.blocked),
    ({ id }) => Effect.map(may({ ...about, agent: id }), (all) => ({ id, all: new Set(all.map((it) => it.id)) }))
  )
  return (yield* may(about)).map((one) => ({
    ...one,
    agents: mayFor.flatMap(({ all, id }) => all.has(one.id) ? [id] : [])
  }))
})

/** The repository of teams in which one of them has no row, although somebody is a member of it. */
const withoutRow = (ghost: string | undefined) =>
  Layer.effect(
    TeamRepo,
    Effect.map(TeamRepo, (behind): TeamRepo["Service"] =>
      ghost === undefined ? behind : {
        ...behind,
        byId: (id, now) => id === ghost ? absent("team") : behind.byId(id, now),
        byIds: (ids, now) => behind.byIds(ids.filter((it) => it !== ghost), now)
      })
  )

/** The directory in which nobody is a member of one of the teams, although there are limits in it. */
const withoutMembers = (left: string | undefined) => {
  const isOther = (team: string): boolean => team !== left
  const leaving = <A extends object>(row: A): A =>
    "tokenTeams" in row && "teams" in row && Array.isArray(row.teams)
      ? { ...row, teams: row.teams.filter(isOther) }
      : row
  const members = ({ places, ...person }: Person): Person => ({
    ...person,
    places: places.map((it) => ({ ...it, isMember: isOther(it.team) }))
  })
  return Layer.effect(
    DirectoryAdmin,
    Effect.map(DirectoryAdmin, (behind): DirectoryAdmin["Service"] =>
      left === undefined ? behind : {
        ...behind,
        list: (kind, query) =>
          Effect.map(behind.list(kind, query), (page) => ({ ...page, rows: page.rows.map(leaving) })),
        get: (kind, id) => Effect.map(behind.get(kind, id), leaving),
        people: (query) => Effect.map(behind.people(query), (page) => ({ ...page, rows: page.rows.map(members) }))
      })
  )
}

const drawn = 40

it.live(
  `who may is what each would be told, over ${drawn} drawn directories`,
  () =>
    Effect.gen(function*() {
      let listed = 0
      for (let seed = 1; seed <= drawn; seed++) {
        const pick = draws(seed)
        const settings = settingsOf(pick)
        const ghost = pick(2) === 0 ? teamIds[pick(teamIds.length)] : undefined
        const left = pick(4) === 0 ? teamIds[pick(teamIds.length)] : undefined
        yield* Effect.gen(function*() {
          const questions = Context.get(yield* Layer.build(ReverseQuestions.layer(settings)), ReverseQuestions)
          const directory = yield* DirectoryAdmin
          for (const round of ["the first", "the changed"]) {
            yield* directory.apply(directoryOf(pick), { actor: "test", prune: "all" })
            for (let asked = 0; asked < 2; asked++) {
              const about = aboutOf(pick)
              const told = `seed ${seed}, ${round} directory, ${JSON.stringify(about)}`
              const expected = yield* anew(settings, about)
              listed += expected.length
              // Twice: what is known from the first time counts the second time.
              for (const limit of [2, 100]) {
                assert.deepStrictEqual(
                  yield* everything((range) => questions.users(about, range), limit),
                  expected,
                  `${told}, in pages of ${limit}`
                )
              }
              const expectedTeams = yield* teamsAnew(settings, about)
              listed += expectedTeams.length
              for (const limit of [3, 100]) {
                assert.deepStrictEqual(
                  yield* everything((range) => questions.teams(about, range), limit),
                  expectedTeams,
                  `${told}, teams in pages of ${limit}`
                )
              }
              if (asked === 0 && about.agent === undefined) {
                const withAgents = { ...about, withAgents: true }
                assert.deepStrictEqual(
                  yield* everything((range) => questions.users(withAgents, range), 100),
                  yield* agentsAnew(about, (it) => anew(settings, it)),
                  `${told}, the agents of users`
                )
                assert.deepStrictEqual(
                  yield* everything((range) => questions.teams(withAgents, range), 100),
                  yield* agentsAnew(about, (it) => teamsAnew(settings, it)),
                  `${told}, the agents of teams`
                )
              }
              const users: ReadonlyArray<User> = yield* everything((range) => directory.list("users", range), 100)
              for (const { id } of users) {
                const { ways } = yield* questions.user(id, about)
                const one = expected.find((it) => it.id === id)
                assert.deepStrictEqual(
                  ways.flatMap((it) => it.allowed ? [it.team] : []),
                  one === undefined ? [] : [...(one.alone ? [null] : []), ...one.teams],
                  `${told}, what ${id} can`
                )
              }
            }
          }
        }).pipe(
          Effect.provide(
            Questioner.layer(settings).pipe(
              Layer.provideMerge(withoutRow(ghost)),
              Layer.provideMerge(withoutMembers(left)),
              Layer.provideMerge(Store.layer(settings)),
              Layer.provide(Secrets.layerTest({}))
            )
          )
        )
      }
      assert.isAbove(listed, drawn, "people were told apart")
    }),
  120_000
)

it.live("of people and teams that are alike one is asked about, on every page", () =>
  Effect.gen(function*() {
    const settings = decode({
      issuers: [{ id: "idp", issuer: "https://idp.test", audience: "x" }],
      directory: { url: "memory:" },
      cache: { dir: null }
    })
    const store = Store.layer(settings).pipe(Layer.provide(Secrets.layerTest({})))
    let asked = 0
    const counting = Layer.effect(
      Questioner,
      Effect.map(Questioner, ({ suppose }): Questioner["Service"] => ({
        suppose: (...question) => {
          asked++
          return suppose(...question)
        }
      }))
    ).pipe(Layer.provide(Questioner.layer(settings)))
    const rules = ReverseQuestions.layerOver(settings).pipe(Layer.provide(counting))
    yield* Effect.gen(function*() {
      const questions = yield* ReverseQuestions
      const directory = yield* DirectoryAdmin
      const users = Array.from({ length: 300 }, (_, at) => ({ id: `u-${at}`, email: `p${at}@acme.com` }))
      // Fifty teams of either kind.
      const memberships = users.map(({ id }, at) => ({ user: id, team: `t-${at % 100}` }))
      const teams = Array.from(
        { length: 100 },
        (_, at) => ({ id: `t-${at}`, models: [at % 2 === 0 ? "gpt-4o" : "o1"] })
      )
      yield* directory.apply({ teams, users, memberships }, { actor: "test", prune: "all" })
      const ask = everything((range) => questions.users({ method: "POST", model: "gpt-4o" }, range), 20)
      assert.strictEqual((yield* ask).length, 150)
      // Two kinds of people, each alone and in their team; a row is at hand after the first question about it.
      assert.isAtMost(asked, 8)
      const before = asked
      yield* ask
      assert.strictEqual(asked, before)
      const may = everything((range) => questions.teams({ method: "POST", model: "gpt-4o" }, range), 20)
      assert.strictEqual((yield* may).length, 50)
      assert.isAtMost(asked - before, 4)
      // One team changes: nobody else's answer does, and the same kinds are asked about.
      yield* directory.put("teams", { id: "t-0", models: ["o1"] }, { actor: "test" })
      assert.strictEqual((yield* ask).length, 147)
      assert.strictEqual((yield* may).length, 49)
    }).pipe(Effect.provide(Layer.provideMerge(rules, store)))
  }))
