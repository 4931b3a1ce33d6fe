/**
 * The handlers for what is not a row: issuers and their keys, the configuration,
 * the audit, a whole directory file, and the questions the other way round.
 */
import { fromRows, parse } from "@jotgate/core/DirectoryFile"
import type { IssuerStatus } from "@jotgate/core/KeyStore"
import { type Applied, type DirectoryAdmin, everyRow, type Page, refused, sizeOf } from "@jotgate/store/DirectoryAdmin"
import { Effect, Result } from "effect"
import { checkConfig } from "../config/ConfigCheck.ts"
import { parseConfig } from "../config/ConfigFile.ts"
import type { FileSettings } from "../config/GatewaySettings.ts"
import * as NamedTool from "../mcp/NamedTool.ts"
import * as Change from "./Change.ts"
import { Caller } from "./DirectoryAccess.ts"
import * as Problem from "./DirectoryProblem.ts"
import type { Managed, Management } from "./Management.ts"
import type { About } from "./Questioner.ts"
import type { Range } from "./ReverseQuestions.ts"
import * as Table from "./Table.ts"

const issuerView = (settings: FileSettings, { issuer: id, ...status }: IssuerStatus) => ({
  id,
  issuer: settings.issuers.find((it) => it.id === id)?.issuer ?? id,
  ...status
})

const issuer = Effect.fnUntraced(function*({ keys, settings }: Management, id: string) {
  const status = (yield* keys.status).find((it) => it.issuer === id)
  return status === undefined ? yield* Problem.notThere("issuer") : issuerView(settings, status)
})

/** Changes the keys of one issuer, with an audit row, and tells how they are then. */
const changingKeys = (
  managed: Managed["Service"],
  id: string,
  after: Readonly<Record<string, unknown>>,
  change: (management: Management) => Effect.Effect<void, Problem.DirectoryProblem>
) =>
  managed.use(Effect.fnUntraced(function*(management) {
    const who = yield* Caller
    const before = yield* issuer(management, id)
    const audit = { actor: who.name, action: "change", kind: "keys", id, before: before.keys, after } as const
    const changed = Effect.andThen(change(management), issuer(management, id))
    return yield* management.directory.recorded(changed, audit).pipe(
      Effect.catchTag("DirectoryUnavailable", () => Problem.notAvailable("directory"))
    )
  }))

export const issuers = (managed: Managed["Service"]) => ({
  list: () =>
    managed.use(({ keys, settings }) =>
      Effect.map(keys.status, (all) => ({ items: all.map((it) => issuerView(settings, it)) }))
    ),
  show: (id: string) => managed.use((it) => issuer(it, id)),
  refresh: (id: string) =>
    changingKeys(
      managed,
      id,
      { refreshed: true },
      ({ keys }) => Effect.catchTag(keys.refresh(id), "IssuerUnavailable", () => Problem.notAvailable("issuer"))
    ),
  drop: (id: string, kid: string | undefined) =>
    changingKeys(managed, id, { dropped: kid ?? "all" }, ({ keys }) => keys.drop(id, kid))
})

/** Whatever a setting names secrets by stays; what a URL holds of them goes. */
const redacted = (value: unknown): unknown => {
  if (typeof value === "string") {
    return value.replace(/^([a-z+]+:\/\/[^/@:]*):.*@/i, "$1:***@").replace(/([?&][a-z]*password=)[^&]*/gi, "$1***")
  }
  if (Array.isArray(value)) return value.map(redacted)
  return typeof value === "object" && value !== null
    ? Object.fromEntries(Object.entries(value).map(([name, it]) => [name, redacted(it)]))
    : value
}

/** The settings as JSON, without secrets. */
export const shown = (settings: FileSettings): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, redacted(value)]))

/** What is wrong with the text of a configuration, or worth a look. */
const findingsOf = (text: string, { base, env }: Management) =>
  Result.match(parseConfig({ name: "configuration", text, directory: base, env }), {
    onFailure: ({ findings }) => findings.map((it) => ({ severity: "error" as const, ...it })),
    onSuccess: (file) => checkConfig(file).map((it) => ({ ...it, ...file.positionOf(it.path) }))
  })

export const config = (managed: Managed["Service"]) => ({
  current: () => managed.use(({ settings }) => Effect.succeed(shown(settings))),
  validate: (payload: string | { readonly text: string }) =>
    managed.use((management) =>
      Effect.sync(() => {
        const found = findingsOf(typeof payload === "string" ? payload : payload.text, management)
        const findings = found.map(({ column, line, message, path, severity }) => ({
          severity,
          path,
          line,
          column,
          message
        }))
        return { valid: findings.every((it) => it.severity !== "error"), findings }
      })
    )
})

export const audit = (managed: Managed["Service"]) => ({
  list: (query: Table.ListQuery) =>
    managed.use(Effect.fnUntraced(function*({ directory }) {
      const range = yield* Table.rangeOf("audit", query)
      const before = range.after === undefined ? {} : { before: Number(range.after) }
      const rows = yield* Effect.mapError(directory.audits({ limit: range.limit + 1, ...before }), Change.worded)
      const items = rows.slice(0, range.limit)
      const last = items.at(-1)
      const next = last === undefined || items.length === rows.length ? undefined : String(last.seq)
      return Table.page("audit", query, { items, next })
    }))
})

