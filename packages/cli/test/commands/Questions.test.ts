import { assert, describe, it } from "@effect/vitest"
import type { KeptQuestion } from "@jotgate/server/KeptQuestion"
import { Effect } from "effect"
import { readFileSync } from "node:fs"
import { question, record, remember, rows, world } from "../support/RecordedWorld.ts"
import { jotgate } from "../support/Shell.ts"

describe("explain", () => {
  it.live("asks for a person of the directory and for claims, and says which rows it used", () =>
    Effect.gen(function*() {
      const { config, write } = yield* world
      const alice = yield* jotgate("explain", "--config", config, "--user", "alice", "--model", "gpt-4o")
      assert.strictEqual(alice.code, 0, alice.err)
      assert.match(alice.out.split("\n")[0] ?? "", /^rows: .*rows\.yaml$/)
      assert.include(alice.out, "→ team red")
      const claims = write("claims.json", JSON.stringify({ sub: "alice", groups: ["blue"], extra: 1 }))
      const blue = yield* jotgate("explain", "--config", config, "--claims", claims, "--model", "gpt-4o")
      assert.strictEqual(blue.code, 1, blue.err)
      assert.include(blue.out, "team_model_denied")
      assert.match(blue.out, /\(directory, \S*rows\.yaml:\d+\)/, "the row's own line")
      const both = yield* jotgate("explain", "--config", config, "--user", "alice", "--claims", claims)
      assert.strictEqual(both.code, 2)
    }))

  it.live("lays the rows of the file over those of the store, and changes neither", () =>
    Effect.gen(function*() {
      const { config, write } = yield* world
      const create = ["team", "create", "green", "--models", "o1", "--config", config]
      assert.strictEqual((yield* jotgate(...create)).code, 0)
      write("rows.yaml", rows.replace("gpt-4o*", "o1"))
      const explain = ["explain", "--config", config, "--user", "alice", "--model"]
      const file = yield* jotgate(...explain, "o1")
      assert.strictEqual(file.code, 0, file.out)
      assert.match(file.out.split("\n")[0] ?? "", /sqlite:.* with those of .*rows\.yaml laid over them$/)
      const stored = yield* jotgate(...explain, "o1", "--team", "green")
      assert.strictEqual(stored.code, 0, "a row of the store alone")
      const listed = yield* jotgate("team", "list", "--config", config, "--json")
      assert.notInclude(listed.out, "blue", "the store is as it was")
    }))

  it.live("finds a decision of the past in the store of records; an unknown one says how long they are kept", () =>
    Effect.gen(function*() {
      const { config, folder } = yield* world
      const denied = record(1, question(["blue"], "gpt-4o"), "deny", null)
      yield* remember(folder, [denied])
      const found = yield* jotgate("explain", denied.id, "--config", config)
      assert.strictEqual(found.code, 0, found.err)
      assert.include(found.out, "403 deny   team_model_denied   alice")
      assert.include(found.out, "✘ team")
      const unknown = yield* jotgate("explain", "--config", config, "--decision", "d_none")
      assert.deepStrictEqual([unknown.code, unknown.err.includes("30 days")], [1, true])
    }))
})

