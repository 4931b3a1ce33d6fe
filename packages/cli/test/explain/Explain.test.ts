import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Issuer } from "@jotgate/core/testing"
import { DirectoryAdmin } from "@jotgate/store/DirectoryAdmin"
import * as SqliteStore from "@jotgate/store/SqliteStore"
import { Clock, Effect, FileSystem, type Scope } from "effect"
import { jotgate } from "../support/Shell.ts"

const rows = {
  teams: [
    { id: "red", alias: "Red", models: ["gpt-4o*"] },
    { id: "blue", models: ["gpt-4o-mini", "claude-*"] },
    { id: "shut", models: [], blocked: true }
  ],
  users: [
    { id: "alice", email: "alice@acme.test", role: "internal_user" as const },
    { id: "carol", email: "carol@acme.test", role: "internal_user" as const, models: ["gpt-4o-mini"] }
  ]
}

/** A configuration beside its database, and somebody who signs tokens for it. */
const world = Effect.gen(function*() {
  const files = yield* FileSystem.FileSystem
  const folder = yield* files.makeTempDirectoryScoped()
  const idp = yield* Issuer.make("https://idp.test", ["ES256"])
  const config = `${folder}/jotgate.yaml`
  yield* files.writeFileString(
    config,
    JSON.stringify({
      issuers: [{
        id: "idp",
        issuer: idp.iss,
        audience: "https://api.test",
        jwks: idp.jwks,
        claims: { user: "sub", email: "email", teams: "groups" }
      }],
      directory: { url: "sqlite:rows.db" },
      cache: { dir: "saved" },
      policy: { emailDomains: ["acme.test"] }
    })
  )
  const now = Math.floor((yield* Clock.currentTimeMillis) / 1000)
  const token = (sub: string, claims: object = {}) =>
    idp.token({ now, claims: { sub, email: `${sub}@acme.test`, email_verified: true, ...claims } })
  const seed = Effect.provide(
    DirectoryAdmin.use((admin) => admin.apply(rows, { actor: "test", prune: "none", origin: "api" })),
    SqliteStore.layer({ filename: `${folder}/rows.db` })
  )
  const explain = (token: string, ...args: ReadonlyArray<string>) =>
    jotgate("explain", "--config", config, "--token", token, ...args)
  return { config, explain, files, folder, now, seed, token }
})

const run = <A, E>(effect: Effect.Effect<A, E, FileSystem.FileSystem | Scope.Scope>) =>
  effect.pipe(Effect.scoped, Effect.provide(NodeServices.layer))

