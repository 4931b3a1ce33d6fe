import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { jotgate } from "../support/Shell.ts"

/** A folder with a configuration whose directory is SQLite beside it. */
const world = Effect.gen(function*() {
  const folder = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "jotgate-cli-"))),
    (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
  )
  const configuration = (name: string, directory: string) => {
    const file = join(folder, name)
    writeFileSync(
      file,
      `issuers:\n  - { id: idp, issuer: https://idp.test, audience: [llm] }\ndirectory: ${directory}\n`
    )
    return file
  }
  const config = configuration("jotgate.yaml", "{ url: sqlite:./jotgate.db }")
  const write = (name: string, text: string) => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }
  /** Runs a verb on this directory; it must end well. */
  const run = (...args: ReadonlyArray<string>) =>
    Effect.tap(
      jotgate(...args, "--config", config),
      ({ code, err }) => Effect.sync(() => assert.deepStrictEqual([code, err], [0, ""], args.join(" ")))
    )
  const json = (...args: ReadonlyArray<string>) => Effect.map(run(...args, "--json"), ({ out }) => JSON.parse(out))
  return { folder, config, configuration, write, run, json }
})

describe("team, user, org, member", () => {
  it.live("rows are made, listed, shown, changed and removed; tables for people, JSON for programs", () =>
    Effect.gen(function*() {
      const { json, run } = yield* world
      yield* run("org", "create", "acme", "--alias", "Acme")
      yield* run(
        "team",
        "create",
        "red",
        "--alias",
        "Red",
        "--org",
        "acme",
        "--models",
        "gpt-4o*,o1",
        "--max-budget",
        "5"
      )
      yield* run(
        "user",
        "create",
        "u-1",
        "--email",
        "a@acme.test",
        "--role",
        "internal_user",
        "--subject",
        "okta:00u:1"
      )
      yield* run("member", "create", "u-1", "red", "--role", "admin", "--models", "o1")
      const table = yield* run("team", "list")
      assert.deepStrictEqual(table.out.split("\n").map((it) => it.split(/\s+/)), [
        ["ID", "ALIAS", "ORGANIZATION", "MODELS", "BLOCKED", "SPEND", "MAXBUDGET"],
        ["red", "Red", "acme", "gpt-4o*,o1", "no", "0", "5"]
      ])
      assert.deepInclude(yield* json("user", "show", "u-1"), {
        id: "u-1",
        email: "a@acme.test",
        subjects: [{ namespace: "okta", subject: "00u:1" }],
        teams: ["red"]
      })
      assert.deepInclude((yield* json("member", "list", "--team", "red"))[0], { user: "u-1", role: "admin" })
      yield* run("team", "update", "red", "--blocked", "--alias", "", "--models", "", "--max-budget", "none")
      assert.deepInclude(yield* json("team", "show", "--id", "red"), {
        alias: null,
        blocked: true,
        models: [],
        maxBudget: null,
        organization: "acme"
      })
      yield* run("team", "update", "red", "--no-blocked")
      assert.deepInclude(yield* json("team", "show", "red"), { blocked: false })
      yield* run("member", "delete", "--user", "u-1", "--team", "red")
      yield* run("user", "delete", "u-1")
      yield* run("team", "delete", "red")
      yield* run("org", "delete", "acme")
      assert.deepStrictEqual(yield* json("team", "list"), [])
    }))

  it.live("a refusal is one line: exit 1 for an answer that is no, 2 for a mistake", () =>
    Effect.gen(function*() {
      const { config, run } = yield* world
      yield* run("team", "create", "red")
      const endings: ReadonlyArray<readonly [args: ReadonlyArray<string>, code: number, line: RegExp]> = [
        [["team", "show", "nope"], 1, /no such team/],
        [["team", "delete", "nope"], 1, /no such team/],
        [["team", "create", "red"], 1, /such a team already/],
        [["member", "create", "nope", "red"], 1, /user: names a user that does not exist/],
        [["user", "create", "a\nb"], 2, /id: must have no control characters/],
        [["user", "create", "u-1", "--role", "king"], 2, /role: must be/],
        [["team", "create", "b", "--max-budget", "-1"], 2, /maxBudget: must not be negative/],
        [["team", "create", "b", "--max-budget", "much"], 2, /neither a number nor none/],
        [["team", "update", "red"], 2, /at least one field/],
        [["team", "update", "red", "--tools", "github/*,delete_repo"], 2, /tools\.1: must be SERVER\/NAME/],
        [["user", "create", "u-1", "--prompts", "! x/y"], 2, /prompts\.0: must be SERVER\/NAME/],
        [["team", "show"], 2, /which team/],
        [["team", "show", "red", "--id", "red"], 2, /given twice/],
        [["member", "show", "u-1"], 2, /which membership/],
        [["user", "create", "u-1", "--subject", "nocolon"], 2, /NAMESPACE:SUBJECT/]
      ]
      for (const [args, code, line] of endings) {
        const ran = yield* jotgate(...args, "--config", config)
        assert.strictEqual(ran.code, code, `${args.join(" ")}: ${ran.err}`)
        assert.match(ran.err, line)
        assert.strictEqual(ran.out, "")
      }
      assert.strictEqual((yield* run("team", "list")).out.split("\n").length, 2)
      for (const args of [["--direct"], [], ["--admin", "nonsense"]]) {
        assert.strictEqual((yield* jotgate("team", "list", ...args)).code, 2, args.join(" "))
      }
    }))

  it.live("a name cannot move the cursor of whoever lists it", () =>
    Effect.gen(function*() {
      const { run } = yield* world
      yield* run("team", "create", "red", "--alias", "\u001b[2Jgone")
      const { out } = yield* run("team", "list")
      assert.notInclude(out, "\u001b")
      assert.include(out, "\\u001b[2Jgone")
    }))
})

