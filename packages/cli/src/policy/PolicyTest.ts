/**
 * Runs policy tests on a pipeline that writes nothing, and says of each what
 * differs.
 */
import type { DecisionJson } from "@jotgate/core/Decision"
import type { FileSettings } from "@jotgate/server/GatewaySettings"
import * as NamedTool from "@jotgate/server/NamedTool"
import type { Supposing } from "@jotgate/server/Supposition"
import { Effect, Result } from "effect"
import { explain, explainFor, type Explanation, type Question } from "../explain/Explanation.ts"
import { failure } from "../Outcome.ts"
import type { Given, PolicyTestFile, Test, Then, When } from "./PolicyTestFile.ts"

/** One test that was run. */
export interface Outcome {
  readonly name: string
  /** What is not as it must be, one line each; none when the test holds. */
  readonly differences: ReadonlyArray<string>
  readonly explanation: Explanation
}

const said = (it: unknown): string => JSON.stringify(it)

/** What of the answer is not as the test says. */
const differencesOf = (then: Then, decision: DecisionJson): ReadonlyArray<string> => {
  const lines: Array<string> = []
  const compare = (name: string, wanted: unknown, got: unknown): void => {
    if (wanted !== undefined && said(wanted) !== said(got)) lines.push(`${name} is ${said(got)}, not ${said(wanted)}`)
  }
  compare("allowed", then.allowed, decision.allowed)
  compare("status", then.status, decision.status)
  compare("code", then.code, decision.code)
  compare("user", then.user, decision.user?.id ?? null)
  compare("team", then.team, decision.team?.id ?? null)
  compare("admin", then.admin, decision.admin)
  compare("agent", then.agent, decision.agent?.id ?? null)
  compare(
    "models",
    then.models?.toSorted(),
    then.models === undefined ? undefined : decision.models?.toSorted() ?? null
  )
  compare(
    "tools",
    then.tools?.toSorted(),
    then.tools === undefined ? undefined : (decision.tools ?? ["*"]).toSorted()
  )
  return lines
}

const question = (settings: FileSettings, given: Given, when: When, named: NamedTool.Located | undefined): Question => {
  const [teamHeader = "x-team-id"] = settings.policy.teamHeaders
  const [carrier = "authorization"] = settings.gateway.credentials
  return {
    method: (when.method ?? "POST").toUpperCase(),
    target: when.path ?? named?.path ?? "/v1/chat/completions",
    headers: [
      ...Object.entries(when.headers ?? {}).flat(),
      ...(given.token === undefined
        ? []
        : [carrier, carrier === "authorization" ? `Bearer ${given.token}` : given.token]),
      ...(when.team === undefined ? [] : [teamHeader, when.team])
    ],
    model: when.model,
    tool: named?.tool
  }
}

/** Who acts, outermost first. */
const agentsOf = ({ agent }: Given): ReadonlyArray<string> | undefined =>
  agent === undefined ? undefined : typeof agent === "string" ? [agent] : agent

const runOne = Effect.fnUntraced(function*(
  supposing: Supposing,
  settings: FileSettings,
  shared: Pick<PolicyTestFile, "given" | "when">,
  test: Test
) {
  const { config: _, directory: __, ...before } = shared.given ?? {}
  const given: Given = test.given === undefined ? before : test.given
  const when = { ...shared.when, ...test.when }
  const named = NamedTool.read(when, settings.policy.mcp)
  if (Result.isFailure(named)) return yield* failure(`${test.name}: ${named.failure}`)
  const asked = question(settings, given, when, named.success)
  const agents = agentsOf(given)
  if ([given.claims, given.user, given.token].filter((it) => it !== undefined).length > 1) {
    return yield* failure(`${test.name}: given names more than one of claims, user and token`)
  }
  const explanation = given.claims !== undefined
    ? yield* explainFor(supposing, { claims: given.claims, issuer: given.issuer, agents }, asked)
    : given.user !== undefined
    ? yield* explainFor(supposing, { user: given.user, teams: given.teams, scopes: given.scopes, agents }, asked)
    : agents !== undefined && given.token === undefined
    ? yield* explainFor(supposing, { agents, scopes: given.scopes }, asked)
    : yield* explain(supposing.auth, asked)
  const outcome: Outcome = {
    name: test.name,
    differences: differencesOf(test.must, explanation.decision),
    explanation
  }
  return outcome
})

/** Runs every test of a file, in order. */
export const run = (supposing: Supposing, settings: FileSettings, file: PolicyTestFile) =>
  Effect.forEach(file.tests, (test) => runOne(supposing, settings, file, test))
