import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Schedule } from "effect"
import { rename, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import * as DirectoryWorld from "../support/DirectoryWorld.ts"

const api = "/admin/v1"

/** A server that follows a file, and how to change that. */
const following = Effect.fnUntraced(function*(text: string, directory: object = {}, issuer: object = {}) {
  const file = join(yield* DirectoryWorld.folder, "directory.yaml")
  /** In place. */
  const write = (next: string) => Effect.promise(() => writeFile(file, next))
  /** As an editor or a deployment does it. */
  const replace = (next: string) =>
    Effect.promise(() => writeFile(`${file}.new`, next).then(() => rename(`${file}.new`, file)))
  yield* write(text)
  const world = yield* DirectoryWorld.make({ directory: { file, ...directory }, issuer })
  /** Waits until this is so, at most two seconds. */
  const within2s = (path: string, is: (body: ReturnType<typeof JSON.parse>) => boolean) =>
    Effect.gen(function*() {
      const { body } = yield* world.client.get(`${api}/${path}`)
      return is(body) ? undefined : yield* Effect.fail(body)
    }).pipe(Effect.retry({ schedule: Schedule.spaced("50 millis"), times: 40 }))
  const ids = (path: string) =>
    Effect.map(world.client.get(`${api}/${path}`), (it) => it.body.items.map((row: { readonly id: string }) => row.id))
  return { ...world, file, write, replace, within2s, ids }
})

describe("directory.file", { concurrent: true }, () => {
  it.live("is in force when the server answers, and two seconds after it was replaced by rename or written in place", () =>
    Effect.gen(function*() {
      const { chat, replace, within2s, write } = yield* following(
        "users: [{ id: u-1 }]\nteams: [{ id: red, models: [gpt-4o] }]\nmemberships: [{ user: u-1, team: red }]\n"
      )
      assert.strictEqual(yield* chat("u-1"), "allowed")
      yield* replace("users: [{ id: u-1, blocked: true }]\n")
      yield* within2s("users/u-1", (it) => it.blocked)
      assert.strictEqual(yield* chat("u-1"), "403 user_blocked")
      yield* write("{\"users\": [{\"id\": \"u-1\"}]}")
      yield* within2s("users/u-1", (it) => !it.blocked)
      assert.strictEqual(yield* chat("u-1"), "allowed")
    }))

  it.live("removes the rows that it made and no longer holds; rows made elsewhere stay", () =>
    Effect.gen(function*() {
      const { client, ids, replace, within2s } = yield* following("teams: [{ id: red }, { id: blue }]\n")
      yield* client.post(`${api}/teams`, { id: "green" })
      yield* replace("teams: [{ id: red }]\n")
      yield* within2s("teams", (it) => it.items.length === 2)
      assert.deepStrictEqual(yield* ids("teams"), ["green", "red"])
    }))

  const broken: ReadonlyArray<readonly [string, string]> = [
    ["no YAML", "teams: [{ id: red }\n"],
    ["an unknown key", "teans: []\n"],
    ["a row twice", "teams: [{ id: red }, { id: red }]\n"],
    ["a row that is not there", "teams: [{ id: red, organization: acme }]\n"],
    ["nothing", ""]
  ]
  for (const [title, text] of broken) {
    it.live(`a file with ${title} changes nothing; the next good one counts`, () =>
      Effect.gen(function*() {
        const { ids, replace, within2s } = yield* following("teams: [{ id: red }, { id: blue }]\n")
        yield* replace(text)
        yield* Effect.sleep("1300 millis")
        assert.deepStrictEqual(yield* ids("teams"), ["blue", "red"])
        yield* replace("teams: [{ id: green }]\n")
        yield* within2s("teams", (it) => it.items.length === 1)
        assert.deepStrictEqual(yield* ids("teams"), ["green"])
      }))
  }

  it.live("a file that is gone changes nothing; so does one that is half written", () =>
    Effect.gen(function*() {
      const { file, ids, within2s, write } = yield* following("teams: [{ id: red }, { id: blue }]\n")
      yield* Effect.promise(() => rm(file))
      yield* Effect.sleep("1 second")
      assert.deepStrictEqual(yield* ids("teams"), ["blue", "red"])
      // A writer that takes its time: at every look the file is another one.
      const text = "teams: [{ id: red }]\n# one more line\n# one more line\n# one more line\nusers: [{ id: u-1 }]\n"
      for (let length = 20; length < text.length; length += 12) {
        yield* write(text.slice(0, length))
        yield* Effect.sleep("150 millis")
        assert.deepStrictEqual(yield* ids("teams"), ["blue", "red"])
      }
      yield* write(text)
      yield* within2s("users", (it) => it.items.length === 1)
      assert.deepStrictEqual(yield* ids("teams"), ["red"])
    }))

  it.live("a role that a token granted stays, unless the file sets role", () =>
    Effect.gen(function*() {
      const { chat, client, replace, within2s } = yield* following(
        "users: [{ id: u-1 }]\n",
        { userRoles: [{ claim: "llm-admin", role: "proxy_admin" }] },
        { claims: { user: "sub", teams: "groups", roles: "roles" } }
      )
      assert.strictEqual(yield* chat("u-1", { roles: ["llm-admin"] }), "allowed")
      yield* within2s("users/u-1", (it) => it.role === "proxy_admin")
      yield* replace("users: [{ id: u-1, email: a@acme.test }]\n")
      yield* within2s("users/u-1", (it) => it.email === "a@acme.test")
      assert.strictEqual((yield* client.get(`${api}/users/u-1`)).body.role, "proxy_admin")
      yield* replace("users: [{ id: u-1, role: internal_user }]\n")
      yield* within2s("users/u-1", (it) => it.role === "internal_user")
    }))

  it.live("a file with a finding is a reason not to start, told with its place", () =>
    Effect.gen(function*() {
      const exit = yield* Effect.exit(following("teams:\n  - { id: red }\n  - { id: red }\n"))
      assert.isTrue(Exit.isFailure(exit))
      if (Exit.isSuccess(exit)) return
      const text = String(exit.cause.reasons.map((it) => it._tag === "Fail" ? it.error.message : ""))
      assert.match(text, /directory\.yaml:3:11: teams\[1\]\.id: is there twice \(first at 2:11, teams\[0\]\.id\)/)
    }))
})
