/** AuthZEN's Authorization API 1.0 on the admin listener, asked as its clients ask. */
import { assert, describe, layer } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import * as ServerWorld from "../../support/ServerWorld.ts"

type World = Effect.Success<ReturnType<typeof ServerWorld.make>>

class Setting extends Context.Service<Setting, {
  readonly world: World
  readonly ask: (path: string, body: unknown, headers?: Readonly<Record<string, string>>) => Effect.Effect<Answer>
}>()("test/AuthZen") {
  static readonly layer = Layer.effect(
    Setting,
    Effect.map(ServerWorld.make({ policy: { withoutTeam: "user" } }), (world) => ({
      world,
      ask: (path, body, headers = {}) =>
        Effect.promise(async () => {
          const response = await fetch(`${world.admin}/access/v1/${path}`, {
            method: "POST",
            headers: { "content-type": "application/json", ...headers },
            body: typeof body === "string" ? body : JSON.stringify(body)
          })
          return { status: response.status, headers: response.headers, body: await response.json() }
        })
    }))
  )
}

/** The parsed body is whatever the test looks for in it. */
interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: ReturnType<typeof JSON.parse>
}

const user = (id: string, properties?: object) => ({
  type: "user",
  id,
  ...(properties === undefined ? {} : { properties })
})
const call = { name: "call" }
const model = (id: string) => ({ type: "model", id })
const alice = { subject: user("alice"), action: call, resource: model("gpt-4o") }

const decisions = (body: { readonly evaluations: ReadonlyArray<{ readonly decision: boolean }> }) =>
  body.evaluations.map((it) => it.decision)

const ids = (body: { readonly results: ReadonlyArray<{ readonly id: string }> }) => body.results.map((it) => it.id)