describe("deny", () => {
  it.live("an entry is made, listed, given another end, and taken away", () =>
    Effect.gen(function*() {
      const { json, run } = yield* world
      const made = yield* json("deny", "create", "--issuer", "https://idp.test", "--jti", "t-1")
      assert.deepInclude(made, { issuer: "https://idp.test", jti: "t-1" })
      yield* run("deny", "create", "--issuer", "idp", "--subject", "u-1", "--expires-at", "2099-01-01T00:00:00Z")
      const list = yield* json("deny", "list")
      assert.deepStrictEqual(list.map((it: { readonly expiresAt?: number }) => it.expiresAt ?? 0).toSorted(), [
        0,
        4070908800
      ])
      yield* run("deny", "update", made.id, "--expires-at", "4070908801")
      assert.strictEqual((yield* json("deny", "show", made.id)).expiresAt, 4070908801)
      yield* run("deny", "delete", made.id)
      assert.strictEqual((yield* json("deny", "list")).length, 1)
    }))

  it.live("names an issuer of the configuration, and something to deny", () =>
    Effect.gen(function*() {
      const { config } = yield* world
      const unknown = yield* jotgate("deny", "create", "--config", config, "--issuer", "nobody", "--jti", "1")
      assert.deepStrictEqual([unknown.code, unknown.out], [1, ""])
      assert.match(unknown.err, /issuer: names an issuer that is not configured/)
      assert.strictEqual((yield* jotgate("deny", "create", "--config", config, "--issuer", "idp")).code, 2)
      assert.strictEqual((yield* jotgate("deny", "create", "--config", config, "--jti", "1")).code, 2)
    }))
})

const file = `organizations: [{ id: acme }]
teams:
  - { id: red, alias: Red, organization: acme, models: [gpt-4o*] }
  - { id: blue, models: [o1] }
users: [{ id: u-1, email: a@acme.test }]
memberships: [{ user: u-1, team: red }]
`

