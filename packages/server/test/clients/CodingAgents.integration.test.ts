/** Claude Code, Codex and Gemini CLI through the gate, each set as docs/clients.md says. */
import { assert, it } from "@effect/vitest"
import { Catalog, describeWith } from "@jotgate/servers"
import { Effect } from "effect"
import { join } from "node:path"
import * as ClientWorld from "../support/ClientWorld.ts"

const { anthropic, gemini, openai } = ClientWorld.models

/** How one is set for a gate, a token and a model. */
type Row = (gate: string, token: string, model: string) => ClientWorld.Program

const installed = (path: string): string => join(Catalog.locate("coding-agents"), "node_modules", path)

const claude = (gate: string, model: string) => ({
  program: process.execPath,
  args: [installed("@anthropic-ai/claude-code/cli-wrapper.cjs"), "-p", "hello", "--model", model],
  env: { ANTHROPIC_BASE_URL: gate, CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1", CLAUDE_CODE_MAX_RETRIES: "0" }
})

const rows: Readonly<Record<string, readonly [models: ClientWorld.Models, row: Row]>> = {
  "Claude Code, with a token": [anthropic, (gate, token, model) => {
    const it = claude(gate, model)
    return { ...it, env: { ...it.env, ANTHROPIC_AUTH_TOKEN: token } }
  }],
  "Claude Code, with a command that prints one": [anthropic, (gate, token, model) => ({
    ...claude(gate, model),
    files: { ".claude/settings.json": JSON.stringify({ apiKeyHelper: `echo ${token}` }) }
  })],
  "Codex": [openai, (gate, token, model) => ({
    program: process.execPath,
    args: [installed("@openai/codex/bin/codex.js"), "exec", "--skip-git-repo-check", "hello"],
    env: { JOTGATE_TOKEN: token },
    files: {
      ".codex/config.toml": `model = "${model}"
model_provider = "company"

[model_providers.company]
name = "company"
base_url = "${gate}/v1"
env_key = "JOTGATE_TOKEN"
wire_api = "responses"
`
    }
  })],
  "Gemini CLI": [gemini, (gate, token, model) => ({
    program: process.execPath,
    args: [installed("@google/gemini-cli/bundle/gemini.js"), "-p", "hello", "-m", model],
    env: { GOOGLE_GEMINI_BASE_URL: gate, GEMINI_API_KEY: token, GEMINI_CLI_TRUST_WORKSPACE: "true" },
    files: {
      ".gemini/settings.json": JSON.stringify({
        security: { auth: { selectedType: "gemini-api-key" } },
        privacy: { usageStatisticsEnabled: false }
      })
    }
  })]
}

describeWith("coding-agents", "a coding agent", () => {
  it.live.each(Object.entries(rows))(
    "%s: is served what the team may call, and shows why it is not",
    ([, [{ denied, granted }, row]]) =>
      Effect.gen(function*() {
        const world = yield* ClientWorld.make()
        const served = yield* ClientWorld.run(row(world.gate.url, world.token, granted))
        assert.include(served.out, "Hello", served.err)
        assert.strictEqual(served.code, 0, served.err)
        const refused = yield* ClientWorld.run(row(world.gate.url, world.token, denied))
        assert.notStrictEqual(refused.code, 0, refused.out)
        ClientWorld.isTold(world, `${refused.out}\n${refused.err}`)
        ClientWorld.isServed(world)
      }),
    300_000
  )

  it.live("Claude Code, with a token of its own for the upstream: brings both", () =>
    Effect.gen(function*() {
      const world = yield* ClientWorld.make({
        doors: { credentials: ["x-company-token"] },
        upstream: { authorization: "passthrough" }
      })
      const { args, env, program } = claude(world.gate.url, anthropic.granted)
      const { code, err, out } = yield* ClientWorld.run({
        program,
        args,
        env: { ...env, ANTHROPIC_AUTH_TOKEN: "sk-own", ANTHROPIC_CUSTOM_HEADERS: `x-company-token: ${world.token}` }
      })
      assert.strictEqual(code, 0, err)
      assert.include(out, "Hello")
      ClientWorld.isServed(world)
      assert.strictEqual(world.gate.upstream.last().headers["authorization"], "Bearer sk-own")
    }), 300_000)
})
