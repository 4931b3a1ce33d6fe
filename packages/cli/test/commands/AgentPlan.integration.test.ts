/**
 * Agents of Microsoft Entra and the applications that may ask, from the token to the plan: a gate decides on real
 * tokens and keeps the questions; a changed file changes exactly the answers that it is about.
 */
import { assert, describe, it } from "@effect/vitest"
import { Issuer } from "@jotgate/core/testing"
import { Effect } from "effect"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { start } from "../support/Process.ts"
import { jotgate } from "../support/Shell.ts"

const tenant = "72f988bf-86f1-41af-91ab-2d7cd011db47"
const ada = "690222be-ff1a-4d56-abd1-7e4f7d38e474"
/** Applications: one that people use, an agent that acts for them, one on its own, and one that is not let in. */
const web = "0a7b5c1e-3c7e-4d08-8e4c-111111111111"
const reviewer = "6e74172b-be56-4843-9ff4-e66a39bb12e3"
const nightly = "9d3c44b2-7f0c-4c8e-a3f7-222222222222"
const rogue = "f00dface-0000-4000-8000-333333333333"

interface Told {
  readonly reviewer: ReadonlyArray<string>
  readonly clients: ReadonlyArray<string>
}

const before: Told = { reviewer: ["github/get_*"], clients: [web, reviewer, nightly] }

const world = Effect.gen(function*() {
  const folder = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "jotgate-entra-"))),
    (it) => Effect.sync(() => rmSync(it, { recursive: true, force: true }))
  )
  const idp = yield* Issuer.make(`https://login.microsoftonline.com/${tenant}/v2.0`, ["RS256"])
  const config = join(folder, "jotgate.json")
  const write = ({ clients, reviewer: tools }: Told) => {
    writeFileSync(
      join(folder, "rows.json"),
      JSON.stringify({
        users: [{ id: ada, role: "internal_user", tools: ["github/*"] }],
        agents: [
          { id: reviewer, name: "reviewer", tools },
          { id: nightly, name: "nightly", tools: ["github/get_*"], autonomous: true }
        ]
      })
    )
    writeFileSync(
      config,
      JSON.stringify({
        issuers: [{
          preset: "entra",
          tenant,
          audience: "https://api.test",
          jwks: idp.jwks,
          claims: { user: "oid", scopes: "scp", agent: { client: "azp" } }
        }],
        policy: {
          userRoutes: ["/mcp/*"],
          mcp: [{ server: "github", path: "/mcp/github" }],
          mcpClients: { claim: "azp", allowed: clients.map((value, at) => ({ alias: `client-${at}`, value })) }
        },
        directory: { url: "memory:", file: "rows.json" },
        cache: { dir: null },
        gateway: { listen: "127.0.0.1:0", admin: "127.0.0.1:0", drain: "0s", trustedProxies: ["127.0.0.1"] },
        audit: { to: "none" },
        decisions: { store: "sqlite:records.db" }
      })
    )
  }
  write(before)
  const now = Math.floor(Date.now() / 1_000)
  const token = (azp: string, claims: object) =>
    idp.token({
      now,
      claims: { tid: tenant, ver: "2.0", azp, azpacr: "1", sub: "pairwise", exp: now + 3_600, ...claims }
    })
  return { folder, config, write, token }
})