describe("AuthZEN", () => {
  layer(Setting.layer, { excludeTestServices: true, timeout: "30 seconds" })((it) => {
    it.effect("an evaluation says yes or no, with the decision's id, and has one record", () =>
      Effect.gen(function*() {
        const { ask, world } = yield* Setting
        const yes = yield* ask("evaluation", alice)
        assert.strictEqual(yes.status, 200)
        assert.deepInclude(yes.body, { decision: true })
        assert.deepInclude(yes.body.context, { code: null, status: 200, team: "red" })
        const no = yield* ask("evaluation", { ...alice, resource: model("o1") })
        assert.deepInclude(no.body.context, { code: "team_model_denied", status: 403 })
        const found = yield* Effect.promise(() =>
          fetch(`${world.admin}/admin/v1/decisions/${no.body.context.id}`).then((it) => it.status)
        )
        assert.include([200, 401], found)
      }))

    it.effect("subjects are rows, what a token would say, teams, and tokens", () =>
      Effect.gen(function*() {
        const { ask, world } = yield* Setting
        const decided = (subject: object, resource: object, context: object = {}) =>
          Effect.map(ask("evaluation", { subject, action: call, resource, context }), ({ body }) => body.decision)
        assert.isTrue(yield* decided(user("bob"), model("claude-x")))
        assert.isFalse(yield* decided(user("bob"), model("gpt-4o")))
        assert.isFalse(yield* decided(user("nobody"), model("gpt-4o")))
        assert.isTrue(yield* decided(user("carol"), model("gpt-4o-mini")))
        assert.isFalse(yield* decided(user("carol"), model("gpt-4o")))
        assert.isTrue(
          yield* decided(user("alice", { issuer: "idp", subject: "alice", teams: ["blue"] }), model("claude-x"))
        )
        assert.isFalse(
          yield* decided(user("alice", { issuer: "idp", subject: "alice", teams: ["blue"] }), model("gpt-4o"))
        )
        assert.isTrue(yield* decided({ type: "team", id: "red" }, model("gpt-4o")))
        assert.isFalse(yield* decided({ type: "team", id: "red" }, model("claude-x")))
        const token = yield* world.token("alice", { groups: ["red"] })
        assert.isTrue(yield* decided({ type: "token", id: token }, model("gpt-4o")))
        assert.isFalse(yield* decided({ type: "token", id: token }, model("claude-x")))
        assert.isFalse(yield* decided({ type: "token", id: "forged" }, model("gpt-4o")))
        assert.isTrue(yield* decided(user("alice"), model("claude-x"), { team: "blue" }))
        assert.isFalse(yield* decided(user("alice"), model("gpt-4o"), { team: "blue" }))
      }))

    it.effect("routes are judged with the action as method", () =>
      Effect.gen(function*() {
        const { ask } = yield* Setting
        const decided = (name: string, id: string) =>
          Effect.map(
            ask("evaluation", { subject: user("alice"), action: { name }, resource: { type: "route", id } }),
            ({ body }) => body.decision
          )
        assert.isTrue(yield* decided("GET", "/v1/files"))
        assert.isFalse(yield* decided("POST", "/key/generate"))
        assert.isTrue(yield* decided("GET", "/v1/models/gpt-4o"))
        assert.isFalse(yield* decided("GET", "/v1/models/o1"))
        assert.isFalse(yield* decided("POST", "/openai/deployments/o1/chat/completions"))
        assert.isFalse(yield* decided("POST", "/v1/chat/completions?model=o1"))
        const ambiguous = yield* ask("evaluation", {
          subject: user("alice"),
          action: { name: "GET" },
          resource: { type: "route", id: "/v1/../key" }
        })
        assert.strictEqual(ambiguous.status, 400)
      }))

    it.effect("what is not understood is no allow, and no error", () =>
      Effect.gen(function*() {
        const { ask } = yield* Setting
        const questions = [
          { ...alice, subject: { type: "spaceship", id: "x" } },
          { ...alice, resource: { type: "record", id: "record-1" } },
          { ...alice, action: { name: "read" } },
          // A request with such a name is let through by no door.
          { ...alice, resource: model("gpt-4o,o1") },
          { ...alice, resource: model("gpt-4o\u0000") },
          { ...alice, resource: model("") }
        ]
        for (const question of questions) {
          const { body, status } = yield* ask("evaluation", question)
          assert.strictEqual(status, 200)
          assert.isFalse(body.decision)
          assert.strictEqual(body.context.code, "not_understood")
        }
      }))

    it.effect("unknown members are ignored, in the message and in its parts", () =>
      Effect.gen(function*() {
        const { ask } = yield* Setting
        const { body, status } = yield* ask("evaluation", {
          ...alice,
          subject: { ...alice.subject, properties: { department: "Sales" }, more: 1 },
          context: { time: "2026-01-01T00:00:00Z", ip: "192.0.2.1" },
          foo: { nested: [true] }
        })
        assert.deepStrictEqual([status, body.decision], [200, true])
      }))

    const malformed: Readonly<Record<string, unknown>> = {
      "no subject": { action: call, resource: model("m") },
      "no action": { subject: user("a"), resource: model("m") },
      "no resource": { subject: user("a"), action: call },
      "a subject without a type": { ...alice, subject: { id: "a" } },
      "a subject without an id": { ...alice, subject: { type: "user" } },
      "an action without a name": { ...alice, action: {} },
      "a resource without an id": { ...alice, resource: { type: "model" } },
      "a subject that is a text": { ...alice, subject: "alice" },
      "an action whose name is a number": { ...alice, action: { name: 123 } },
      "properties that are a list": { ...alice, subject: { ...alice.subject, properties: [] } },
      "no JSON": "{",
      "nothing": "",
      "a list": []
    }
    for (const [title, body] of Object.entries(malformed)) {
      it.effect(`400 for ${title}`, () =>
        Effect.gen(function*() {
          const { ask } = yield* Setting
          assert.strictEqual((yield* ask("evaluation", body)).status, 400)
        }))
    }

    const [someone, fact] = [user("carol"), { type: "tool", id: "x" }]
    const odd: ReadonlyArray<unknown> = [7, true, {}, { red: true }, [7], ["red", 7], [["red"]], [{ id: "red" }], null]
    const shapes: Readonly<Record<string, readonly [shapes: ReadonlyArray<unknown>, of: (it: unknown) => object]>> = {
      "subject.properties.teams": [odd, (teams) => ({ subject: { ...someone, properties: { teams } } })],
      "subject.properties.scopes": [odd, (scopes) => ({ subject: { ...someone, properties: { scopes } } })],
      "subject.properties.issuer": [
        [...odd, ["idp"]],
        (issuer) => ({ subject: { ...someone, properties: { issuer } } })
      ],
      "subject.properties.subject": [
        [...odd, ["alice"]],
        (subject) => ({ subject: { ...someone, properties: { subject } } })
      ],
      "resource.properties.server": [[...odd, ["s"]], (server) => ({ resource: { ...fact, properties: { server } } })],
      ...Object.fromEntries(["team", "agent", "path", "method"].map((name) => [
        `context.${name}`,
        [[...odd, ["red"]], (it: unknown) => ({ context: { [name]: it } })] as const
      ]))
    }
    for (const [place, [all, of]] of Object.entries(shapes)) {
      it.effect(`what is read at ${place} and has another shape is no question, wherever it is asked`, () =>
        Effect.gen(function*() {
          const { ask } = yield* Setting
          const question = { subject: someone, action: call, resource: model("gpt-4o-mini") }
          for (const shape of all) {
            const asked = { ...question, ...of(shape) }
            const single = yield* ask("evaluation", asked)
            assert.strictEqual(single.status, 400, JSON.stringify(shape))
            assert.include(JSON.stringify(single.body), place)
            const [first, second] = (yield* ask("evaluations", { evaluations: [asked, question] })).body.evaluations
            assert.deepStrictEqual([first.decision, first.context.error.status], [false, 400])
            assert.isTrue(second.decision)
            const search = "resource" in of(shape) ? "resource" : "action"
            assert.strictEqual((yield* ask(`search/${search}`, asked)).status, 400)
          }
        }))
    }

    it.effect("an issuer that is not listed vouches for nobody", () =>
      Effect.gen(function*() {
        const { ask } = yield* Setting
        for (const issuer of ["other", "", "IDP", "rows-of-the-directory", "__proto__"]) {
          const asked = { ...alice, subject: user("alice", { issuer, teams: ["red"] }) }
          const { body } = yield* ask("evaluation", asked)
          assert.deepStrictEqual([body.decision, body.context.code], [false, "not_understood"], issuer)
          assert.deepStrictEqual((yield* ask("search/action", asked)).body.results, [])
        }
      }))

    it.effect("400 for another type of body, and the caller's X-Request-ID comes back", () =>
      Effect.gen(function*() {
        const { ask } = yield* Setting
        assert.strictEqual((yield* ask("evaluation", alice, { "content-type": "text/plain" })).status, 400)
        const { headers } = yield* ask("evaluation", alice, { "x-request-id": "r-1" })
        assert.strictEqual(headers.get("x-request-id"), "r-1")
      }))

    it.effect("several evaluations: defaults, order, faults apart, and when to stop", () =>
      Effect.gen(function*() {
        const { ask } = yield* Setting
        const of = (evaluations: ReadonlyArray<object>, semantic?: string) =>
          ask("evaluations", {
            subject: user("alice"),
            action: call,
            resource: { type: "model" },
            evaluations,
            ...(semantic === undefined ? {} : { options: { evaluations_semantic: semantic } })
          })
        const [yes, no] = [{ resource: { id: "gpt-4o" } }, { resource: model("o1") }]
        assert.deepStrictEqual(decisions((yield* of([yes, no, yes])).body), [true, false, true])
        const faulty = yield* of([yes, {}, { subject: user("bob"), resource: model("claude-x") }])
        assert.strictEqual(faulty.status, 200)
        assert.deepStrictEqual(decisions(faulty.body), [true, false, true])
        assert.strictEqual(faulty.body.evaluations[1].context.error.status, 400)
        assert.deepStrictEqual(decisions((yield* of([yes, no, yes], "deny_on_first_deny")).body), [true, false])
        assert.deepStrictEqual(decisions((yield* of([no, yes, yes], "permit_on_first_permit")).body), [false, true])
        const odd = yield* ask("evaluations", { ...alice, evaluations: [{}, null, "alice", [], { subject: null }, {}] })
        assert.deepStrictEqual(decisions(odd.body), [true, false, false, false, false, true])
        assert.strictEqual(odd.body.evaluations[1].context.error.message, "evaluations[1] must be a map")
        assert.strictEqual((yield* of([yes], "sometimes")).status, 400)
        assert.strictEqual((yield* ask("evaluations", alice)).body.decision, true)
        assert.strictEqual((yield* ask("evaluations", { ...alice, evaluations: [] })).body.decision, true)
      }))

    it.effect("searches find subjects, resources and actions, page by page", () =>
      Effect.gen(function*() {
        const { ask } = yield* Setting
        const who = (page?: object) =>
          ask("search/subject", {
            subject: { type: "user" },
            action: call,
            resource: model("gpt-4o-mini"),
            ...(page === undefined ? {} : { page })
          })
        assert.deepStrictEqual(ids((yield* who()).body), ["alice", "carol", "root"])
        const found: Array<string> = []
        let token = ""
        do {
          const { body } = yield* who({ limit: 1, ...(token === "" ? {} : { token }) })
          found.push(...ids(body))
          token = body.page.next_token
        } while (token !== "")
        assert.deepStrictEqual(found, ["alice", "carol", "root"])
        const teamsOf = (page: object) =>
          ask("search/subject", { subject: { type: "team" }, action: call, resource: model("claude-x"), page })
        assert.deepStrictEqual(ids((yield* teamsOf({})).body), ["blue"])
        // A token that was not given for this search: forged, of another list, or with something behind it.
        const given = (yield* who({ limit: 1 })).body.page.next_token
        for (const forged of ["forged", "YWxpY2U", `${given}=`, `${given}A`, "x".repeat(10_000)]) {
          assert.strictEqual((yield* who({ token: forged })).status, 400, forged)
        }
        assert.strictEqual((yield* teamsOf({ token: given })).status, 400)
        const models = yield* ask("search/resource", {
          subject: user("carol"),
          action: call,
          resource: { type: "model" }
        })
        assert.deepStrictEqual(models.body.results, [{ type: "model", id: "gpt-4o-mini" }])
        const may = (id: string) => ask("search/action", { subject: user("alice"), resource: model(id) })
        assert.deepStrictEqual((yield* may("gpt-4o")).body.results, [{ name: "call" }])
        assert.deepStrictEqual((yield* may("o1")).body.results, [])
      }))

    it.effect("a search for what nobody knows finds nothing, one without a required part is 400", () =>
      Effect.gen(function*() {
        const { ask } = yield* Setting
        const nothing = [
          yield* ask("search/subject", { subject: { type: "spaceship" }, action: call, resource: model("m") }),
          yield* ask("search/resource", { subject: user("alice"), action: call, resource: { type: "record" } }),
          yield* ask("search/action", { subject: user("nobody"), resource: { type: "record", id: "record-1" } })
        ]
        for (const it of nothing) assert.deepStrictEqual([it.status, it.body.results], [200, []])
        const wrong = [
          yield* ask("search/subject", { subject: { type: "user" }, resource: model("m") }),
          yield* ask("search/subject", { subject: { type: "user" }, action: call, resource: { type: "model" } }),
          yield* ask("search/resource", { subject: { type: "user" }, action: call, resource: { type: "model" } }),
          yield* ask("search/action", { subject: user("alice") })
        ]
        for (const it of wrong) assert.strictEqual(it.status, 400)
      }))

    it.effect("the metadata document says where everything is and what it takes, to anybody", () =>
      Effect.gen(function*() {
        const { world } = yield* Setting
        const document = yield* Effect.promise(() =>
          fetch(`${world.admin}/.well-known/authzen-configuration`).then((it) => it.json())
        )
        assert.deepStrictEqual(document, {
          policy_decision_point: world.admin,
          access_evaluation_endpoint: `${world.admin}/access/v1/evaluation`,
          access_evaluations_endpoint: `${world.admin}/access/v1/evaluations`,
          search_subject_endpoint: `${world.admin}/access/v1/search/subject`,
          search_resource_endpoint: `${world.admin}/access/v1/search/resource`,
          search_action_endpoint: `${world.admin}/access/v1/search/action`,
          subject_types_supported: ["user", "team", "agent", "token"],
          resource_types_supported: ["model", "tool", "route"],
          action_names_supported: ["call", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
          context_members_supported: ["method", "path", "team", "agent"]
        })
      }))

    it.effect("nothing is written", () =>
      Effect.gen(function*() {
        const { ask, world } = yield* Setting
        yield* ask("evaluation", { ...alice, subject: user("stranger", { issuer: "idp", teams: ["red"] }) })
        const token = yield* world.token("stranger", { groups: ["red"] })
        const { body } = yield* ask("evaluation", { ...alice, subject: { type: "token", id: token } })
        assert.strictEqual(body.context.code, "user_not_found")
      }))
  })
})
