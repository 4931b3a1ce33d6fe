/**
 * `node --conditions=source conformance/library.ts`: asks LiteLLM 1.110 itself.
 *
 * Recorded scenarios are drawn anew: their tokens, requests and settings are mixed, so that nobody has the answers
 * written down. The library decides in process, and the gate decides the same on the same PostgreSQL tables. What differs
 * must differ by a numbered rule. `--recorded` asks the recordings as they are, which shows that the library is asked
 * rightly: its answers must be those that were recorded. What it needs of Python:
 * `python3 -m venv .cache/litellm-1.110.2`, then its pip with `--no-deps litellm==1.110.2`, and with the packages that
 * `conformance/library.txt` lists. The package of migrations that release pins is not on PyPI; the newest there is has
 * the tables that are read here.
 */
import { Secrets } from "@jotgate/core/Secrets"
import { Settings } from "@jotgate/core/Settings"
import { LiteLLM, Postgres } from "@jotgate/servers"
import * as Store from "@jotgate/store/Store"
import { Effect, Layer, Result, Schema } from "effect"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { readdirSync } from "node:fs"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { parseArgs } from "node:util"
import { importLitellm } from "../packages/cli/src/import/litellm.ts"
import * as ReferenceTables from "../packages/cli/test/conformance/ReferenceTables.ts"
import { scenariosIn } from "../packages/cli/test/conformance/Report.ts"
import { decideAll, type Outcome } from "../packages/cli/test/conformance/Runner.ts"
import type { Case, Scenario } from "../packages/cli/test/conformance/Scenario.ts"
import { publishedBy, tokenOf } from "../packages/cli/test/conformance/Signer.ts"
import * as Draw from "./Draw.ts"

const { values } = parseArgs({
  options: {
    python: { type: "string", default: join(import.meta.dirname, "../.cache/litellm-1.110.2/bin/python") },
    draws: { type: "string", default: "300" },
    seed: { type: "string", default: "1" },
    recorded: { type: "boolean", default: false },
    theme: { type: "string" }
  }
})

/** What the library said to one case. */
interface Answer {
  readonly allowed: boolean
  readonly userId?: string | null
  readonly teamId?: string | null
  readonly orgId?: string | null
  readonly endUserId?: string | null
  readonly isAdmin?: boolean
  readonly status?: number | null
  readonly message?: string
}

const Answers = Schema.fromJsonString(Schema.Union([
  Schema.Array(Schema.Record(Schema.String, Schema.Unknown)),
  Schema.Struct({ refused: Schema.String })
]))

const recorded = (): ReadonlyArray<Scenario> => {
  const folder = join(import.meta.dirname, "../packages/cli/test/fixtures/conformance-1.110")
  return readdirSync(folder)
    .filter((name) => values.theme === undefined || name.startsWith(values.theme))
    .flatMap((name) => scenariosIn(join(folder, name)).scenarios)
}

const decodeSettings = Schema.decodeUnknownSync(Settings)

const storeOn = (url: string) =>
  Store.layer(decodeSettings({
    directory: { url: `litellm+${url}`, connection: { timeout: "10s", pool: 2 } },
    cache: { dir: null, rows: "1h" }
  })).pipe(Layer.provide(Secrets.layerTest({})))

const decode = Schema.decodeUnknownSync(Answers)

