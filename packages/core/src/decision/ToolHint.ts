/**
 * What would have let a program use something of an MCP server, or let an agent act: which lists must have it, which
 * scopes the token lacks, what else could be called.
 *
 * As every hint it is tried where that is possible: without the tool, or without the agents, the same request must
 * pass, so that what is named is all that stands against it.
 */
import * as Effect from "effect/Effect"
import { type Allowed, resolvedBy } from "../Decision.ts"
import type { Denial } from "../Errors.ts"
import { modelText, noTool, toolFrom, toolKinds, toolsOf } from "../Request.ts"
import { compile, member } from "../rules/Tool.ts"
import type { Change, FactsOf } from "../Step.ts"
import type { Noted, Now } from "../Trace.ts"
import type { Caller } from "./Caller.ts"

/** Tries a caller that is another in one thing; `undefined` when it is denied too. */
export type Outcome = (caller: Caller, now: Now) => Effect.Effect<Allowed | undefined>

/** The same caller with these scopes. */
export type WithScopes = (caller: Caller, scopes: ReadonlyArray<string>) => Caller

/** Other tools that are named at most. */
const NAMED = 20

type Place = NonNullable<FactsOf<"tool">["lacking"]>[number]

const quoted = (names: ReadonlyArray<string>): string => names.map((it) => JSON.stringify(it)).join(", ")

/** A rule by its path, a row by its id. */
const called = ({ level, name }: Pick<Place, "level" | "name">): string => {
  switch (level) {
    case "role":
    case "scope":
      return name
    case "issuer":
      return `the grants of the issuer ${JSON.stringify(name)}`
    case "membership":
      return `the membership in ${JSON.stringify(name)}`
    default:
      return `the ${level} ${JSON.stringify(name)}`
  }
}

/** The patterns with `!` that take this away. */
const taking = (tool: string, patterns: ReadonlyArray<string>): ReadonlyArray<string> => {
  const named = toolFrom(tool)
  return named === undefined
    ? []
    : patterns.filter((it) => it.startsWith("!") && compile([it.slice(1)]).allows(named.server, named.name))
}

/** Whose list must have what nobody lists: the team's, else the user's, else the agent's. */
const somewhere = (steps: ReadonlyArray<Noted>): ReadonlyArray<Place> => {
  const { agent, team, user } = resolvedBy(steps)
  const [level, id] = team !== undefined
    ? ["team", team.id] as const
    : user !== undefined
    ? ["user", user.id] as const
    : ["agent", agent?.id] as const
  return id === undefined ? [] : [{ level, name: id, patterns: [] }]
}

/** What stands in the lists, and what must. */
const listed = (facts: FactsOf<"tool">, promised: string, steps: ReadonlyArray<Noted>): ReadonlyArray<Change> => {
  const { candidates, kind, lacking = [], tool, unlisted } = facts
  if (tool === undefined || tool === null) return []
  if (candidates !== undefined) {
    const text = `A team of the token must list ${JSON.stringify(tool)}: ${quoted(lacking.map((it) => it.name))} ${
      lacking.length === 1 ? "does" : "do"
    } not.`
    return lacking.length === 0
      ? []
      : [{ change: "tool", tool, in: lacking.map(({ level, name }) => ({ level, name })), text }]
  }
  const places = unlisted === true ? [...somewhere(steps), ...lacking] : lacking
  if (places.length === 0) return []
  const what = member[toolKinds.find((it) => it === kind) ?? "tool"]
  const where = places.map((it) => {
    const taken = taking(tool, it.patterns)
    return taken.length === 0 ? called(it) : `${called(it)}, without ${quoted(taken)} there`
  })
  const text = `${promised} ${JSON.stringify(tool)} among the ${what} of ${where.join(" and of ")}.`
  return [{ change: "tool", tool, in: places.map(({ level, name }) => ({ level, name })), text }]
}

