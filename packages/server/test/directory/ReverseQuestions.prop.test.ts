/**
 * Law: people whom no rule can tell apart are asked about once, and the answer is the one that each of them would get,
 * asked anew with the whole row, under drawn settings, over a drawn directory, and after it has changed.
 */
import { assert, it } from "@effect/vitest"
import type { User, UserRole } from "@jotgate/core/Directory"
import type { DirectoryFile } from "@jotgate/core/DirectoryFile"
import { Secrets } from "@jotgate/core/Secrets"
import { Settings } from "@jotgate/core/Settings"
import { fromClock } from "@jotgate/core/Ticks"
import { DirectoryAdmin } from "@jotgate/store/DirectoryAdmin"
import * as Store from "@jotgate/store/Store"
import { Clock, Context, Effect, Exit, Layer, Schema } from "effect"
import { type About, Questioner } from "../../src/directory/Questioner.ts"
import { ReverseQuestions } from "../../src/directory/ReverseQuestions.ts"
import { draws, policy } from "../support/SearchLaw.ts"

type Pick = (below: number) => number
const decode = Schema.decodeUnknownSync(Settings)

const some = <A>(pick: Pick, first: A, ...more: ReadonlyArray<A>): A => more[pick(more.length + 1)] ?? first

const teamIds = ["blue", "green", "red"]
const agentIds = ["a-1", "a-2"]

/** Some settings: whose memberships count, who is let in, which tools there are. */
const settingsOf = (pick: Pick): Settings => {
  const header = some(pick, ["x-litellm-team-id"], [])
  return decode({
    issuers: [{ id: "idp", issuer: "https://idp.test", audience: "x", claims: { agent: { actor: "act" } } }],
    policy: {
      ...policy,
      teamHeaders: header,
      emailDomains: some(pick, [], ["acme.com"]),
      withoutTeam: some(pick, "user", "all", "none"),
      requireTeam: pick(4) === 0,
      agents: { unknown: some(pick, "allow", "deny") }
    },
    directory: {
      url: "memory:",
      teams: {
        fromMemberships: some(pick, "single", "first", "none"),
        default: some(pick, null, "green"),
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

/** Few kinds of people, so that many are alike, with the names that rows can have. */
const directoryOf = (pick: Pick): DirectoryFile => {
  const kinds = Array.from({ length: 4 }, () => ({
    role: some<UserRole>(pick, "internal_user", "internal_user_viewer", "proxy_admin"),
    email: some(pick, undefined, "@acme.com", "@other.com"),
    ...lists(pick),
    ...budget(pick),
    blocked: pick(6) === 0,
    active: pick(6) !== 0,
    in: teamIds.filter(() => pick(3) === 0).map((team) => ({ team, ...lists(pick), ...budget(pick) }))
  }))
  const people = Array.from({ length: 9 }, (_, at) => {
    const kind = some(pick, ...kinds as [typeof kinds[0], ...typeof kinds])
    const name = some(pick, `u-${at}`, `u_01ARZ3NDEKTSV4RRFFQ69G5F0${at}`, `okta|${at}`, `Zoë ${at} 日`)
    return { kind, name, subject: pick(2) === 0 ? [{ namespace: some(pick, "", "okta"), subject: `${at}` }] : [] }
  })
  return {
    teams: teamIds.map((id) => ({ id, ...lists(pick), ...budget(pick), blocked: pick(6) === 0 })),
    users: people.map(({ kind: { email, in: _, ...rest }, name, subject }, at) => ({
      ...rest,
      id: name,
      subjects: subject,
      ...(email === undefined ? {} : { email: `p${at}${email}` })
    })),
    memberships: people.flatMap(({ kind, name }) => kind.in.map((it) => ({ user: name, ...it }))),
    agents: agentIds.map((id) => ({ id, ...lists(pick), blocked: pick(6) === 0 }))
  }
}

const aboutOf = (pick: Pick): About => ({
  method: "POST",
  ...some<Partial<About>>(pick, { model: "gpt-4o" }, { model: "claude-x" }, { tool: "github/delete" }, {}),
  ...(pick(3) === 0 ? { agent: some(pick, "a-1", "a-2", "a-9") } : {}),
  ...(pick(4) === 0 ? { route: some(pick, "/v1/models", "/admin/x") } : {})
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

/** What each person may, asked anew: the whole row, all of its teams, and the memberships that the directory has. */
const anew = Effect.fnUntraced(function*(settings: Settings, about: About) {
  const directory = yield* DirectoryAdmin
  const { suppose } = yield* Questioner
  const { emailDomains: [domain], teamHeaders: [header] } = settings.policy
  const users: ReadonlyArray<User> = yield* everything((range) => directory.list("users", range), 100)
  const may = Effect.fnUntraced(function*(row: User, team: string | null) {
    const clock = yield* Clock.Clock
    const now = { time: clock.currentTimeMillisUnsafe(), ticks: fromClock(clock), note: undefined }
    const email = row.email ?? (domain === undefined ? undefined : `somebody@${domain}`)
    const said = { person: row.id, ...(email === undefined ? {} : { email }) }
    const named = team === null ? {} : header === undefined ? { team } : { groups: row.teams }
    const call = { ...about, ...(team === null ? {} : { team }) }
    const person = { row: { ...row, subjects: [] } }
    const answer = yield* Effect.exit(suppose({ ...said, ...named }, call, (auth, it) => auth.decide(it, now), person))
    return Exit.isSuccess(answer)
  })
  const found = []
  for (const row of users) {
    const alone = yield* may(row, null)
    const teams: ReadonlyArray<string> = yield* Effect.filter(row.teams, (team) => may(row, team))
    if (alone || teams.length > 0) found.push({ id: row.id, email: row.email, teams, alone })
  }
  return found
})

const drawn = 20

it.live(
  `who may is what each would be told, over ${drawn} drawn directories`,
  () =>
    Effect.gen(function*() {
      let listed = 0
      for (let seed = 1; seed <= drawn; seed++) {
        const pick = draws(seed)
        const settings = settingsOf(pick)
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

it.live("of people who are alike one is asked about, on every page", () =>
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
      const memberships = users.map(({ id }, at) => ({ user: id, team: ["red", "blue"][at % 2] ?? "" }))
      const teams = [{ id: "red", models: ["gpt-4o"] }, { id: "blue", models: ["o1"] }]
      yield* directory.apply({ teams, users, memberships }, { actor: "test", prune: "all" })
      const ask = everything((range) => questions.users({ method: "POST", model: "gpt-4o" }, range), 20)
      assert.strictEqual((yield* ask).length, 150)
      // Two kinds of people, each alone and in their team; a row is at hand after the first question about it.
      assert.isAtMost(asked, 8)
      const before = asked
      yield* ask
      assert.strictEqual(asked, before)
      yield* directory.put("teams", { id: "red", models: ["o1"] }, { actor: "test" })
      assert.strictEqual((yield* ask).length, 0)
    }).pipe(Effect.provide(Layer.provideMerge(rules, store)))
  }))