/** The library, asked line by line. */
const library = async (url: string) => {
  const child = spawn(values.python, [join(import.meta.dirname, "library.py"), url], {
    stdio: ["pipe", "pipe", "ignore"]
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const next = async (): Promise<string> => {
    for (;;) {
      const { done, value } = await lines.next()
      if (done === true) throw new Error("the library has ended")
      if (value === "ready" || value.startsWith("[") || value.startsWith("{")) return value
    }
  }
  await next()
  return {
    ask: async (scenario: Scenario): Promise<ReadonlyArray<Answer> | string> => {
      child.stdin.write(`${
        JSON.stringify({
          now: scenario.now,
          config: scenario.config,
          documents: Object.fromEntries(publishedBy(scenario)),
          cases: (scenario.cases ?? []).map(({ request, token }) => ({ request, token: tokenOf(token) }))
        })
      }\n`)
      const answer = decode(await next())
      return "refused" in answer ? String(answer.refused) : answer.map((it) => ({ allowed: false, ...it }))
    },
    end: async () => {
      child.stdin.end()
      await once(child, "exit")
    }
  }
}

/** The codes of ours that a numbered rule makes stricter than the library. */
const stricter: Readonly<Record<string, string>> = {
  team_route_denied: "D15",
  team_denied: "D17",
  team_not_found: "D17",
  user_route_denied: "D41",
  user_not_found: "D57",
  user_role_unknown: "D42",
  role_unmatched: "D11",
  team_required: "D12",
  invalid_token: "D9, D12",
  model_unnamed: "D53",
  organization_mismatch: "D22",
  groups_overage: "D14",
  end_user_blocked: "D23",
  user_blocked: "D23",
  team_blocked: "D23",
  budget_exceeded: "D23",
  // Asked by the library in front of its MCP surface, after what is asked here.
  client_denied: "D71"
}

/** What the library raises over a claim of a shape that it does not expect, which for us is no claim (RULES D12). */
const stumbles =
  /unhashable|expected string|validation error|Unmapped scope type|has no attribute|not iterable|must be str|could not be recorded/

const isText = (it: unknown): it is string => typeof it === "string" && it !== ""

/** Whether the file asks for sync, which in the library takes every team away where the token names none (RULES D32). */
const syncs = ({ config }: Scenario): boolean => JSON.stringify(config).includes("\"sync_user_role_and_teams\":true")

const isFromMembership = ({ steps }: Outcome): boolean =>
  steps.some(({ facts, step }) => step === "team" && "source" in facts && facts.source === "membership")

const isMembers = (it: unknown): it is Readonly<Record<string, unknown>> => typeof it === "object" && it !== null

/** The rule that explains a difference; `undefined`: none does. */
const ruleOf = (scenario: Scenario, one: Case, they: Answer, we: Outcome): string | undefined => {
  const claims: unknown = one.token.payload
  if (they.allowed && !we.allowed) {
    const { body } = one.request
    const several = typeof body === "object" && body !== null && "fallbacks" in body
    // A list where one model is meant: the library lets the choice of a group pass it over.
    if (we.code === "body_invalid" && typeof body === "object" && body !== null && "model" in body) {
      return Array.isArray(body.model) ? "D19" : undefined
    }
    return stricter[we.code ?? ""] ?? (several && we.code?.endsWith("model_denied") === true ? "D54" : undefined)
  }
  if (!they.allowed && we.allowed) {
    if (stumbles.test(they.message ?? "") || /Checked teams=\{7\}/.test(they.message ?? "")) return "D12"
    // A number counts as a team there, which makes the object id one too.
    if (/Team doesn't exist/.test(they.message ?? "") && isMembers(claims) && typeof claims["team_id"] === "number") {
      return "D12"
    }
    return syncs(scenario) && isFromMembership(we) && they.status === 403 ? "D32" : undefined
  }
  // An empty claim is nobody's name, so that the address may say who it is.
  if (they.userId === "" && we.userId !== null) return "D11"
  const isReadAlike = (theirs: unknown, ours: unknown): boolean => isText(theirs) ? theirs === ours : ours === null
  if (!isReadAlike(they.userId, we.userId) || !isReadAlike(they.endUserId, we.endUserId)) return undefined
  if (isReadAlike(they.teamId, we.teamId)) return "D11"
  if (!isText(they.teamId)) return "D10"
  return isFromMembership(we) ? "D16" : undefined
}

const isSame = (they: Answer, we: Outcome): boolean =>
  they.allowed === we.allowed &&
  (!they.allowed ||
    ((they.userId ?? null) === we.userId && (they.teamId ?? null) === we.teamId &&
      (they.endUserId ?? null) === we.endUserId && (they.isAdmin ?? false) === we.isAdmin))

/** The recorded answer in the form of an outcome. */
const asRecorded = ({ expect }: Case): Outcome => ({
  allowed: expect.allowed,
  status: 0,
  code: expect.reason ?? null,
  userId: expect.userId ?? null,
  teamId: expect.teamId ?? null,
  orgId: expect.orgId ?? null,
  endUserId: typeof expect.endUserId === "string" ? expect.endUserId : null,
  isAdmin: expect.isAdmin ?? false,
  steps: []
})

const decided = async (scenario: Scenario, url: string): Promise<ReadonlyArray<Outcome>> => {
  const imported = importLitellm(scenario.config, { release: scenario.reference })
  return Result.isFailure(imported)
    ? []
    : Effect.runPromise(
      Layer.build(storeOn(url)).pipe(
        Effect.flatMap((context) => decideAll(scenario, imported.success.settings, Layer.succeedContext(context))),
        Effect.scoped
      )
    )
}

const postgres = await Postgres.start()
try {
  await postgres.query(LiteLLM.tables("current"))
  const asked = await library(postgres.url)
  const random = Draw.numbers(Number(values.seed))
  const all = recorded().filter(({ directory }) => (directory?.failing ?? []).length === 0)
  const scenarios = values.recorded ? all : Draw.shuffled(all, random).map((it) => Draw.drawn(it, 4, random))
  const wanted = values.recorded ? Infinity : Number(values.draws)
  const rules = new Map<string, number>()
  let [count, same, unexplained] = [0, 0, 0]
  for (const scenario of scenarios) {
    if (count >= wanted) break
    await postgres.query(ReferenceTables.statements(scenario.directory ?? {}))
    const theirs = await asked.ask(scenario)
    if (typeof theirs === "string") {
      console.log(`${scenario.id}: the library refuses the file: ${theirs}`)
      continue
    }
    const ours = values.recorded ? scenario.cases?.map(asRecorded) ?? [] : await decided(scenario, postgres.url)
    scenario.cases?.forEach((one, index) => {
      const [they, we] = [theirs[index], ours[index]]
      if (they === undefined || we === undefined) return
      count++
      if (isSame(they, we)) {
        same++
        return
      }
      const rule = values.recorded ? undefined : ruleOf(scenario, one, they, we)
      if (rule !== undefined) {
        rules.set(rule, (rules.get(rule) ?? 0) + 1)
        return
      }
      unexplained++
      const { steps: _, ...outcome } = we
      console.log(
        JSON.stringify({
          id: `${scenario.id}#${index}`,
          library: they,
          ours: outcome,
          token: one.token.payload,
          request: one.request
        })
      )
    })
  }
  const byRule = [...rules].map(([rule, times]) => `${rule} ${times}`).join(", ")
  console.log(`${count} decisions: ${same} the same, by rule: ${byRule || "none"}, unexplained ${unexplained}`)
  await asked.end()
  if (unexplained > 0) process.exitCode = 1
} finally {
  await postgres.stop()
}