describe("directory", () => {
  it.live("a plan is printed first; a dry run changes nothing, applying twice neither; pruning removes", () =>
    Effect.gen(function*() {
      const { json, run, write } = yield* world
      const rows = write("rows.yaml", file)
      const dry = yield* run("directory", "apply", rows, "--dry-run")
      assert.match(dry.out, /^\+ organization acme\n\+ team red\n[^]*plan: 5 to create, 0 to change, 0 to remove$/)
      assert.deepStrictEqual(yield* json("team", "list"), [])
      const applied = yield* run("directory", "apply", rows)
      assert.match(applied.out, /plan: 5 to create[^]*done: 5 rows/)
      assert.strictEqual((yield* run("directory", "apply", rows)).out, "plan: 0 to create, 0 to change, 0 to remove")
      const less = write("less.yaml", file.replace(/.*blue.*\n/, ""))
      assert.match((yield* run("directory", "apply", less)).out, /plan: 0 to create, 0 to change, 0 to remove/)
      const pruned = yield* run("directory", "apply", less, "--prune")
      assert.match(pruned.out, /^- team blue\nplan: 0 to create, 0 to change, 1 to remove\ndone: 1 rows$/)
      assert.deepStrictEqual((yield* json("team", "list")).map((it: { readonly id: string }) => it.id), ["red"])
    }))

  it.live("export, apply, export is the same, as YAML and as JSON", () =>
    Effect.gen(function*() {
      const { configuration, folder, run, write } = yield* world
      yield* run("directory", "apply", write("rows.yaml", file))
      for (const format of [[], ["--json"]]) {
        const out = join(folder, `out${format.length}`)
        yield* run("directory", "export", "--out", out, ...format)
        assert.strictEqual(
          (yield* run("directory", "apply", out, "--prune")).out,
          "plan: 0 to create, 0 to change, 0 to remove"
        )
        const other = configuration(`other${format.length}.yaml`, `{ url: sqlite:./other${format.length}.db }`)
        assert.strictEqual((yield* jotgate("directory", "apply", out, "--config", other)).code, 0)
        const again = yield* jotgate("directory", "export", ...format, "--config", other)
        assert.strictEqual(`${again.out}\n`, readFileSync(out, "utf8"))
      }
    }))

  it.live("every finding has its place, and nothing is applied", () =>
    Effect.gen(function*() {
      const { config, json, write } = yield* world
      const files: ReadonlyArray<readonly [text: string, code: number, line: RegExp]> = [
        [
          "teams:\n  - { id: red }\n  - { id: red }\n",
          2,
          /rows\.yaml:3:11: teams\[1\]\.id: is there twice \(first at 2:11/
        ],
        [
          "teams:\n  - { id: red, modles: [] }\n",
          2,
          /rows\.yaml:2:\d+: teams\[0\]\.modles: unknown key, did you mean "models"/
        ],
        ["teams: [", 2, /rows\.yaml:1:\d+: /],
        ["", 2, /is empty/],
        ["teams:\n  - { id: red, spend: -1 }\n", 2, /rows\.yaml:2:\d+: teams\[0\]\.spend: must not be negative/],
        ["{\"teams\": [{\"id\": \"a\\u0000\"}]}", 2, /teams\[0\]\.id: /],
        [
          "teams: [{ id: red }, { id: blue, organization: acme }]\n",
          1,
          /rows\.yaml:1:\d+: teams\[1\]\.organization: names a/
        ]
      ]
      for (const [text, code, line] of files) {
        const ran = yield* jotgate("directory", "apply", write("rows.yaml", text), "--config", config)
        assert.strictEqual(ran.code, code, ran.err)
        assert.match(ran.err, line)
      }
      assert.strictEqual((yield* jotgate("directory", "apply", "/nowhere.yaml", "--config", config)).code, 2)
      assert.deepStrictEqual(yield* json("team", "list"), [])
    }))
})

describe("who and can", () => {
  it.live("say who may call a model, and what a team or a user may, with the exit code of the answer", () =>
    Effect.gen(function*() {
      const { config, json, run, write } = yield* world
      yield* run("directory", "apply", write("rows.yaml", file))
      const who = yield* json("who", "gpt-4o")
      assert.deepStrictEqual(who, {
        teams: [{ id: "red", alias: "Red" }],
        users: [{ id: "u-1", email: "a@acme.test", teams: ["red"], alone: true }],
        agents: [],
        anybody: []
      })
      const anybody = yield* jotgate("can", "--anybody", "--model", "gpt-4o", "--config", config)
      assert.deepStrictEqual([anybody.code, anybody.err], [1, ""])
      assert.match(anybody.out, /^idp\s+no\s+user_not_found$/m)
      assert.match((yield* run("who", "--model", "gpt-4o")).out, /team\s+red\s+Red[^]*user\s+u-1\s+a@acme\.test\s+red/)
      const nobody = yield* jotgate("who", "--model", "gpt-4o", "--route", "/key/generate", "--config", config)
      assert.deepStrictEqual([nobody.code, nobody.out.startsWith("nobody: ")], [1, true], nobody.out)
      assert.deepStrictEqual((yield* json("can", "--team", "red")).models, ["gpt-4o*"])
      assert.deepStrictEqual((yield* json("can", "u-1")).models, ["gpt-4o*"])
      const team = yield* jotgate("can", "red", "--config", config)
      assert.deepStrictEqual([team.code, team.out], [1, ""])
      assert.match(team.err, /^no user has the id red: for others give --team red or --agent red; [^\n]*$/)
      yield* run("team", "update", "red", "--blocked")
      const blocked = yield* jotgate("can", "--team", "red", "--config", config)
      assert.deepStrictEqual([blocked.code, blocked.err], [1, ""])
      assert.match(blocked.out, /red\s+no\s+team_blocked/)
      assert.strictEqual((yield* jotgate("can", "--config", config)).code, 2)
      assert.strictEqual((yield* jotgate("can", "--anybody", "--team", "red", "--config", config)).code, 2)
    }))
})

describe("the shipped configuration for LiteLLM", () => {
  it.live("denies a person in no group", () =>
    Effect.gen(function*() {
      const { folder } = yield* world
      cpSync(new URL("../../../../examples/litellm", import.meta.url), folder, { recursive: true })
      const ran = yield* jotgate("can", "--anybody", "--direct", "--config", join(folder, "jotgate.yaml"))
      assert.strictEqual(ran.code, 1, ran.err)
      assert.match(ran.out, /^okta\s+no\s+team_required$/m)
      const who = yield* jotgate(
        "who",
        "--model",
        "gpt-4o",
        "--json",
        "--direct",
        "--config",
        join(folder, "jotgate.yaml")
      )
      assert.strictEqual(who.code, 1, who.err)
      assert.deepStrictEqual(JSON.parse(who.out).anybody, [])
    }))
})

describe("backup, restore, migrate", () => {
  it.live("a backup is put back; a store that is no SQLite is told what to use", () =>
    Effect.gen(function*() {
      const { config, configuration, folder, json, run } = yield* world
      yield* run("team", "create", "red")
      yield* run("backup", join(folder, "backup.db"))
      yield* run("team", "delete", "red")
      yield* run("restore", join(folder, "backup.db"))
      assert.strictEqual((yield* json("team", "list")).length, 1)
      assert.strictEqual((yield* jotgate("backup", join(folder, "backup.db"), "--config", config)).code, 2)
      const postgres = configuration("pg.yaml", "{ url: \"postgres://u:p@127.0.0.1:1/x\" }")
      const refused = yield* jotgate("backup", join(folder, "pg.db"), "--config", postgres)
      assert.deepStrictEqual([refused.code, refused.out], [2, ""])
      assert.match(refused.err, /pg_dump/)
    }))

  it.live("migrate says what is missing, makes it, and finds nothing missing", () =>
    Effect.gen(function*() {
      const { folder, json, run } = yield* world
      const { applied, missing } = yield* json("migrate", "--status")
      assert.deepStrictEqual([applied, missing], [[], [
        "0001_directory",
        "0002_agents",
        "0003_linked_subjects",
        "0004_tools"
      ]])
      assert.match((yield* run("migrate", "--dry-run")).out, /0001_directory\s+would be made/)
      assert.throws(() => readFileSync(join(folder, "jotgate.db")))
      assert.match((yield* run("migrate")).out, /0001_directory\s+made/)
      assert.strictEqual((yield* run("migrate")).out, "nothing is missing")
      assert.match((yield* run("migrate", "--status")).out, /0001_directory\s+applied/)
    }))
})