describe("jotgate explain", () => {
  it.live("an allow: exit 0, and every step says what it found", () =>
    run(Effect.gen(function*() {
      const { explain, seed, token } = yield* world
      yield* seed
      const { code, out } = yield* explain(yield* token("alice", { groups: ["red", "blue"] }), "--model", "gpt-4o")
      const lines = out.split("\n")
      assert.match(
        lines[0] ?? "",
        /^200 allow {3}alice@acme\.test → team red {3}model gpt-4o {3}POST \/v1\/chat\/completions {3}[\d.]+ ms {3}d_\w+$/
      )
      assert.match(
        out,
        /^ ✔ token +ES256 kid idp\.test-es256, issuer idp, audience https:\/\/api\.test, \d+ min left$/m
      )
      assert.match(
        out,
        /^ ✔ claims +user=sub "alice"  email=email "alice@acme.test"  teams=groups \[red, blue\]  scopes=scope \[chat\]$/m
      )
      assert.match(out, /^ ✔ team +red: first of 2 groups that may call gpt-4o, blue may not call the model: /m)
      assert.match(out, /^ ✔ user +row alice \(internal_user\)$/m)
      assert.match(out, /^ ✔ model +gpt-4o ∈ red\.models \["gpt-4o\*"\], at body model$/m)
      assert.strictEqual(code, 0)
    })))

  const denials: ReadonlyArray<
    readonly [title: string, sub: string, claims: object, args: ReadonlyArray<string>, expected: ReadonlyArray<RegExp>]
  > = [
    ["a model that no team may call", "alice", { groups: ["red", "blue"] }, ["--model", "gpt-5"], [
      /^403 deny {3}team_model_denied {3}alice/,
      /^ ✘ team .*red may not call the model: \["gpt-4o\*"\], blue may not call the model/m,
      /^ → .*gpt-4o-mini/m
    ]],
    ["a team that does not exist", "alice", { groups: ["green"] }, ["--model", "gpt-4o"], [
      /^404 deny {3}team_not_found/,
      /^ ✘ team .*green/m
    ]],
    ["a blocked team", "alice", { groups: ["shut"] }, ["--model", "gpt-4o"], [
      /^403 deny {3}team_blocked/,
      /^ ✘ team .*shut/m
    ]],
    ["a person without a row", "dave", {}, ["--model", "gpt-4o"], [
      /^404 deny {3}user_not_found {3}dave/,
      /^ ✘ user .*user dave/m
    ]],
    ["an e-mail of another domain", "alice", { email: "alice@evil.test" }, ["--model", "gpt-4o"], [
      /^403 deny {3}email_domain_denied/,
      /^ ✘ email .*accepted \[acme\.test\].*rule policy\.emailDomains \(\S+:1\)$/m,
      /^ → operator: List "evil\.test" in policy\.emailDomains\. \(policy\.emailDomains, \S+jotgate\.yaml:1\)$/m
    ]],
    ["a model outside the person's own list", "carol", {}, ["--model", "gpt-4o"], [
      /^403 deny {3}user_model_denied {3}carol@acme\.test/,
      /^ ✘ model .*models \[gpt-4o-mini\]/m
    ]],
    ["no model where one is run", "alice", { groups: ["red"] }, [], [
      /^403 deny {3}model_unnamed/,
      /^ ✘ model +no model is named on a route that runs one, looked at .*body model, .*may call \["gpt-4o\*"\]$/m,
      /^ → .*gpt-4o\*/m
    ]],
    ["two models where one is meant", "alice", { groups: ["red"] }, [
      "--model",
      "gpt-4o",
      "--path",
      "/v1/chat/completions?model=o1"
    ], [/^400 deny {3}request_ambiguous/, /^ ✘ model +query model and body model name different models$/m]],
    ["an expired token", "alice", { exp: 1_000_000_000, iat: 999_999_000 }, [], [
      /^401 deny {3}token_expired/,
      /^ ✘ token +expired/m
    ]]
  ]
  for (const [title, sub, claims, args, expected] of denials) {
    it.live(`a denial names what to change: ${title}; exit 1`, () =>
      run(Effect.gen(function*() {
        const { explain, seed, token } = yield* world
        yield* seed
        const { code, err, out } = yield* explain(yield* token(sub, claims), ...args)
        for (const it of expected) assert.match(out, it)
        assert.match(out, /^ → operator: [A-Z].*\. \([\w.[\]]+, .*jotgate\.yaml.*\)$/m)
        assert.strictEqual(err, "")
        assert.strictEqual(code, 1)
      })))
  }

  it.live("--json prints the decision with its steps", () =>
    run(Effect.gen(function*() {
      const { explain, seed, token } = yield* world
      yield* seed
      const { out } = yield* explain(yield* token("alice", { groups: ["red"] }), "--model", "gpt-4o", "--json")
      const decision = JSON.parse(out)
      assert.deepInclude(decision, {
        allowed: true,
        status: 200,
        code: null,
        issuer: "idp",
        model: "gpt-4o",
        writes: []
      })
      assert.deepStrictEqual(decision.team, { id: "red", alias: "Red" })
      assert.includeMembers(decision.steps.map((it: { step: string }) => it.step), ["token", "claims", "team", "user"])
    })))

  it.live("--team, --header, --path and --method make the request", () =>
    run(Effect.gen(function*() {
      const { explain, seed, token } = yield* world
      yield* seed
      const signed = yield* token("alice", { groups: ["red", "blue"] })
      const asked = yield* explain(signed, "--team", "blue", "--model", "gpt-4o-mini")
      assert.match(asked.out, /→ team blue/)
      const header = yield* explain(signed, "--header", "X-Team-Id: blue", "--model", "gpt-4o-mini")
      assert.match(header.out, /→ team blue/)
      const listed = yield* explain(signed, "--method", "get", "--path", "/v1/models")
      assert.match(listed.out, /^200 allow .* GET \/v1\/models /)
      const odd = yield* explain(signed, "--path", "/v1/../admin")
      assert.match(odd.out, /^400 deny {3}request_ambiguous/)
    })))

  it.live("takes a token as it is pasted, with its scheme and a line end", () =>
    run(Effect.gen(function*() {
      const { explain, seed, token } = yield* world
      yield* seed
      const { out } = yield* explain(`Bearer ${yield* token("alice", { groups: ["red"] })}\n`, "--model", "gpt-4o")
      assert.match(out, /^200 allow/)
    })))

  it.live("writes nothing: no row, no database, no saved key set", () =>
    run(Effect.gen(function*() {
      const { explain, files, folder, token } = yield* world
      const { out } = yield* explain(yield* token("alice"), "--model", "gpt-4o")
      assert.match(out, /^404 deny {3}user_not_found/)
      assert.deepStrictEqual(yield* files.readDirectory(folder), ["jotgate.yaml"])
    })))

  it.live("an issuer that cannot be reached: cannot decide, exit 2", () =>
    run(Effect.gen(function*() {
      const { config, explain, files, token } = yield* world
      const text = JSON.parse(yield* files.readFileString(config))
      text.issuers[0].jwks = "http://127.0.0.1:9/keys"
      yield* files.writeFileString(config, JSON.stringify(text))
      const { code, err, out } = yield* explain(yield* token("alice"), "--model", "gpt-4o")
      assert.match(out, /^503 cannot decide {3}issuer_unavailable/)
      assert.match(err, /cannot decide: issuer_unavailable$/m)
      assert.strictEqual(code, 2)
    })))

  it.live("--person is for a dev issuer only, exit 2", () =>
    run(Effect.gen(function*() {
      const { config } = yield* world
      const { code, err } = yield* jotgate("explain", "--config", config, "--person", "alice")
      assert.strictEqual(err, "https://idp.test is no dev issuer: it has no people to pick")
      assert.strictEqual(code, 2)
    })))
})