describe("agents of Entra", () => {
  it.live(
    "decide, are kept, tested, planned with and explained by what their tokens say",
    () =>
      Effect.gen(function*() {
        const { config, folder, token, write } = yield* world
        const serve = yield* start(["serve", "--config", config])
        const [, gate = ""] = yield* serve.until(/^ready gate=(\S+)/m)
        const person = { oid: ada, scp: "access_as_user", idtyp: "user" }
        // The facets of the subject (11: an agent's identity) and of who acts for it, and the agent's blueprint.
        const agent = { xms_sub_fct: "3", xms_act_fct: "11", xms_par_app_azp: "blueprint" }
        const app = { oid: "sp-nightly", sub: "sp-nightly", idtyp: "app", roles: ["Agent.Run"], xms_sub_fct: "11" }
        const asked = [
          [yield* token(web, person), "get_repo", "200 allowed"],
          [yield* token(web, person), "delete_repo", "200 allowed"],
          [yield* token(reviewer, { ...person, ...agent }), "get_repo", "200 allowed"],
          [yield* token(reviewer, { ...person, ...agent }), "delete_repo", "403 tool_denied"],
          [yield* token(nightly, app), "get_repo", "200 allowed"],
          [yield* token(nightly, app), "delete_repo", "403 tool_denied"],
          [yield* token(rogue, person), "get_repo", "403 client_denied"]
        ] as const
        const ids: Array<string> = []
        for (const [bearer, tool, expected] of asked) {
          const answer = yield* Effect.promise(() =>
            fetch(`${gate}/_jotgate/auth/nginx`, {
              headers: {
                authorization: `Bearer ${bearer}`,
                "x-original-method": "POST",
                "x-original-uri": "/mcp/github",
                "mcp-protocol-version": "2026-07-28",
                "mcp-method": "tools/call",
                "mcp-name": tool
              }
            })
          )
          assert.strictEqual(`${answer.status} ${answer.headers.get("x-jotgate-code") ?? "allowed"}`, expected, tool)
          ids.push(answer.headers.get("x-jotgate-decision") ?? "")
        }
        serve.process.kill("SIGTERM")
        yield* serve.ended

        const plan = Effect.map(jotgate("plan", "--config", config), ({ out }) => out.trim().split("\n"))
        const count = asked.length
        assert.deepStrictEqual(yield* plan, [`${count} questions: 0 lose, 0 gain, 0 change team`])
        write({ ...before, reviewer: ["github/delete_*"] })
        assert.sameMembers(yield* plan, [
          `${count} questions: 1 lose, 1 gain, 0 change team`,
          `- ${ada} by agent ${reviewer}  github/get_repo: allowed in no team, would be tool_denied`,
          `+ ${ada} by agent ${reviewer}  github/delete_repo: was tool_denied, would be allowed in no team`
        ])
        write({ ...before, clients: [web, reviewer, rogue] })
        assert.sameMembers(yield* plan, [
          `${count} questions: 1 lose, 1 gain, 0 change team`,
          `- agent ${nightly}  github/get_repo: allowed in no team, would be client_denied`,
          `+ ${ada}  github/get_repo: was client_denied, would be allowed in no team`
        ])

        write(before)
        const explained = yield* jotgate("explain", "--config", config, "--decision", ids[3] ?? "")
        assert.include(
          explained.out,
          `${reviewer} may not call github/delete_repo for ${ada}: ${ada} may, ${reviewer} may not`
        )
        const refused = yield* jotgate("explain", "--config", config, "--decision", ids[6] ?? "")
        assert.match(refused.out, new RegExp(`^403 deny {3}client_denied`))
        assert.include(refused.out, rogue)
        const claims = { tid: tenant, oid: ada, sub: "pairwise", scp: "access_as_user", ...agent }
        const line = (name: string, claims: object, tool: string, expected: object) =>
          `  - { name: ${name}, given: { claims: ${JSON.stringify(claims)} }, when: { tool: github/${tool} }, then: ${
            JSON.stringify(expected)
          } }`
        const file = join(folder, "tests.yaml")
        writeFileSync(
          file,
          [
            "tests:",
            line("a person", { ...claims, azp: web }, "delete_repo", { allowed: true, agent: null }),
            line("an agent", { ...claims, azp: reviewer }, "get_repo", { allowed: true, agent: reviewer, user: ada }),
            line("its limit", { ...claims, azp: reviewer }, "delete_repo", { code: "tool_denied", agent: reviewer }),
            line("alone", { ...app, tid: tenant, azp: nightly }, "get_repo", {
              allowed: true,
              agent: nightly,
              user: null
            }),
            line("not let in", { ...claims, azp: rogue }, "get_repo", { code: "client_denied" })
          ].join("\n")
        )
        const tested = yield* jotgate("test", file, "--config", config)
        assert.strictEqual(tested.code, 0, tested.out + tested.err)
      })
  )
})