/** Every row, as a directory file. */
export const exported = Effect.fnUntraced(function*(directory: DirectoryAdmin["Service"]) {
  const ofFile = {
    organizations: yield* directory.ofFile("organizations"),
    modelGroups: yield* directory.ofFile("modelGroups"),
    teams: yield* directory.ofFile("teams"),
    users: yield* directory.ofFile("users"),
    endUsers: yield* directory.ofFile("endUsers"),
    agents: yield* directory.ofFile("agents")
  }
  return fromRows({
    organizations: yield* everyRow(directory, "organizations"),
    modelGroups: yield* everyRow(directory, "modelGroups"),
    teams: yield* everyRow(directory, "teams"),
    users: yield* everyRow(directory, "users"),
    endUsers: yield* everyRow(directory, "endUsers"),
    agents: yield* everyRow(directory, "agents"),
    memberships: yield* everyRow(directory, "memberships")
  }, (kind, id) => ofFile[kind].has(id))
})

/** A plan for programs and people: how much, and the first steps. */
const planView = (plan: Applied, applied: boolean) => ({
  applied,
  ...plan,
  untold: sizeOf(plan) - plan.steps.length
})

const inPayload = (path: Problem.Fault["path"]) => ["payload", ...path]

export const directory = (managed: Managed["Service"]) => ({
  export: () => managed.use(({ directory }) => Effect.mapError(exported(directory), Change.worded)),
  apply: (document: unknown, query: { readonly prune?: "none" | "file" | "all"; readonly dryRun?: string }) =>
    managed.use(Effect.fnUntraced(function*({ directory, onProgress }) {
      const who = yield* Caller
      const file = parse(document)
      if (Result.isFailure(file)) {
        return yield* Problem.inputInvalid(file.failure.map(({ message, other, path }) => ({
          path: inPayload(path),
          message: other === undefined ? message : `${message}: first at ${other.join(".")}`
        })))
      }
      const dryRun = query.dryRun === "true"
      const plan = yield* directory.apply(file.success, {
        actor: who.name,
        prune: query.prune ?? "none",
        origin: "api",
        dryRun,
        ...(onProgress === undefined ? {} : { onProgress })
      }).pipe(
        Effect.mapError((it) =>
          it._tag === "ChangeRefused"
            ? refused(it.reason, it.findings.map(({ message, path }) => ({ path: inPayload(path), message })))
            : it
        ),
        Effect.mapError(Change.worded)
      )
      return planView(plan, !dryRun)
    }))
})

interface AboutQuery {
  readonly model?: string
  readonly tool?: string
  readonly prompt?: string
  readonly resource?: string
  readonly agent?: string
  readonly agents?: "true" | "false"
  readonly route?: string
  readonly method?: string
}

const aboutOf = (
  { agent, agents, method = "POST", model, prompt, resource, route, tool }: AboutQuery
): About => ({
  agent,
  withAgents: agents === "true",
  model,
  route,
  method,
  tool,
  prompt,
  resource
})

/** How many rows are looked at before others have a turn: some 10 ms. */
const piece = 2_000

/** A page of those who may, of whichever kind. */
type Listing = (
  about: About,
  range: Range
) => Effect.Effect<Page<unknown>, Effect.Error<ReturnType<Management["questions"]["users"]>>>

export const questions = (managed: Managed["Service"]) => {
  const asking = <A>(
    query: AboutQuery,
    ask: (
      questions: Management["questions"],
      about: About
    ) => Effect.Effect<A, Effect.Error<ReturnType<Management["questions"]["user"]>> | Problem.DirectoryProblem>
  ) =>
    managed.use(({ questions, settings }) => {
      const { prompt, resource, tool } = query
      const named = NamedTool.read({ tool, prompt, resource }, settings.policy.mcp)
      const kind = tool !== undefined ? "tool" : prompt !== undefined ? "prompt" : "resource"
      return Result.isFailure(named)
        ? Problem.inputInvalid([{ path: ["query", kind], message: named.failure }])
        : Effect.mapError(ask(questions, aboutOf(query)), (it) =>
          it._tag === "BadRequest"
            ? Problem.inputInvalid([{ path: ["query", "route"], message: "can be read in more than one way" }])
            : Change.worded(it))
    })
  const listing =
    (kind: "teams" | "users" | "agents", page: (questions: Management["questions"]) => Listing) =>
    (query: AboutQuery & Table.ListQuery) =>
      asking(
        query,
        Effect.fnUntraced(function*(it, about) {
          const range = yield* Table.rangeOf(kind, query)
          const items: Array<unknown> = []
          let next = range.after
          // In pieces: whoever else is answered here does not wait for all of them.
          for (let left = range.limit; left > 0; left -= piece) {
            const { next: after, rows } = yield* page(it)(about, {
              limit: Math.min(left, piece),
              ...(next === undefined ? {} : { after: next })
            })
            for (const row of rows) items.push(row)
            next = after
            if (next === undefined) break
            yield* Effect.yieldNow
          }
          return Table.page(kind, query, { items, next })
        })
      )
  return {
    teams: listing("teams", (it) => it.teams),
    users: listing("users", (it) => it.users),
    agents: listing("agents", (it) => it.agents),
    agent: (id: string, query: AboutQuery) => asking(query, (it, about) => it.agent(id, about)),
    team: (id: string, query: AboutQuery) => asking(query, (it, about) => it.team(id, about)),
    user: (id: string, query: AboutQuery) => asking(query, (it, about) => it.user(id, about)),
    anybody: (query: AboutQuery) => asking(query, (it, about) => it.anybody(about))
  }
}