describe("plan", () => {
  it.live("names who loses, gains and changes team; nothing for the file in force", () =>
    Effect.gen(function*() {
      const { config, folder, write } = yield* world
      const none = yield* jotgate("plan", "--config", config)
      assert.strictEqual(none.code, 2)
      assert.include(none.err, "decisions.store")
      yield* remember(folder, [
        record(1, question(["red"], "gpt-4o"), "allow", "red"),
        record(2, question(["red"], "gpt-4o"), "allow", "red"),
        record(3, question(["blue"], "gpt-4o"), "deny", null),
        record(4, question(["red", "blue"], "claude-x"), "allow", "blue")
      ])
      const same = yield* jotgate("plan", "--config", config)
      assert.deepStrictEqual([same.code, same.out.trim()], [0, "4 questions: 0 lose, 0 gain, 0 change team"])
      write(
        "rows.yaml",
        rows.replace("gpt-4o*", "claude-*").replace(`blue, models: ["claude-*"]`, `blue, models: ["gpt-4o"]`)
      )
      const changed = yield* jotgate("plan", "--config", config, "--json")
      assert.strictEqual(changed.code, 1)
      const { gained, lost, moved } = JSON.parse(changed.out)
      assert.deepInclude(lost[0], { who: "alice", model: "gpt-4o", count: 2 })
      assert.deepInclude(gained[0], { who: "alice", model: "gpt-4o", count: 1 })
      assert.deepInclude(moved[0], { who: "alice", model: "claude-x" })
      assert.deepStrictEqual([lost.length, gained.length, moved.length], [1, 1, 1])
      const log = yield* jotgate("plan", "--config", config, "--from", write("audit.jsonl", ""))
      assert.deepStrictEqual([log.code, log.err.includes("decisions.store")], [2, true])
    }))

  it.live("knows a team by an id that records cut, and reads what another order of members, or a dry question, says", () =>
    Effect.gen(function*() {
      const { config, folder, write } = yield* world
      const long = "é".repeat(200)
      write("rows.yaml", rows.replaceAll("red", long))
      const allowed = record(1, question([long], "gpt-4o"), "allow", `${"é".repeat(126)}…`)
      const { team, ...members } = JSON.parse(record(2, question(["blue"], "claude-x"), "allow", "blue").body)
      yield* remember(folder, [
        allowed,
        { ...record(2, question(["blue"], "claude-x"), "allow", "blue"), body: JSON.stringify({ team, ...members }) },
        {
          ...record(3, question(["blue"], "o1"), "allow", "blue"),
          body: JSON.stringify({ ...members, team, dry: true })
        }
      ])
      const same = yield* jotgate("plan", "--config", config)
      assert.deepStrictEqual([same.code, same.out.trim()], [0, "2 questions: 0 lose, 0 gain, 0 change team"], same.err)
    }))

  it.live("says nothing of people when a dependency of the rules fails", () =>
    Effect.gen(function*() {
      const { config, folder, write } = yield* world
      yield* remember(folder, [record(1, question(["red"], "gpt-4o"), "allow", "red")])
      const away = "directory: { url: postgres://127.0.0.1:1/none }"
      write("jotgate.yaml", readFileSync(config, "utf8").replace(/^directory: .*$/m, away))
      const none = yield* jotgate("plan", "--config", config)
      assert.deepStrictEqual([none.code, none.out], [2, ""])
      assert.include(none.err, "directory_unavailable")
    }))

  it.live("--against-litellm: what another release would say to the recorded questions", () =>
    Effect.gen(function*() {
      const { config, folder, write } = yield* world
      const file = readFileSync(config, "utf8")
      const inForce = (policy: string) => write("jotgate.yaml", `${file}policy: ${policy}\n`)
      const asked = (path: string, groups: ReadonlyArray<string> = ["red"]): KeptQuestion => ({
        ...question(groups, "gpt-4o"),
        path
      })
      yield* remember(folder, [
        record(1, asked("/v1/chat/completions"), "allow", "red"),
        // An LLM route of 1.110 alone.
        record(2, asked("/decisions"), "deny", null)
      ])
      inForce(`{ litellm: "1.90", withoutTeam: all }`)
      const upgrade = yield* jotgate("plan", "--config", config, "--against-litellm", "1.110", "--json")
      assert.strictEqual(upgrade.code, 0, upgrade.err)
      const gains = JSON.parse(upgrade.out)
      assert.deepStrictEqual([gains.lost, gains.gained.map((it: { readonly path: string }) => it.path)], [
        [],
        ["/decisions"]
      ])
      inForce(`{ litellm: "1.110", withoutTeam: all }`)
      yield* remember(folder, [record(3, asked("/decisions"), "allow", "red")])
      const downgrade = yield* jotgate("plan", "--config", config, "--against-litellm", "1.90")
      assert.strictEqual(downgrade.code, 1, downgrade.err)
      assert.include(downgrade.out, "team_route_denied")
      const unknown = yield* jotgate("plan", "--config", config, "--against-litellm", "2.0")
      assert.strictEqual(unknown.code, 2)
      assert.include(unknown.err, "1.110")
    }))
})

describe("review", () => {
  it.live("says who may call what and by which rule, and what has changed since a date, as a table, CSV and JSON", () =>
    Effect.gen(function*() {
      const { write } = yield* world
      const config = write(
        "review.yaml",
        `issuers: [{ id: idp, issuer: http://127.0.0.1:1, audience: [llm], jwks: file:keys.json }]
directory: { url: sqlite:./review.db }
gateway: { admin: 127.0.0.1:0 }
`
      )
      const run = (...args: ReadonlyArray<string>) => jotgate(...args, "--config", config)
      yield* run("team", "create", "red", "--models", "gpt-4o")
      yield* run("user", "create", "alice", "--email", "=alice@acme.test")
      yield* run("member", "create", "--user", "alice", "--team", "red")
      yield* run("user", "create", "carol", "--models", "o1,o3")
      const told = yield* run("review", "--csv")
      assert.deepStrictEqual([told.code, told.out.split("\r\n").toSorted()], [0, [
        "team,red,,red,gpt-4o,teams red: models",
        "user,alice,'=alice@acme.test,,gpt-4o,memberships alice: red (directory.teams.fromMemberships)",
        "user,alice,'=alice@acme.test,red,gpt-4o,teams red: models",
        "user,carol,,,o1 o3,users carol: models",
        "what,id,name,team,models,rule"
      ]], told.err)
      yield* Effect.sleep(5)
      const then = new Date().toISOString()
      yield* Effect.sleep(5)
      yield* run("team", "update", "red", "--models", "gpt-4o,o1")
      yield* run("user", "delete", "carol")
      const since = yield* run("review", "--since", then, "--json")
      const changes: ReadonlyArray<Record<string, string | null>> = JSON.parse(since.out)
      assert.deepStrictEqual(changes.map((it) => [it["change"], it["id"], it["team"], it["models"]]), [
        ["lost", "red", "red", "gpt-4o"],
        ["lost", "alice", null, "gpt-4o"],
        ["lost", "alice", "red", "gpt-4o"],
        ["lost", "carol", null, "o1 o3"],
        ["gained", "red", "red", "gpt-4o o1"],
        ["gained", "alice", null, "gpt-4o o1"],
        ["gained", "alice", "red", "gpt-4o o1"]
      ], since.err)
      assert.include((yield* run("review", "--since", then)).out, "CHANGE")
      const wrong = yield* run("review", "--since", "yesterday")
      assert.deepStrictEqual([wrong.code, wrong.err.includes("write a date")], [2, true])
    }))
})