/** What would help whoever was denied something of an MCP server. */
const byTool = (outcome: Outcome, withScopes: WithScopes) =>
  Effect.fnUntracedEager(function*(caller: Caller, denial: Denial, steps: ReadonlyArray<Noted>, now: Now) {
    const { asked, identity } = caller
    const scope = denial._tag === "Forbidden" ? denial.scope : undefined
    const changes: Array<Change> = []
    if (scope !== undefined && scope.length > 0) {
      const held = [...identity.scopes, ...scope.filter((it) => !identity.scopes.includes(it))]
      if ((yield* outcome(withScopes(caller, held), now)) !== undefined) {
        const text = `It would be allowed with the scope${scope.length === 1 ? "" : "s"} ${quoted(scope)}.`
        changes.push({ change: "scope", scope: scope.join(" "), text })
      }
    }
    const without = yield* outcome({ ...caller, asked: { ...asked, tool: noTool, listsModels: true } }, now)
    const denied = steps.find((it): it is Noted<"tool"> => it.step === "tool" && it.outcome === "denied")
    if (without === undefined || denied === undefined) return changes
    const tools = toolsOf(asked.tool ?? noTool)
    if (scope === undefined) {
      const promised = tools.length === 1 ? "It would be allowed with" : "It needs"
      changes.push(...listed(denied.facts, promised, steps))
    }
    const server = tools[0]?.server
    const others = tools.some((it) => it.kind === "tool")
      ? without.reach.tools().filter((it) => it.startsWith(`${server}/`) || it.startsWith(`!${server}/`)).slice(
        0,
        NAMED
      )
      : []
    if (others.some((it) => !it.startsWith("!"))) {
      const text = `It would be allowed with a tool among ${quoted(others)}.`
      changes.push({ change: "tool", tools: others, text })
    }
    return changes
  })

/** What would help an agent whose row is what denies. */
const byAgent = (outcome: Outcome) =>
  Effect.fnUntracedEager(function*(caller: Caller, { code }: Denial, steps: ReadonlyArray<Noted>, now: Now) {
    const { agent } = resolvedBy(steps)
    if (agent === undefined) return []
    if (code === "trace_id_required") {
      const header = "x-litellm-trace-id"
      const text = `It would be allowed with the id of a trace, in the header ${header}.`
      const change: Change = { change: "request", header, text }
      return (yield* outcome({ ...caller, traced: true }, now)) === undefined ? [] : [change]
    }
    if (code === "principal_required") {
      const text = `The agent ${
        JSON.stringify(agent.id)
      } acts for nobody: the token must name a user, or its row be autonomous.`
      return caller.identity.user === undefined ? [{ change: "agent", name: agent.id, text } satisfies Change] : []
    }
    const denied = steps.findLast((it) => it.outcome === "denied")
    const name = denied?.step === "agent" || denied?.step === "model" ? denied.facts.agent : undefined
    const team = denied?.step === "agent" ? denied.facts.team : undefined
    const isOfTeam = code === "team_denied" && denied?.step === "agent"
    if (typeof name !== "string" || !(isOfTeam || code === "agent_model_denied")) return []
    const what = isOfTeam ? team : modelText(caller.asked.model)
    if (what === undefined || what === null || (yield* outcome({ ...caller, agents: [] }, now)) === undefined) return []
    const promised = agent.chain.length === 1 ? "It would be allowed with" : "It needs"
    const text = `${promised} ${JSON.stringify(what)} among the ${isOfTeam ? "teams" : "models"} of the agent ${
      JSON.stringify(name)
    }.`
    return [{ change: "agent", name, text } satisfies Change]
  })

/** What is said of a tool that a door does not see. */
const unseen: Change = {
  change: "request",
  header: "mcp-method",
  text:
    "This door sees no tool: send MCP-Protocol-Version 2026-07-28 with Mcp-Method and Mcp-Name, or ask the gate's proxy."
}

/** What would have helped, of everything that is about tools and agents. `steps` are those of the denied decision. */
export const make = (outcome: Outcome, withScopes: WithScopes) => {
  const ofTool = byTool(outcome, withScopes)
  const ofAgent = byAgent(outcome)
  return Effect.fnUntracedEager(function*(caller: Caller, denial: Denial, steps: ReadonlyArray<Noted>, now: Now) {
    if (denial.code === "tool_unseen") return [unseen]
    return denial.code === "tool_denied"
      ? yield* ofTool(caller, denial, steps, now)
      : yield* ofAgent(caller, denial, steps, now)
  })
}
