import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as DirectoryWorld from "../../support/DirectoryWorld.ts"

const api = "/admin/v1"

type Case = readonly [title: string, method: string, path: string, body: unknown, status: number, place: string]

/** What is refused, with the place that the answer names first. */
const cases: ReadonlyArray<Case> = [
  ["an unknown field", "POST", "/users", { id: "u-2", rol: "internal_user" }, 400, "payload.rol"],
  ["an unknown field of a change", "PATCH", "/users/u-1", { block: true }, 400, "payload.block"],
  [
    "an unknown field inside",
    "POST",
    "/users",
    { id: "u-2", subjects: [{ namespace: "", subject: "s", x: 1 }] },
    400,
    "payload.subjects.0.x"
  ],
  ["no id", "POST", "/users", { email: "a@acme.test" }, 400, "payload.id"],
  ["an empty id", "POST", "/teams", { id: "" }, 400, "payload.id"],
  ["an id with a control character", "POST", "/teams", { id: "a\nb" }, 400, "payload.id"],
  ["an id with a C1 control character", "POST", "/teams", { id: "a\u0085b" }, 400, "payload.id"],
  ["an id with NUL", "POST", "/end-users", { id: "a\0" }, 400, "payload.id"],
  ["an id of 257 characters", "POST", "/teams", { id: "x".repeat(257) }, 400, "payload.id"],
  ["an id with half of a character", "POST", "/teams", { id: "\ud800" }, 400, "payload.id"],
  ["a bad id in the path", "GET", "/teams/a%0Ab", undefined, 400, "params.id"],
  ["an id that is a number", "POST", "/teams", { id: 7 }, 400, "payload.id"],
  ["a negative budget", "PATCH", "/teams/red", { maxBudget: -1 }, 400, "payload.maxBudget"],
  ["a budget without end", "PATCH", "/teams/red", "{\"maxBudget\":1e999}", 400, "payload.maxBudget"],
  ["a spend that is text", "PATCH", "/teams/red", { spend: "1" }, 400, "payload.spend"],
  ["blocked as text", "PATCH", "/users/u-1", { blocked: "true" }, 400, "payload.blocked"],
  ["an unknown role", "PATCH", "/users/u-1", { role: "king" }, 400, "payload.role"],
  ["a tool without its server", "PATCH", "/teams/red", { tools: ["github/a", "delete_repo"] }, 400, "payload.tools.1"],
  ["a tool of no server", "PATCH", "/users/u-1", { tools: ["!/delete_*"] }, 400, "payload.tools.0"],
  ["a prompt that is taken away twice", "POST", "/agents", { id: "a", prompts: ["!!x/y"] }, 400, "payload.prompts.0"],
  ["a resource of a spaced server", "PATCH", "/teams/red", { resources: ["! x/y"] }, 400, "payload.resources.0"],
  [
    "a file with a tool that is none",
    "POST",
    "/directory",
    { agents: [{ id: "a", tools: ["x/"] }] },
    400,
    "payload.agents.0.tools.0"
  ],
  ["an address with two @", "PATCH", "/users/u-1", { email: "a@b@c" }, 400, "payload.email"],
  ["a body that is no JSON", "POST", "/teams", "{", 400, "payload"],
  ["a body that is a list", "POST", "/teams", [], 400, "payload"],
  ["the id of another row", "PUT", "/teams/red", { id: "blue" }, 400, "payload.id"],
  ["memberships through the user", "PATCH", "/users/u-1", { teams: ["red"] }, 400, "payload.teams"],
  [
    "a team of an organization that is not there",
    "POST",
    "/teams",
    { id: "b", organization: "no" },
    422,
    "payload.organization"
  ],
  [
    "a team with a group that is not there",
    "POST",
    "/teams",
    { id: "b", modelGroups: ["no"] },
    422,
    "payload.modelGroups.0"
  ],
  ["a member who is not there", "POST", "/memberships", { user: "no", team: "red" }, 422, "payload.user"],
  ["a member of a team that is not there", "POST", "/memberships", { user: "u-1", team: "no" }, 422, "payload.team"],
  ["a row that is there", "POST", "/teams", { id: "red" }, 409, ""],
  [
    "the subject of somebody else",
    "POST",
    "/users",
    { id: "u-2", subjects: [{ namespace: "", subject: "s-1" }] },
    409,
    ""
  ],
  ["an organization that a team names", "DELETE", "/organizations/acme", undefined, 409, "organizations.acme"],
  ["a change of nobody", "PATCH", "/users/nobody", { blocked: true }, 404, ""],
  ["a page of no size", "GET", "/users?limit=0", undefined, 400, "query.limit"],
  ["a page of too many", "GET", "/users?limit=1001", undefined, 400, "query.limit"],
  ["a page of half a row", "GET", "/users?limit=1.5", undefined, 400, "query.limit"],
  ["an unknown filter", "GET", "/users?emial=a", undefined, 400, "query.emial"],
  ["a cursor that is none", "GET", "/users?cursor=abc", undefined, 400, "query.cursor"],
  ["blocked as a word", "GET", "/users?blocked=yes", undefined, 400, "query.blocked"],
  ["a denial of nothing", "POST", "/deny", { issuer: "idp" }, 400, "payload"],
  ["a denial of nobody's tokens", "POST", "/deny", { issuer: "no", jti: "1" }, 422, "payload.issuer"],
  ["a denial that has ended", "POST", "/deny", { issuer: "idp", jti: "1", expiresAt: 1 }, 400, "payload.expiresAt"],
  ["a denial until no time", "POST", "/deny", { issuer: "idp", jti: "1", expiresAt: 1e300 }, 400, "payload.expiresAt"],
  ["a member twice", "POST", "/teams", `{"id":"b","blocked":true,"blocked":false}`, 400, "payload.blocked"],
  [
    "a member twice, spelled otherwise",
    "PATCH",
    "/teams/red",
    `{"blocked":true,"bl\\u006fcked":false}`,
    400,
    "payload.blocked"
  ],
  [
    "a member twice deep inside",
    "POST",
    "/directory",
    `{"teams":[{"id":"x"},{"id":"y","modelAliases":{"a":"b","a":"c"}}]}`,
    400,
    "payload.teams.1.modelAliases.a"
  ],
  ["a file with an unknown key", "POST", "/directory", { teans: [] }, 400, "payload.teans"],
  ["a file with a row twice", "POST", "/directory", { teams: [{ id: "x" }, { id: "x" }] }, 400, "payload.teams.1.id"],
  [
    "a file that names what is not there",
    "POST",
    "/directory",
    { teams: [{ id: "x", organization: "no" }] },
    422,
    "payload.teams.0.organization"
  ]
]

