import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type * as AdminClient from "../../support/AdminClient.ts"
import * as DirectoryWorld from "../../support/DirectoryWorld.ts"

const api = "/admin/v1"

const rows = {
  organizations: [{ id: "acme", alias: "Acme" }],
  modelGroups: [{ id: "cheap", models: ["gpt-4o-mini"] }],
  teams: [
    { id: "red", alias: "Red", organization: "acme", models: ["gpt-4o*"] },
    { id: "blue", models: ["no-default-models"], modelGroups: ["cheap"] },
    { id: "shut", blocked: true }
  ],
  users: [
    { id: "alone", email: "alone@acme.test", models: ["o1"] },
    { id: "both", models: ["o1"] },
    { id: "narrow" },
    { id: "off", blocked: true },
    { id: "root", role: "proxy_admin" }
  ],
  memberships: [
    { user: "both", team: "red" },
    { user: "both", team: "blue" },
    { user: "narrow", team: "red", models: ["gpt-4o-mini"] },
    { user: "off", team: "red" }
  ]
}

/** Everything that is no row: the same on every store. */
export const suite = (make: DirectoryWorld.Make): void => {
  describe("issuers", () => {
    it.live("are told one by one; keys are fetched or dropped at once, with an audit row", () =>
      Effect.gen(function*() {
        const { chat, client } = yield* make()
        yield* client.post(`${api}/users`, { id: "u-1" })
        assert.strictEqual(yield* chat("u-1"), "allowed")
        const { body } = yield* client.get(`${api}/issuers`)
        assert.deepInclude(body.items[0], { id: "idp", ready: true, stale: false, lastError: null })
        assert.strictEqual(body.items[0].keys.length, 1)
        const dropped = yield* client.remove(`${api}/issuers/idp/keys`)
        assert.deepStrictEqual([dropped.status, dropped.body.keys], [200, []], dropped.text)
        const refreshed = yield* client.ask("POST", `${api}/issuers/idp/refresh`)
        assert.deepStrictEqual([refreshed.status, refreshed.body.keys], [200, body.items[0].keys], refreshed.text)
        assert.strictEqual(yield* chat("u-1"), "allowed")
        assert.strictEqual((yield* client.get(`${api}/issuers/nobody`)).status, 404)
        assert.strictEqual((yield* client.ask("POST", `${api}/issuers/nobody/refresh`)).status, 404)
        const kinds = (yield* client.get(`${api}/audit`)).body.items.map((it: { readonly kind: string }) => it.kind)
        assert.deepStrictEqual(kinds, ["keys", "keys", "users"])
      }))
  })

  describe("the configuration", () => {
    it.live("is told as it is in force, without passwords", () =>
      Effect.gen(function*() {
        const url = "postgres://gate:p%40ss:w@rd@db.acme.test/jotgate"
        const { client } = yield* make({ gateway: { upstream: { url: "http://127.0.0.1:9" } } })
        const { body, text } = yield* client.get(`${api}/config`)
        assert.strictEqual(body.issuers[0].id, "idp")
        assert.strictEqual(body.gateway.adminToken, "env:ADMIN")
        assert.notInclude(text, DirectoryWorld.adminToken)
        const { shown } = yield* Effect.promise(() => import("../../../src/directory/Operations.ts"))
        const settings = { ...body, directory: { ...body.directory, url } }
        assert.include(JSON.stringify(shown(settings)), "postgres://gate:***@db.acme.test/jotgate")
      }))

    it.live("is checked before it is put in force: each finding with line and column", () =>
      Effect.gen(function*() {
        const { client } = yield* make()
        const good = "issuers:\n  - { id: a, issuer: https://a.test, audience: [x] }\n"
        const fine = yield* client.post(`${api}/config/validate`, { text: good })
        assert.strictEqual(fine.body.valid, true, fine.text)
        const bad = yield* client.post(`${api}/config/validate`, `${good}policy:\n  teamHeadres: []\n`, {
          headers: { "content-type": "application/yaml" }
        })
        assert.strictEqual(bad.status, 200)
        assert.strictEqual(bad.body.valid, false)
        assert.deepInclude(bad.body.findings[0], { severity: "error", path: "policy.teamHeadres", line: 4, column: 3 })
      }))
  })

  describe("a whole directory", () => {
    it.live("export, apply, export is the same; applying twice changes nothing; a dry run changes nothing", () =>
      Effect.gen(function*() {
        const { client } = yield* make()
        const dry = yield* client.post(`${api}/directory?dryRun=true`, rows)
        assert.deepStrictEqual(dry.body.counts, { create: 14, change: 0, remove: 0 }, dry.text)
        assert.strictEqual(dry.body.applied, false)
        assert.deepStrictEqual((yield* client.get(`${api}/teams`)).body.items, [])
        const applied = yield* client.post(`${api}/directory`, rows)
        assert.deepStrictEqual([applied.body.applied, applied.body.counts.create], [true, 14])
        const exported = yield* client.get(`${api}/directory`)
        const again = yield* client.post(`${api}/directory?prune=all`, exported.body)
        assert.deepStrictEqual(again.body.counts, { create: 0, change: 0, remove: 0 }, again.text)
        assert.strictEqual((yield* client.get(`${api}/directory`)).text, exported.text)
        const other = yield* make()
        yield* other.client.post(`${api}/directory`, exported.body)
        assert.strictEqual((yield* other.client.get(`${api}/directory`)).text, exported.text)
      }))

    it.live("without pruning what the file does not hold stays, with it goes", () =>
      Effect.gen(function*() {
        const { client } = yield* make()
        yield* client.post(`${api}/directory`, { teams: [{ id: "red" }, { id: "blue" }] })
        const kept = yield* client.post(`${api}/directory`, { teams: [{ id: "red", models: ["o1"] }] })
        assert.deepStrictEqual(kept.body.counts, { create: 0, change: 1, remove: 0 })
        const pruned = yield* client.post(`${api}/directory?prune=all`, { teams: [{ id: "red", models: ["o1"] }] })
        assert.deepStrictEqual(pruned.body.steps, [{ action: "remove", kind: "teams", id: "blue" }])
      }))
  })

  describe("questions the other way round", () => {
    const ids = (body: { readonly items: ReadonlyArray<{ readonly id: string }> }) => body.items.map((it) => it.id)

    it.live("who may call a model: the teams, and the users with their teams or alone", () =>
      Effect.gen(function*() {
        const { client } = yield* make()
        yield* client.post(`${api}/directory`, rows)
        const teams = (model: string) => Effect.map(client.get(`${api}/who/teams?model=${model}`), (it) => ids(it.body))
        const users = (model: string) =>
          Effect.map(client.get(`${api}/who/users?model=${model}`), (it) => it.body.items)
        assert.deepStrictEqual(yield* teams("gpt-4o"), ["red"])
        assert.deepStrictEqual(yield* teams("gpt-4o-mini"), ["blue", "red"])
        assert.deepStrictEqual(yield* users("gpt-4o-mini"), [
          { id: "both", email: null, teams: ["red", "blue"], alone: false },
          { id: "narrow", email: null, teams: ["red"], alone: true },
          { id: "root", email: null, teams: [], alone: true }
        ])
        assert.deepStrictEqual(ids({ items: yield* users("o1") }), ["alone", "both", "root"])
      }))

    it.live("people whose ids were made, or who are linked to a subject, are asked about by their rows", () =>
      Effect.gen(function*() {
        const { client } = yield* make()
        const linked = (subject: string) => [{ namespace: "okta", subject }]
        const [made, blocked, told] = ["u_01ARZ3NDEKTSV4RRFFQ69G5FAV", "u_01ARZ3NDEKTSV4RRFFQ69G5FAW", "okta|z"]
        yield* client.post(`${api}/directory`, {
          teams: [{ id: "red", models: ["gpt-4o"] }],
          users: [
            { id: made, subjects: linked("x") },
            { id: blocked, subjects: linked("y"), blocked: true },
            { id: told, subjects: linked("z") }
          ],
          memberships: [made, blocked, told].map((user) => ({ user, team: "red" }))
        })
        const who = yield* client.get(`${api}/who/users?model=gpt-4o`)
        assert.deepStrictEqual(ids(who.body), [told, made])
        for (const [id, may] of [[made, true], [blocked, false], [told, true]] as const) {
          const { body } = yield* client.get(`${api}/users/${encodeURIComponent(id)}/can?model=gpt-4o`)
          assert.strictEqual(body.allowed, may, id)
          const evaluated = yield* client.post("/access/v1/evaluation", {
            subject: { type: "user", id },
            action: { name: "call" },
            resource: { type: "model", id: "gpt-4o" }
          })
          assert.strictEqual(evaluated.body.decision, may, id)
          const supposed = yield* client.post("/decide", {
            method: "POST",
            headers: {},
            path: "/v1/chat/completions",
            body: { model: "gpt-4o" },
            as: { user: id }
          })
          assert.strictEqual(supposed.body.allowed, may, `${id}: ${JSON.stringify(supposed.body)}`)
        }
      }))

    it.live("the answer is the decision: whoever is told to may, may", () =>
      Effect.gen(function*() {
        const { chat, client } = yield* make()
        yield* client.post(`${api}/directory`, rows)
        for (const model of ["gpt-4o", "gpt-4o-mini", "o1", "claude-3"]) {
          const who: ReadonlyArray<
            { readonly id: string; readonly teams: ReadonlyArray<string>; readonly alone: boolean }
          > = (yield* client.get(`${api}/who/users?model=${model}`)).body.items
          for (const { id } of rows.users) {
            const told = who.find((it) => it.id === id)
            assert.strictEqual((yield* chat(id, {}, model)) === "allowed", told?.alone === true, `${id} ${model}`)
            for (const { team, user } of rows.memberships) {
              if (user !== id) continue
              const verdict = yield* chat(id, { groups: [team] }, model)
              assert.strictEqual(verdict === "allowed", told?.teams.includes(team) === true, `${id} ${team} ${model}`)
            }
          }
        }
      }))

    it.live(
      "with every agent at once, and with one agent, the answer is the same; a server that is none is refused",
      () =>
        Effect.gen(function*() {
          const { client } = yield* make({
            policy: {
              mcp: [{
                server: "github",
                path: "/mcp/github",
                resource: "https://gate.test/mcp/github",
                scopes: ["mcp"]
              }],
              mcpClients: { claim: "client.id", allowed: [{ alias: "Editor", value: "editor" }] }
            }
          })
          yield* client.post(`${api}/directory`, {
            ...rows,
            teams: rows.teams.map((it) => ({ ...it, tools: it.id === "red" ? ["github/*"] : ["github/get_*"] })),
            agents: [
              { id: "reader", tools: ["github/get_*"] },
              { id: "of-blue", teams: ["blue"], models: ["claude-*"] },
              { id: "all", autonomous: true, tools: ["*"] },
              { id: "shut", blocked: true }
            ]
          })
          assert.deepStrictEqual((yield* client.get(`${api}/who/teams?tool=github/put&agents=true`)).body.items, [
            { id: "red", alias: "Red", agents: ["all"] }
          ])
          const questions = ["tool=github/get_x", "tool=github/put", "model=gpt-4o-mini", "model=claude-3"]
          for (const about of questions) {
            for (const list of ["teams", "users"]) {
              const items = (query: string) =>
                Effect.map(
                  client.get(`${api}/who/${list}?${about}${query}`),
                  (it): ReadonlyArray<{ readonly id: string; readonly agents?: ReadonlyArray<string> }> => it.body.items
                )
              const together = yield* items("&agents=true")
              assert.deepStrictEqual(together.map((it) => it.id), (yield* items("")).map((it) => it.id))
              for (const agent of ["reader", "of-blue", "all", "shut"]) {
                assert.deepStrictEqual(
                  together.filter((it) => it.agents?.includes(agent)).map((it) => it.id),
                  (yield* items(`&agent=${agent}`)).map((it) => it.id),
                  `${about} ${list} ${agent}`
                )
              }
            }
          }
          const refused = yield* client.get(`${api}/who/teams?tool=gitlab/x`)
          assert.deepStrictEqual(
            [refused.status, refused.text.includes("no server \\\"gitlab\\\"")],
            [400, true],
            refused.text
          )
        })
    )

    const strangers: ReadonlyArray<readonly [string, object, ReadonlyArray<string>]> = [
      ["nothing, where what a caller without a team may is in the own row", { withoutTeam: "user" }, []],
      ["nothing, where whoever is without a team may nothing", { withoutTeam: "none" }, []],
      ["everything, where that is what callers without a team may", { withoutTeam: "all" }, ["*"]],
      ["nothing, where a team is needed", { withoutTeam: "all", requireTeam: true }, []]
    ]
    for (const [title, policy, models] of strangers) {
      it.live(`what anybody with a valid token may, without a row and a team: ${title}; and so it is decided`, () =>
        Effect.gen(function*() {
          const { chat, client } = yield* make({ policy, directory: { users: { unknown: "allow" } } })
          yield* client.post(`${api}/directory`, rows)
          const { body } = yield* client.get(`${api}/anybody/can?model=gpt-4o`)
          assert.deepStrictEqual([body.allowed, body.models], [models.length > 0, models])
          assert.deepStrictEqual(body.issuers.map((it: { readonly allowed: boolean }) => it.allowed), [body.allowed])
          assert.strictEqual((yield* chat("whoever-comes")) === "allowed", body.allowed)
        }))
    }

    it.live("what anybody may is what the row allows that would be made, and what the default team may", () =>
      Effect.gen(function*() {
        for (
          const directory of [
            { users: { create: true, template: { models: ["gpt-4o"] } } },
            { users: { unknown: "allow" }, teams: { default: "red" } }
          ] as const
        ) {
          const { chat, client } = yield* make({ policy: { withoutTeam: "user" }, directory })
          yield* client.post(`${api}/directory`, rows)
          const { body } = yield* client.get(`${api}/anybody/can`)
          assert.deepStrictEqual([body.allowed, body.models.length], [true, 1], JSON.stringify(body))
          assert.strictEqual((yield* client.get(`${api}/anybody/can?model=o1`)).body.allowed, false)
          assert.deepStrictEqual(
            [yield* chat("whoever-comes"), (yield* chat("whoever-comes", {}, "o1")) === "allowed"],
            ["allowed", false]
          )
        }
      }))

    it.live("what anybody may is nothing where unknown people are denied", () =>
      Effect.gen(function*() {
        const { client } = yield* make({ policy: { withoutTeam: "all" } })
        const { body } = yield* client.get(`${api}/anybody/can`)
        assert.deepStrictEqual([body.allowed, body.issuers[0].code], [false, "user_not_found"])
      }))

    it.live("of many people, page by page, each is decided on with their own limits", () =>
      Effect.gen(function*() {
        const { client } = yield* make()
        const count = 1_200
        const id = (index: number) => `ü-${index}`
        yield* client.post(`${api}/directory`, {
          teams: ["a", "b", "c"].map((id) => ({ id })),
          users: Array.from({ length: count }, (_, index) => ({ id: id(index), models: ["no-default-models"] })),
          // In "b" every third has spent what there was, in "c" only the person with the last id may call the model.
          memberships: Array.from({ length: count }, (_, index) => [
            { user: id(index), team: "a" },
            { user: id(index), team: "b", ...(index % 3 === 0 ? { maxBudget: 1, spend: 2 } : {}) },
            { user: id(index), team: "c", models: index === 99 ? [] : ["o1"] }
          ]).flat()
        })
        const found = new Map<string, ReadonlyArray<string>>()
        let query: string | undefined = "?model=gpt-4o&limit=333"
        while (query !== undefined) {
          const { body, headers }: AdminClient.Answer = yield* client.get(`${api}/who/users${query}`)
          for (const it of body.items) found.set(it.id, it.teams)
          query = /^<(.*)>; rel="next"$/.exec(headers.get("link") ?? "")?.[1]
        }
        assert.strictEqual(found.size, count)
        const whole = (yield* client.get(`${api}/who/users?model=gpt-4o&limit=10000`)).body
        assert.deepStrictEqual(whole.items.map((it: { readonly id: string }) => it.id), [...found.keys()])
        assert.isNull(whole.next)
        const more = (yield* client.get(`${api}/who/users?model=gpt-4o&limit=1100`)).body
        assert.strictEqual(more.items.length, 1_100)
        const rest = (yield* client.get(`${api}/who/users?model=gpt-4o&cursor=${more.next}`)).body
        assert.deepStrictEqual([rest.items.length, rest.next], [100, null])
        assert.strictEqual((yield* client.get(`${api}/who/users?model=gpt-4o&limit=10001`)).status, 400)
        for (let index = 0; index < count; index++) {
          const teams = ["a", ...(index % 3 === 0 ? [] : ["b"]), ...(index === 99 ? ["c"] : [])]
          assert.deepStrictEqual(found.get(id(index)), teams, id(index))
        }
        const { body } = yield* client.get(`${api}/users/${encodeURIComponent(id(3))}/can?model=gpt-4o`)
        assert.deepStrictEqual(
          body.ways.map((it: { readonly team: string | null; readonly code: string | null }) => [it.team, it.code]),
          [[null, "user_model_denied"], ["a", null], ["b", "budget_exceeded"], ["c", "member_model_denied"]]
        )
      }))

    it.live("what a team or a user may, way by way, and why not", () =>
      Effect.gen(function*() {
        const { client } = yield* make()
        yield* client.post(`${api}/directory`, rows)
        const can = (path: string) => Effect.map(client.get(`${api}/${path}`), (it) => it.body)
        assert.deepStrictEqual(yield* can("teams/red/can"), {
          allowed: true,
          models: ["gpt-4o*"],
          ways: [{ team: "red", allowed: true, code: null, models: ["gpt-4o*"] }]
        })
        assert.deepStrictEqual((yield* can("teams/shut/can")).ways, [
          { team: "shut", allowed: false, code: "team_blocked", models: [] }
        ])
        assert.deepStrictEqual((yield* can("users/narrow/can")).models, ["gpt-4o-mini"])
        assert.deepStrictEqual((yield* can("users/root/can")).models, ["*"])
        const off = yield* can("users/off/can?model=gpt-4o")
        assert.deepStrictEqual([off.allowed, off.ways[0].code], [false, "user_blocked"])
        assert.strictEqual((yield* client.get(`${api}/users/nobody/can`)).status, 404)
        const route = yield* client.get(`${api}/users/alone/can?route=/key/generate`)
        assert.strictEqual(route.body.ways[0].code, "user_route_denied")
        assert.strictEqual((yield* client.get(`${api}/users/alone/can?route=/a/../b`)).status, 400)
      }))
  })
}
