/**
 * What the AuthZEN working group's interop events asked (openid/authzen, `interop/`), in our words: the to-do app and its
 * records are MCP servers whose tools name what is done to what, the API gateway's routes are routes, and a directory
 * says who may. The decisions are those that the events expect.
 */
import { assert, layer } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import * as DirectoryWorld from "../../support/DirectoryWorld.ts"

const methods = ["POST", "PUT", "DELETE"]
const policy = {
  teamRoutes: ["/mcp/*", "/users/*", "/todos", "/todos/*"],
  mcp: [{ server: "todo", path: "/mcp/todo" }, { server: "records", path: "/mcp/records" }],
  passThroughRoutes: [{ path: "/todos", methods }, { path: "/todos/*", methods }]
}

/** Who owns which records; what a department's people may view, and its managers edit. */
const owners: Readonly<Record<string, ReadonlyArray<number>>> = {
  alice: [101, 107, 113, 119],
  bob: [102, 108, 114, 120],
  carol: [103, 109, 115],
  dan: [104, 110, 116],
  erin: [105, 111, 117],
  felix: [106, 112, 118]
}
const departments: Readonly<Record<string, ReadonlyArray<number>>> = {
  Legal: [101, 102, 103, 105, 108, 112, 116, 117, 119],
  Accounting: [104, 106, 109, 111, 114, 118, 120],
  Sales: [107, 110, 113],
  Finance: [115]
}
const people: Readonly<Record<string, { readonly department: string; readonly manages?: boolean }>> = {
  alice: { department: "Sales", manages: true },
  bob: { department: "Legal" },
  carol: { department: "Legal" },
  dan: { department: "Finance", manages: true },
  erin: { department: "Finance" },
  felix: { department: "Accounting" }
}
const all = Object.values(owners).flat().toSorted((a, b) => a - b)

/** What the search event expects, person by person. */
const expected: Readonly<Record<string, Readonly<Record<string, ReadonlyArray<number>>>>> = {
  alice: { view: all, edit: [101, 107, 110, 113, 119], delete: [101, 107, 113, 119] },
  bob: {
    view: [101, 102, 103, 105, 108, 112, 114, 116, 117, 119, 120],
    edit: [102, 108, 114, 120],
    delete: [102, 108, 114, 120]
  },
  carol: {
    view: [101, 102, 103, 105, 108, 109, 112, 115, 116, 117, 119],
    edit: [103, 109, 115],
    delete: [103, 109, 115]
  },
  dan: { view: all, edit: [104, 110, 115, 116], delete: [104, 110, 116] },
  erin: { view: [105, 111, 115, 117], edit: [105, 111, 117], delete: [105, 111, 117] },
  felix: {
    view: [104, 106, 109, 111, 112, 114, 118, 120],
    edit: [106, 112, 118],
    delete: [106, 112, 118]
  }
}

const tools = (action: string, records: ReadonlyArray<number>) => records.map((it) => `records/${action}:${it}`)

const recordTeams = [
  { id: "managers", tools: tools("view", all) },
  ...Object.entries(departments).flatMap(([name, records]) => [
    { id: name, tools: tools("view", records) },
    { id: `${name} managers`, tools: tools("edit", records) }
  ]),
  ...Object.entries(owners).map(([name, records]) => ({
    id: `what ${name} owns`,
    tools: ["view", "edit", "delete"].flatMap((it) => tools(it, records))
  }))
]
const recordMembers = Object.entries(people).flatMap(([user, { department, manages }]) =>
  [department, `what ${user} owns`, ...(manages === true ? ["managers", `${department} managers`] : [])].map((
    team
  ) => ({
    user,
    team
  }))
)

const editors = ["morty", "summer"]
const viewers = ["beth", "jerry"]
const family = ["rick", ...editors, ...viewers]

const directory = {
  users: [...Object.keys(people), ...family].map((id) => ({ id })),
  teams: [
    ...recordTeams,
    { id: "admins", tools: ["todo/*"], passThroughRoutes: ["/todos"] },
    { id: "editors", tools: ["todo/read_*", "todo/create_todo"], passThroughRoutes: ["/todos"] },
    { id: "viewers", tools: ["todo/read_*"], deniedPassThroughRoutes: ["/todos"] },
    ...editors.map((it) => ({ id: `what ${it} owns`, tools: [`todo/update_todo:${it}`, `todo/delete_todo:${it}`] }))
  ],
  memberships: [
    ...recordMembers,
    { user: "rick", team: "admins" },
    ...editors.flatMap((user) => [{ user, team: "editors" }, { user, team: `what ${user} owns` }]),
    ...viewers.map((user) => ({ user, team: "viewers" }))
  ]
}

