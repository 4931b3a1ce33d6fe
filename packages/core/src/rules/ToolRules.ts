/**
 * Who may use what an MCP server offers: one answer for calls, filtered lists,
 * headers, explanations and reverse questions (DESIGN §11).
 *
 * A server is named when the server part of a pattern of any rule or row
 * matches it, each kind apart. At a server that is not named whoever may use its
 * route may everything; at a named one some level of the caller must list the
 * item, and no level that has a list may lack it. Agents only take away. A
 * server's scopes must all be held, whatever is asked for there.
 */
import type { Identity } from "../Identity.ts"
import type { Asked } from "../Request.ts"
import type { McpServer, Settings } from "../Settings.ts"
import * as McpServers from "./McpServer.ts"
import * as Pattern from "./patterns/Pattern.ts"
import { namesOf, noNames, type ServerNames, type ToolLists } from "./patterns/ToolPattern.ts"
import {
  anyServer,
  noTool,
  type RequestedTool,
  type Tool,
  type ToolKind,
  toolKinds,
  toolName,
  toolsOf,
  unseenTool
} from "./RequestedTool.ts"
import type { Standing } from "./Role.ts"
import type { Place } from "./RulePlace.ts"
import type { Ruling } from "./Ruling.ts"
import {
  type CompiledLists,
  compileLists,
  type Level,
  member,
  type OfServers,
  sentence,
  silent,
  type Speaker
} from "./Tool.ts"

/** Everything that one answer rests on. */
export interface ToolQuestion {
  /** What the rows of the directory name. */
  readonly names: ServerNames
  /** What is said about the caller; the agents come last. */
  readonly levels: ReadonlyArray<Level>
  /** The scopes of the token. */
  readonly scopes: ReadonlyArray<string>
  /** Whether an agent acts on its own: then its own list is what must list the item. */
  readonly alone: boolean
}

/** A list that lacks what is asked for, as a step tells it. */
export interface Lacking {
  readonly level: Level["of"]
  /** The path of the rule, or the id of the row. */
  readonly name: string
  readonly patterns: ReadonlyArray<string>
}

/** Why an item is denied. */
interface Objections {
  readonly lacking: ReadonlyArray<Level>
  /** Whether no level of the caller lists it. */
  readonly unlisted: boolean
}

/** Whether a team may be chosen: it lists what is asked for, lacks it, or says nothing where something must be said. */
export type ToolFit = "fits" | "tool" | "silent"

const noLevels: ReadonlyArray<Level> = []

/** Sets of held scopes that are remembered. */
const mostHeld = 256

type ServerMatchers = { readonly [K in ToolKind]: Pattern.Matcher }

const matchersOf = (names: ServerNames, ofServers: OfServers): ServerMatchers => ({
  tool: ofServers(Pattern.compileAny(names.tool)),
  prompt: ofServers(Pattern.compileAny(names.prompt)),
  resource: ofServers(Pattern.compileAny(names.resource))
})

const texts: { readonly [of in Level["of"]]: (name: string) => string } = {
  issuer: (name) => `the grants of the issuer ${name} do not list it`,
  role: (name) => `${name} does not list it`,
  scope: () => "no scope of the token lists it",
  organization: (name) => `the organization ${name} does not list it`,
  team: (name) => `the team ${name} does not list it`,
  membership: (name) => `the membership in ${name} does not list it`,
  user: (name) => `the user ${name} does not list it`,
  agent: (name) => `the agent ${name} does not list it`
}

export class ToolRules {
  readonly servers: ReadonlyArray<McpServer>
  /** The server of a path. */
  readonly serverOf: McpServers.ServerOfPath<McpServer>
  /** Whether any server is configured: where none is, no rule is asked and nothing is looked up. */
  readonly isConfigured: boolean
  readonly #settings: Settings
  readonly #place: Place
  readonly #byName: ReadonlyMap<string, McpServer>
  readonly #ofServers: OfServers
  readonly #rulesName: ServerNames
  readonly #ofRules: ServerMatchers
  readonly #ofRows = new WeakMap<ServerNames, ServerMatchers>()
  readonly #lists = new WeakMap<ToolLists, CompiledLists>()
  readonly #scopesDecide: { readonly [K in ToolKind]: boolean }
  /** What the held ones of `policy.scopes` say together, by their positions. */
  readonly #ofHeld = new Map<string, ReadonlyArray<Level>>()

