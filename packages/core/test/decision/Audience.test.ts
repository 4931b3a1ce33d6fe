/**
 * A token for one protected resource is good there and nowhere else (RFC 8707).
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as CoreTest from "../../src/testing/CoreTest.ts"

const files = "https://gate.test/mcp/files"
const notes = "https://gate.test/mcp/notes"
const ours = "gate"

const policy = {
  withoutTeam: "all" as const,
  userRoutes: ["llm_api_routes", "/mcp/*"],
  mcp: [
    { server: "files", path: "/mcp/files", resource: files },
    { server: "notes", path: "/mcp/notes", resource: notes },
    { server: "open", path: "/mcp/open" }
  ]
}
const rows = { users: [CoreTest.user("u-1")] }

const asked = Effect.fnUntraced(function*(world: CoreTest.World, aud: unknown, path: string) {
  const verdict = yield* CoreTest.ask(world, { claims: { uid: "u-1", aud }, path, method: "POST", model: "gpt-4o" })
  return { line: verdict.allowed ? "allow" : verdict.line, facts: JSON.stringify(verdict.steps.at(-1)?.facts) }
})

const paths = ["/mcp/files", "/mcp/files/x", "/mcp/notes", "/mcp/open", "/v1/chat/completions", "/mcp/filesx"]

describe("the audience of a token", () => {
  const good: ReadonlyArray<readonly [unknown, ReadonlyArray<string>]> = [
    [files, ["/mcp/files", "/mcp/files/x"]],
    [[notes], ["/mcp/notes"]],
    [[files, notes], ["/mcp/files", "/mcp/files/x", "/mcp/notes"]],
    [ours, ["/mcp/open", "/v1/chat/completions", "/mcp/filesx"]],
    [[ours, files], ["/mcp/files", "/mcp/files/x", "/mcp/open", "/v1/chat/completions", "/mcp/filesx"]],
    [`${files}/`, []],
    ["https://gate.test/mcp/FILES", []],
    [[], []],
    [undefined, []]
  ]

  it.effect("must be the resource that is asked for, where one is configured; elsewhere a resource is no audience", () =>
    Effect.gen(function*() {
      for (const [aud, where] of good) {
        for (const path of paths) {
          const answer = yield* asked({ rows, policy }, aud, path)
          const expected = where.includes(path) ? "allow" : "401 invalid_token"
          assert.strictEqual(answer.line, expected, `${JSON.stringify(aud)} at ${path}`)
          if (expected !== "allow") assert.include(answer.facts, `"reason":"audience"`)
        }
      }
    }))

  it.effect("must be the resource also of an issuer whose audience is not looked at", () =>
    Effect.gen(function*() {
      const world = { rows, policy, issuer: { audience: "any" } }
      assert.strictEqual((yield* asked(world, "whatever", "/mcp/open")).line, "allow")
      assert.strictEqual((yield* asked(world, "whatever", "/mcp/files")).line, "401 invalid_token")
      assert.strictEqual((yield* asked(world, files, "/mcp/files")).line, "allow")
    }))
})