describe("test", () => {
  const file = (model: string, key = "model") => `
given: { directory: { users: [{ id: alice }], teams: [{ id: red, models: ["gpt-4o*"] }], memberships: [{ user: alice, team: red }] } }
tests:
  - { name: alice may, given: { user: alice }, when: { ${key}: ${model} }, then: { allowed: true, team: red, models: ["gpt-4o*"] } }
  - { name: others may not, given: { claims: { sub: bob } }, when: { model: o1 }, then: { allowed: false, code: user_not_found } }
`

  it.live("runs tests offline, as TAP and as JUnit; what does not hold is exit 1 with the steps", () =>
    Effect.gen(function*() {
      const { write } = yield* world
      const good = yield* jotgate("test", write("good.yaml", file("gpt-4o")))
      assert.deepStrictEqual([good.code, good.out.trim().split("\n")], [0, [
        "TAP version 14",
        "1..2",
        "ok 1 - alice may",
        "ok 2 - others may not"
      ]], good.err)
      const bad = yield* jotgate("test", write("bad.yaml", file("o1")), "--reporter", "junit")
      assert.strictEqual(bad.code, 1)
      assert.include(bad.out, `tests="2" failures="1"`)
      assert.include(bad.out, "team_model_denied")
    }))

  it.live("rows of its own take the place of those of --config, whose rules hold", () =>
    Effect.gen(function*() {
      const { write } = yield* world
      const text = `
given: { directory: { users: [{ id: alice }], teams: [{ id: red, models: ["gpt-4o*"] }], memberships: [{ user: alice, team: red }] } }
tests:
  - { name: in the team, given: { claims: { person: alice, squads: [red] } }, when: { model: gpt-4o }, then: { allowed: true, team: red } }
  - { name: in none, given: { claims: { person: alice } }, when: { model: gpt-4o }, then: { code: team_required } }
  - { name: of the directory, given: { claims: { person: alice, squads: [blue] } }, when: { model: gpt-4o }, then: { code: team_not_found } }
`
      const config = write(
        "own.yaml",
        `issuers: [{ id: idp, issuer: https://idp.test, audience: [llm], claims: { user: person, teams: squads } }]
policy: { requireTeam: true }
directory: { url: sqlite:./jotgate.db, file: rows.yaml }
`
      )
      const { code, err, out } = yield* jotgate("test", write("rows-of-its-own.yaml", text), "--config", config)
      assert.strictEqual(code, 0, out + err)
    }))

  it.live("refuses a key that it does not know, with its place", () =>
    Effect.gen(function*() {
      const { write } = yield* world
      const wrong = yield* jotgate("test", write("wrong.yaml", file("gpt-4o", "modle")))
      assert.strictEqual(wrong.code, 2)
      assert.match(wrong.err, /wrong\.yaml:4:\d+: tests\[0\]\.when\.modle: unknown key/)
    }))
})

describe("check", () => {
  it.live("reads the secrets that the file points at, and says which are not there", () =>
    Effect.gen(function*() {
      const { config, write } = yield* world
      assert.strictEqual((yield* jotgate("check", config)).code, 0)
      const lacking = write(
        "lacking.yaml",
        `issuers: [{ id: idp, issuer: https://idp.test, audience: [llm] }]\ngateway: { adminToken: env:NOT_SET_ANYWHERE }\n`
      )
      const found = yield* jotgate("check", lacking)
      assert.strictEqual(found.code, 1)
      assert.match(found.err, /lacking\.yaml:2:\d+: gateway\.adminToken: env:NOT_SET_ANYWHERE: not set/)
    }))
})
