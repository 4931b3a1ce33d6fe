/**
 * The rules of one deployment, compiled once.
 *
 * Every rule is a total, pure function over plain values: it answers with a
 * ruling when it denies, and with nothing when it has no objection. What the
 * rules read was looked up by others; the order in which they are asked is the
 * order of RULES. Each family of rules has its own file.
 */
import * as Result from "effect/Result"
import type { Asked } from "../Request.ts"
import type { Settings } from "../Settings.ts"
import * as McpServers from "./McpServer.ts"
import * as LinearRegExp from "./patterns/LinearRegExp.ts"
import type * as Pattern from "./patterns/Pattern.ts"
import type { ServerNames } from "./patterns/ToolPattern.ts"
import { refusedName, type RequestedModel } from "./RequestedModel.ts"
import { type RouteFit, RouteRules } from "./RouteRules.ts"
import * as Route from "./routes/Route.ts"
import * as RouteGroups from "./routes/RouteGroups.ts"
import { type LoadedTeam, RowRules } from "./RowRules.ts"
import { located, type Place, placed } from "./RulePlace.ts"
import { TokenRules } from "./TokenRules.ts"
import type { Level } from "./Tool.ts"
import { type ToolFit, ToolRules } from "./ToolRules.ts"

/** Whether a team fits a request, and if not, why. */
export type Fit = RouteFit | ToolFit | "model"

/** What is known of tools when a team is chosen: what rows name, and what is said about the caller whatever the team. */
export interface ToolsKnown {
  readonly names: ServerNames
  readonly before: ReadonlyArray<Level>
}

/** What is known besides the settings. */
export interface PolicyOptions {
  /** Lower-case names of the headers that may carry the credential; `authorization` alone by default. */
  readonly credentials?: ReadonlyArray<string>
  /** The longest token that is looked at, in bytes; 16 KiB by default. */
  readonly maxTokenLength?: number
  /** The line of a path of the settings in their file, for the trace. */
  readonly lineOf?: (path: string) => number | undefined
}

/** A regular expression as a test; one that was refused matches nothing. */
const expression = (source: string): Pattern.Matcher =>
  Result.match(LinearRegExp.compile(source), { onFailure: () => () => false, onSuccess: (it) => it.test })

/** The route groups of the release, in which a configured MCP server is one of its own. */
const groupsOf = ({ litellm, mcp }: Settings["policy"]): RouteGroups.RouteGroups =>
  ["llm_api_routes", "mcp_routes", "mcp_inference_routes"].reduce(
    (groups, name) => RouteGroups.withMore(groups, name, mcp.flatMap(McpServers.routesOf)),
    RouteGroups.of(litellm)
  )

/** How the entries of route lists are read in this deployment. */
const routesOf = (policy: Settings["policy"], groups: RouteGroups.RouteGroups): Route.RouteCompiler => {
  const whole = policy.passThroughRoutes.filter((it) => it.methods === undefined).map((it) => it.path)
  const limited = policy.passThroughRoutes.flatMap(({ methods, path }) =>
    methods === undefined ? [] : [{ group: "openai_routes", template: path, methods: new Set(methods) }]
  )
  return Route.compiler(RouteGroups.withMore(groups, "openai_routes", whole), limited)
}

export class Policy {
  readonly settings: Settings
  readonly credentials: ReadonlyArray<string>
  /** Lower-case names of the headers that ask for a team. */
  readonly teamHeaders: ReadonlySet<string>
  /** What a token itself is refused. */
  readonly token: TokenRules
  /** Which routes a caller may use. */
  readonly routes: RouteRules
  /** What the rows refuse. */
  readonly rows: RowRules
  /** Who may use what of MCP servers. */
  readonly tools: ToolRules
  readonly #place: Place
  readonly #createsTeam: Pattern.Matcher

  constructor(settings: Settings, options: PolicyOptions = {}) {
    const { directory, policy } = settings
    const groups = groupsOf(policy)
    const routes = routesOf(policy, groups)
    const place = placed(options.lineOf ?? (() => undefined))
    this.settings = settings
    this.#place = place
    this.credentials = options.credentials ?? ["authorization"]
    this.teamHeaders = new Set(policy.teamHeaders.map((name) => name.toLowerCase()))
    this.tools = new ToolRules(settings, place)
    this.token = new TokenRules(settings, routes, place, this.tools)
    this.routes = new RouteRules(policy, groups, routes, place)
    this.rows = new RowRules(policy, this.routes.isInfoRoute, place)
    const create = directory.teams.create
    this.#createsTeam = create === "always"
      ? () => true
      : create === "never"
      ? () => false
      : expression(create.match)
  }

  /** Whether an unknown team of this name is created (RULES D30). */
  createsTeam(name: string): boolean {
    return this.#createsTeam(name)
  }

  /** Facts that name a rule, with the line at which it stands in the settings' file. */
  located<Facts extends { readonly rule?: string }>(facts: Facts): Facts {
    return located(this.#place, facts)
  }

  /** Whether a team may be chosen for a request: model, tool, route, pass-through, in this order. */
  fit(loaded: LoadedTeam, asked: Asked, model: RequestedModel, known?: ToolsKnown): Fit {
    if (refusedName(model, loaded.models.allows) !== undefined) return "model"
    const tool = known === undefined || !this.tools.isConfigured
      ? "fits"
      : this.tools.fit(loaded.team, asked, known.names, known.before)
    if (tool === "tool") return tool
    const route = this.routes.fit(loaded.team, asked)
    return route === "fits" ? tool : route
  }

  /** The place of the team to be chosen: the first that fits, else the first that says nothing of what is asked for. */
  chosen(fits: ReadonlyArray<Fit>): number {
    const first = fits.indexOf("fits")
    return first === -1 ? fits.indexOf("silent") : first
  }
}