/** What is refused: the same on every store. */
export const suite = (make: DirectoryWorld.Make): void => {
  describe("bad input", () => {
    it.live("is refused with its place, and changes nothing", () =>
      Effect.gen(function*() {
        const { client } = yield* make()
        yield* client.post(`${api}/directory`, {
          organizations: [{ id: "acme" }],
          teams: [{ id: "red", organization: "acme" }],
          users: [{ id: "u-1", subjects: [{ namespace: "", subject: "s-1" }] }]
        })
        const before = (yield* client.get(`${api}/directory`)).text
        const audits = (yield* client.get(`${api}/audit`)).text
        for (const [title, method, path, body, status, place] of cases) {
          const answer = yield* client.ask(method, `${api}${path}`, body)
          assert.strictEqual(answer.status, status, `${title}: ${answer.text}`)
          assert.strictEqual(answer.headers.get("content-type"), "application/problem+json", title)
          const { code, detail, error, errors, type } = answer.body
          assert.strictEqual(errors[0]?.path.join(".") ?? "", place, `${title}: ${answer.text}`)
          assert.isTrue([code, detail, type, error.message, error.code].every((it) => typeof it === "string"), title)
        }
        assert.strictEqual((yield* client.get(`${api}/directory`)).text, before)
        assert.strictEqual((yield* client.get(`${api}/audit`)).text, audits)
        assert.deepStrictEqual((yield* client.get(`${api}/deny`)).body.items, [])
      }))

    it.live("a finding says what was probably meant, and both places of a duplicate", () =>
      Effect.gen(function*() {
        const { client } = yield* make()
        const meant = yield* client.post(`${api}/users`, { id: "u-1", blokced: true })
        assert.include(meant.body.errors[0].message, "blocked")
        const twice = yield* client.post(`${api}/directory`, { users: [{ id: "a" }, { id: "b" }, { id: "a" }] })
        assert.strictEqual(twice.body.errors[0].path.join("."), "payload.users.2.id")
        assert.include(twice.body.errors[0].message, "users.0.id")
      }))

    it.live("a body of another type is refused with a problem too; one of no type is JSON", () =>
      Effect.gen(function*() {
        const { client } = yield* make()
        for (const type of ["text/plain", "application/x-www-form-urlencoded", "application/jsonp"]) {
          for (const path of [`${api}/teams`, `${api}/directory`, "/compat/litellm/team/new", "/decide"]) {
            const answer = yield* client.post(path, "{\"id\":\"x\"}", { headers: { "content-type": type } })
            assert.strictEqual(answer.status, 415, `${path} ${answer.text}`)
            assert.strictEqual(answer.headers.get("content-type"), "application/problem+json")
            assert.deepStrictEqual([answer.body.status, answer.body.code], [415, "media_unsupported"])
            assert.include(answer.body.detail, "application/json")
          }
        }
        const mixed = { headers: { "content-type": "Application/JSON; charset=utf-8" } }
        assert.strictEqual((yield* client.post(`${api}/teams`, { id: "x" }, mixed)).status, 201)
        const twice = yield* client.post("/decide", `{"method":"GET","method":"POST","path":"/","headers":{}}`)
        assert.deepStrictEqual([twice.status, twice.body.errors[0].path], [400, ["payload", "method"]])
      }))

    it.live("a directory that is only read refuses every change with 403, and denies tokens all the same", () =>
      Effect.gen(function*() {
        const { client: first, folder } = yield* DirectoryWorld.make()
        yield* first.post(`${api}/teams`, { id: "red" })
        const { client } = yield* DirectoryWorld.make({
          directory: { url: `sqlite:${folder}/jotgate.db`, write: false }
        })
        const changes = [
          yield* client.post(`${api}/teams`, { id: "blue" }),
          yield* client.patch(`${api}/teams/red`, { blocked: true }),
          yield* client.remove(`${api}/teams/red`),
          yield* client.post(`${api}/teams`, { id: "blue" }, { headers: { "idempotency-key": "k" } }),
          yield* client.post(`${api}/directory`, { teams: [{ id: "blue" }] })
        ]
        for (const { body, status, text } of changes) {
          assert.deepStrictEqual([status, body.code], [403, "directory_read_only"], text)
        }
        assert.deepStrictEqual((yield* client.get(`${api}/teams`)).body.items.map((it: { id: string }) => it.id), [
          "red"
        ])
        assert.strictEqual((yield* client.post(`${api}/deny`, { issuer: "idp", jti: "t-1" })).status, 201)
        assert.strictEqual((yield* client.get(`${api}/deny`)).body.items.length, 1)
      }))
  })
}