const setting = Effect.gen(function*() {
  const { client } = yield* DirectoryWorld.make({ policy })
  const applied = yield* client.post("/admin/v1/directory", directory)
  assert.include([200, 204], applied.status, JSON.stringify(applied.body))
  return (path: string, body: object) => Effect.map(client.post(`/access/v1/${path}`, body), (it) => it.body)
})

class Setting extends Context.Service<Setting, Effect.Success<typeof setting>>()("test/Interop") {
  static readonly layer = Layer.effect(Setting, setting)
}

const call = { name: "call" }
const user = (id: string) => ({ type: "user", id })
const todo = (id: string) => ({ type: "tool", id, properties: { server: "todo" } })
const decisions = (body: { readonly evaluations: ReadonlyArray<{ readonly decision: boolean }> }) =>
  body.evaluations.map((it) => it.decision)

layer(Setting.layer, { excludeTestServices: true, timeout: "60 seconds" })((it) => {
  it.effect("the to-do app: everybody reads, editors make and change their own, an admin changes any", () =>
    Effect.gen(function*() {
      const ask = yield* Setting
      for (const id of family) {
        const isAdmin = id === "rick"
        const isEditor = editors.includes(id)
        const body = yield* ask("evaluations", {
          subject: user(id),
          action: call,
          evaluations: [
            "read_user",
            "read_todos",
            "create_todo",
            `update_todo:${id}`,
            `delete_todo:${id}`,
            isAdmin ? "update_todo:morty" : "update_todo:rick",
            isAdmin ? "delete_todo:morty" : "delete_todo:rick"
          ].map((it) => ({ resource: todo(it) }))
        })
        const own = isAdmin || isEditor
        assert.deepStrictEqual(decisions(body), [true, true, own, own, own, isAdmin, isAdmin], id)
      }
    }))

  it.effect("the API gateways: everybody may GET, viewers nothing else", () =>
    Effect.gen(function*() {
      const ask = yield* Setting
      for (const id of family) {
        const isViewer = viewers.includes(id)
        const body = yield* ask("evaluations", {
          subject: user(id),
          evaluations: ([["GET", "/users/7"], ["GET", "/todos"], ["POST", "/todos"], ["PUT", "/todos/7"], [
            "DELETE",
            "/todos/7"
          ]] as const)
            .map(([name, route]) => ({ action: { name }, resource: { type: "route", id: route } }))
        })
        assert.deepStrictEqual(decisions(body), [true, true, !isViewer, !isViewer, !isViewer], id)
      }
    }))

  it.effect("the search of resources, and an identity provider that asks what to put into a token", () =>
    Effect.gen(function*() {
      const ask = yield* Setting
      for (const [id, actions] of Object.entries(expected)) {
        const { page, results } = yield* ask("search/resource", {
          subject: user(id),
          action: call,
          resource: { type: "tool", properties: { server: "records" } },
          page: { limit: 1000 }
        })
        assert.strictEqual(page.next_token, "")
        const found: ReadonlyArray<string> = results.map((it: { readonly id: string }) => it.id)
        const wanted = Object.entries(actions).flatMap(([action, records]) => tools(action, records))
        assert.deepStrictEqual(found.toSorted(), wanted.toSorted(), id)
        // What may be done to one record.
        const one = owners[id]?.[0]
        assert.sameMembers(
          found.filter((it) => it.endsWith(`:${one}`)),
          ["view", "edit", "delete"].map((it) => `records/${it}:${one}`)
        )
      }
    }))

  it.effect("the search of subjects, record by record", () =>
    Effect.gen(function*() {
      const ask = yield* Setting
      for (const record of [101, 104, 110, 115, 120]) {
        for (const action of ["view", "edit", "delete"]) {
          const { results } = yield* ask("search/subject", {
            subject: { type: "user" },
            action: call,
            resource: { type: "tool", id: `records/${action}:${record}` }
          })
          assert.deepStrictEqual(
            results.map((it: { readonly id: string }) => it.id),
            Object.keys(people).filter((id) => expected[id]?.[action]?.includes(record)),
            `${action} ${record}`
          )
        }
      }
    }))
})