  constructor(settings: Settings, place: Place) {
    const { issuers, policy } = settings
    this.servers = policy.mcp
    this.serverOf = McpServers.compile(policy.mcp)
    this.isConfigured = policy.mcp.length > 0
    this.#settings = settings
    this.#place = place
    this.#byName = new Map(policy.mcp.map((it) => [it.server, it]))
    this.#ofServers = McpServers.byAnyName(policy.mcp)
    this.#rulesName = namesOf([...issuers.map((it) => it.grants), ...policy.roles, ...policy.scopes])
    this.#ofRules = matchersOf(this.#rulesName, this.#ofServers)
    this.#scopesDecide = {
      tool: policy.scopes.some((it) => it.tools !== undefined),
      prompt: policy.scopes.some((it) => it.prompts !== undefined),
      resource: policy.scopes.some((it) => it.resources !== undefined)
    }
  }

  /**
   * What a request asks for. On the path of a server a door that did not say what it saw has seen nothing (RULES D53),
   * nor has any where MCP is spoken at a path that is no server's here.
   */
  asked({ path, tool }: Asked): RequestedTool {
    if (tool !== undefined || !this.isConfigured) return tool ?? noTool
    const server = this.serverOf(path)
    return server === undefined
      ? McpServers.isElsewhere(path) ? unseenTool(anyServer) : noTool
      : unseenTool(server.server)
  }

  /** Whether a rule of tools can say something about a request, or about what else its caller may use. */
  concerns(asked: Asked): boolean {
    return this.isConfigured &&
      (asked.tool !== undefined || asked.listsModels === true || this.serverOf(asked.path) !== undefined ||
        McpServers.isElsewhere(asked.path))
  }

  /** What a row or a rule says, compiled once. */
  lists(row: ToolLists): CompiledLists {
    if ((row.tools ?? row.prompts ?? row.resources ?? null) === null) return silent
    const known = this.#lists.get(row)
    if (known !== undefined) return known
    const compiled = compileLists(row, this.#ofServers)
    this.#lists.set(row, compiled)
    return compiled
  }

  /** The level of a row; `undefined` when there is none, or it says nothing. */
  level(of: Level["of"], name: string, row: ToolLists | undefined): ReadonlyArray<Level> {
    if (row === undefined) return noLevels
    const lists = this.lists(row)
    return lists === silent ? noLevels : [{ of, name, lists }]
  }

  /** What issuer, role and scopes of a token say. */
  ofToken(identity: Identity, { role }: Standing): ReadonlyArray<Level> {
    if (!this.isConfigured) return noLevels
    const { policy } = this.#settings
    const index = role === undefined ? -1 : policy.roles.findIndex((it) => it.role === role)
    return [
      ...this.level("issuer", identity.issuer, this.#settings.issuers.find((it) => it.id === identity.issuer)?.grants),
      ...this.level("role", `policy.roles[${index}]`, policy.roles[index]),
      ...this.#ofScopes(identity.scopes)
    ]
  }

  /** One list for all held scopes: their union, in which `!` wins. Whoever holds none of them has an empty one. */
  #ofScopes(scopes: ReadonlyArray<string>): ReadonlyArray<Level> {
    const { prompt, resource, tool } = this.#scopesDecide
    if (!tool && !prompt && !resource) return noLevels
    const held = this.#settings.policy.scopes.flatMap((it, at) => scopes.includes(it.scope) ? [{ ...it, at }] : [])
    const key = held.map((it) => it.at).join(" ")
    const known = this.#ofHeld.get(key)
    if (known !== undefined) return known
    const lists = compileLists({
      tools: tool ? held.flatMap((it) => it.tools ?? []) : null,
      prompts: prompt ? held.flatMap((it) => it.prompts ?? []) : null,
      resources: resource ? held.flatMap((it) => it.resources ?? []) : null
    }, this.#ofServers)
    const levels: ReadonlyArray<Level> = [{ of: "scope", name: "policy.scopes", lists }]
    // Tokens choose the key: whoever draws ever other scopes only makes this be compiled anew.
    if (this.#ofHeld.size >= mostHeld) this.#ofHeld.clear()
    this.#ofHeld.set(key, levels)
    return levels
  }

  /** Whether some pattern of a rule or a row is about this server. */
  isNamed(kind: ToolKind, server: string, names: ServerNames): boolean {
    if (this.#ofRules[kind](server)) return true
    if (names === noNames) return false
    const known = this.#ofRows.get(names) ?? matchersOf(names, this.#ofServers)
    this.#ofRows.set(names, known)
    return known[kind](server)
  }

  /** Whether something that is not seen could be denied: the server is named, or some is where it cannot be told. */
  #isAtStake(kind: ToolKind, server: string, names: ServerNames): boolean {
    return server === anyServer
      ? this.#rulesName[kind].length > 0 || names[kind].length > 0
      : this.isNamed(kind, server, names)
  }

  /** The scopes of a server that a token lacks. */
  missingScopes(server: string, scopes: ReadonlyArray<string>): ReadonlyArray<string> {
    const needed = this.#byName.get(server)?.scopes ?? []
    return needed.length === 0 ? needed : needed.filter((it) => !scopes.includes(it))
  }

  /**
   * What a token holds of the scopes that these servers and the rules of tools ask for. A challenge names them too:
   * there are clients that ask for what it names and nothing else, and would lose these by signing in again.
   */
  #held(servers: ReadonlySet<string>, scopes: ReadonlyArray<string>): ReadonlyArray<string> {
    const asked = new Set([
      ...[...servers].flatMap((it) => this.#byName.get(it)?.scopes ?? []),
      ...this.#settings.policy.scopes.flatMap((it) => this.lists(it) === silent ? [] : [it.scope])
    ])
    return [...asked].filter((it) => scopes.includes(it))
  }

  /** Whether a caller may use an item: the one rule. */
  allows(kind: ToolKind, server: string, name: string, question: ToolQuestion): boolean {
    if (this.missingScopes(server, question.scopes).length > 0) return false
    if (!this.isNamed(kind, server, question.names)) return true
    let isListed = false
    for (const { lists, of } of question.levels) {
      const list = lists[kind]
      if (list === undefined) continue
      if (!list.allows(server, name)) return false
      if (of !== "agent" || question.alone) isListed = true
    }
    return isListed
  }

  /** Whether a caller may use everything whose name begins so. */
  allowsEvery(kind: ToolKind, server: string, prefix: string, question: ToolQuestion): boolean {
    if (this.missingScopes(server, question.scopes).length > 0) return false
    if (!this.isNamed(kind, server, question.names)) return true
    const levels = question.levels.filter((it) => it.lists[kind] !== undefined)
    return levels.some((it) => it.of !== "agent" || question.alone) &&
      levels.every((it) => it.lists[kind]?.allowsEvery(server, prefix) === true)
  }

  /** Whether a team may be chosen for what is asked for; `before`: what is said about its caller before a team is known. */
  fit(team: ToolLists, asked: Asked, names: ServerNames, before: ReadonlyArray<Level>): ToolFit {
    const lists = this.lists(team)
    let fit: ToolFit = "fits"
    for (const { kind, name, server } of toolsOf(this.asked(asked))) {
      if (!this.isNamed(kind, server, names)) continue
      const list = lists[kind]
      if (list?.allows(server, name) === false) return "tool"
      if (list === undefined && !before.some((it) => it.lists[kind] !== undefined)) fit = "silent"
    }
    return fit
  }

  /** What of a team lacks what is asked for, for the facts of a denial. */
  lacking(team: ToolLists & { readonly id: string }, asked: Asked): ReadonlyArray<Lacking> {
    const lists = this.lists(team)
    const kinds = new Set(
      toolsOf(this.asked(asked)).flatMap(({ kind, name, server }) =>
        lists[kind]?.allows(server, name) === false ? [kind] : []
      )
    )
    return [...kinds].map((kind) => ({ level: "team", name: team.id, patterns: lists[kind]?.patterns ?? [] }))
  }

  #objections({ kind, name, server }: Tool, { alone, levels, names }: ToolQuestion): Objections | undefined {
    if (!this.isNamed(kind, server, names)) return undefined
    const lacking = levels.filter((it) => it.lists[kind]?.allows(server, name) === false)
    const unlisted = !levels.some((it) => (it.of !== "agent" || alone) && it.lists[kind] !== undefined)
    return lacking.length === 0 && !unlisted ? undefined : { lacking, unlisted }
  }

  /** The scope whose mapping lists an item that the held ones lack; `undefined` when something else lacks it too. */
  #openingScope({ kind, name, server }: Tool, { lacking, unlisted }: Objections): string | undefined {
    if (unlisted || lacking.some((it) => it.of !== "scope")) return undefined
    return this.#settings.policy.scopes.find((it) => this.lists(it)[kind]?.allows(server, name) === true)?.scope
  }

  /** What a request is refused: every missing scope in one challenge, where scopes are all that is missing. */
  judge(asked: Asked, question: ToolQuestion, speaker: Speaker): Ruling | undefined {
    const wanted = this.asked(asked)
    const tools = toolsOf(wanted)
    const onPath = this.serverOf(asked.path)?.server
    const servers = new Set([...tools.map((it) => it.server), ...(onPath === undefined ? [] : [onPath])])
    const scope = new Set([...servers].flatMap((it) => this.missingScopes(it, question.scopes)))
    for (const tool of tools) {
      const objections = this.#objections(tool, question)
      if (objections === undefined) continue
      const opening = this.#openingScope(tool, objections)
      if (opening === undefined) return this.#denied(tool, objections, question, speaker)
      scope.add(opening)
    }
    if (wanted._tag === "Unseen" && toolKinds.some((kind) => this.#isAtStake(kind, wanted.server, question.names))) {
      return { step: "tool", code: "tool_unseen", facts: { server: wanted.server } }
    }
    if (scope.size === 0) return undefined
    const missing = [...scope]
    const [tool] = tools
    const what = tool === undefined ? `use ${[...servers].join(", ")}` : `use ${toolName(tool)}`
    const text = `${speaker.agents[0] ?? speaker.caller ?? "The caller"} may not ${what}: the token lacks ${
      missing.map((it) => JSON.stringify(it)).join(", ")
    }`
    return {
      step: "tool",
      code: "tool_denied",
      facts: this.#place("policy.mcp", { ...factsOf(tool), missing, text }),
      scope: missing,
      held: this.#held(servers, question.scopes)
    }
  }

  /** The path of the setting that a level is; `undefined` for a row. */
  #settingOf({ name, of }: Level): string | undefined {
    return of === "issuer"
      ? `issuers[${this.#settings.issuers.findIndex((it) => it.id === name)}].grants`
      : of === "role" || of === "scope"
      ? name
      : undefined
  }

  #denied(tool: Tool, { lacking, unlisted }: Objections, question: ToolQuestion, speaker: Speaker): Ruling {
    const ours = lacking.filter((it) => it.of !== "agent" || question.alone)
    const agents = lacking.filter((it) => it.of === "agent").map((it) => it.name)
    const callerMay = ours.length === 0 && !unlisted
    const [first] = ours
    const setting = lacking.map((it) => this.#settingOf(it)).find((it) => it !== undefined)
    const because = first === undefined
      ? unlisted ? "nothing that is said about the caller lists it" : `${agents.join(", ")} may not`
      : texts[first.of](first.name)
    return {
      step: "tool",
      code: "tool_denied",
      facts: {
        ...(setting === undefined ? {} : this.#place(`${setting}.${member[tool.kind]}`, {})),
        ...factsOf(tool),
        lacking: lacking.map((it) => ({
          level: it.of,
          name: it.name,
          patterns: it.lists[tool.kind]?.patterns ?? []
        })),
        unlisted,
        text: sentence(tool.kind, toolName(tool), speaker, { callerMay, refusing: agents, because })
      }
    }
  }
}

const factsOf = (tool: Tool | undefined): { readonly [name: string]: string } =>
  tool === undefined ? {} : { tool: toolName(tool), kind: tool.kind }
