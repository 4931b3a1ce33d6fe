/**
 * The directory's API with its handlers: what the admin listener serves under
 * `/admin/v1`, and what the command line asks in its own process.
 */
import { Effect, Layer } from "effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as LiteLLMHandlers from "./compat/LiteLLMHandlers.ts"
import * as DenyList from "./DenyList.ts"
import { DirectoryApi } from "./DirectoryApi.ts"
import { Managed } from "./Management.ts"
import * as Operations from "./Operations.ts"
import * as Table from "./Table.ts"

const users = HttpApiBuilder.group(
  DirectoryApi,
  "users",
  Effect.fn(function*(handlers) {
    const it = Table.handlers("users", yield* Managed)
    return handlers
      .handle("list", ({ query }) => it.list(query, Table.filterOf(query)))
      .handle("create", ({ headers, payload }) => it.create(payload, { headers, payload }))
      .handle("show", ({ params }) => it.show(params))
      .handle("put", ({ params, ...asked }) => it.put(params, asked))
      .handle("update", ({ params, ...asked }) => it.update(params, asked))
      .handle("remove", ({ headers, params }) => it.remove(params, headers))
  })
)

const teams = HttpApiBuilder.group(
  DirectoryApi,
  "teams",
  Effect.fn(function*(handlers) {
    const it = Table.handlers("teams", yield* Managed)
    return handlers
      .handle("list", ({ query }) => it.list(query, Table.filterOf(query)))
      .handle("create", ({ headers, payload }) => it.create(payload, { headers, payload }))
      .handle("show", ({ params }) => it.show(params))
      .handle("put", ({ params, ...asked }) => it.put(params, asked))
      .handle("update", ({ params, ...asked }) => it.update(params, asked))
      .handle("remove", ({ headers, params }) => it.remove(params, headers))
  })
)

const organizations = HttpApiBuilder.group(
  DirectoryApi,
  "organizations",
  Effect.fn(function*(handlers) {
    const it = Table.handlers("organizations", yield* Managed)
    return handlers
      .handle("list", ({ query }) => it.list(query, Table.filterOf(query)))
      .handle("create", ({ headers, payload }) => it.create(payload, { headers, payload }))
      .handle("show", ({ params }) => it.show(params))
      .handle("put", ({ params, ...asked }) => it.put(params, asked))
      .handle("update", ({ params, ...asked }) => it.update(params, asked))
      .handle("remove", ({ headers, params }) => it.remove(params, headers))
  })
)

const endUsers = HttpApiBuilder.group(
  DirectoryApi,
  "endUsers",
  Effect.fn(function*(handlers) {
    const it = Table.handlers("endUsers", yield* Managed)
    return handlers
      .handle("list", ({ query }) => it.list(query, Table.filterOf(query)))
      .handle("create", ({ headers, payload }) => it.create(payload, { headers, payload }))
      .handle("show", ({ params }) => it.show(params))
      .handle("put", ({ params, ...asked }) => it.put(params, asked))
      .handle("update", ({ params, ...asked }) => it.update(params, asked))
      .handle("remove", ({ headers, params }) => it.remove(params, headers))
  })
)

const modelGroups = HttpApiBuilder.group(
  DirectoryApi,
  "modelGroups",
  Effect.fn(function*(handlers) {
    const it = Table.handlers("modelGroups", yield* Managed)
    return handlers
      .handle("list", ({ query }) => it.list(query, Table.filterOf(query)))
      .handle("create", ({ headers, payload }) => it.create(payload, { headers, payload }))
      .handle("show", ({ params }) => it.show(params))
      .handle("put", ({ params, ...asked }) => it.put(params, asked))
      .handle("update", ({ params, ...asked }) => it.update(params, asked))
      .handle("remove", ({ headers, params }) => it.remove(params, headers))
  })
)

const agents = HttpApiBuilder.group(
  DirectoryApi,
  "agents",
  Effect.fn(function*(handlers) {
    const it = Table.handlers("agents", yield* Managed)
    return handlers
      .handle("list", ({ query }) => it.list(query, Table.filterOf(query)))
      .handle("create", ({ headers, payload }) => it.create(payload, { headers, payload }))
      .handle("show", ({ params }) => it.show(params))
      .handle("put", ({ params, ...asked }) => it.put(params, asked))
      .handle("update", ({ params, ...asked }) => it.update(params, asked))
      .handle("remove", ({ headers, params }) => it.remove(params, headers))
  })
)

const memberships = HttpApiBuilder.group(
  DirectoryApi,
  "memberships",
  Effect.fn(function*(handlers) {
    const it = Table.handlers("memberships", yield* Managed)
    return handlers
      .handle("list", ({ query }) => it.list(query, Table.filterOf(query)))
      .handle("create", ({ headers, payload }) => it.create(payload, { headers, payload }))
      .handle("show", ({ params }) => it.show(params))
      .handle("put", ({ params, ...asked }) => it.put(params, asked))
      .handle("update", ({ params, ...asked }) => it.update(params, asked))
      .handle("remove", ({ headers, params }) => it.remove(params, headers))
  })
)

const deny = HttpApiBuilder.group(
  DirectoryApi,
  "deny",
  Effect.fn(function*(handlers) {
    const it = DenyList.handlers(yield* Managed)
    return handlers
      .handle("list", ({ query }) => it.list(query))
      .handle("create", ({ payload }) => it.create(payload))
      .handle("show", ({ params }) => it.show(params.id))
      .handle("remove", ({ params }) => it.remove(params.id))
  })
)

const issuers = HttpApiBuilder.group(
  DirectoryApi,
  "issuers",
  Effect.fn(function*(handlers) {
    const it = Operations.issuers(yield* Managed)
    return handlers
      .handle("list", () => it.list())
      .handle("show", ({ params }) => it.show(params.id))
      .handle("refresh", ({ params }) => it.refresh(params.id))
      .handle("drop", ({ params, query }) => it.drop(params.id, query.kid))
  })
)

const config = HttpApiBuilder.group(
  DirectoryApi,
  "config",
  Effect.fn(function*(handlers) {
    const it = Operations.config(yield* Managed)
    return handlers
      .handle("current", () => it.current())
      .handle("validate", ({ payload }) => it.validate(payload))
  })
)

const audit = HttpApiBuilder.group(
  DirectoryApi,
  "audit",
  Effect.fn(function*(handlers) {
    const it = Operations.audit(yield* Managed)
    return handlers.handle("list", ({ query }) => it.list(query))
  })
)

const directory = HttpApiBuilder.group(
  DirectoryApi,
  "directory",
  Effect.fn(function*(handlers) {
    const it = Operations.directory(yield* Managed)
    return handlers
      .handle("export", () => it.export())
      .handle("apply", ({ payload, query }) => it.apply(payload, query))
  })
)

const questions = HttpApiBuilder.group(
  DirectoryApi,
  "questions",
  Effect.fn(function*(handlers) {
    const it = Operations.questions(yield* Managed)
    return handlers
      .handle("teamsWhoMay", ({ query }) => it.teams(query))
      .handle("usersWhoMay", ({ query }) => it.users(query))
      .handle("agentsWhoMay", ({ query }) => it.agents(query))
      .handle("canAgent", ({ params, query }) => it.agent(params.id, query))
      .handle("canAnybody", ({ query }) => it.anybody(query))
      .handle("canTeam", ({ params, query }) => it.team(params.id, query))
      .handle("canUser", ({ params, query }) => it.user(params.id, query))
  })
)

const litellm = HttpApiBuilder.group(
  DirectoryApi,
  "litellm",
  Effect.fn(function*(handlers) {
    const it = LiteLLMHandlers.handlers(yield* Managed)
    return handlers
      .handle("teamNew", ({ payload }) => it.teamNew(payload))
      .handle("teamUpdate", ({ payload }) => it.teamUpdate(payload))
      .handle("teamInfo", ({ query }) => it.teamInfo(query.team_id))
      .handle("teamList", ({ query }) => it.teamList(query))
      .handle("teamDelete", ({ payload }) => it.teamDelete(payload.team_ids))
      .handle("userNew", ({ payload }) => it.userNew(payload))
      .handle("userInfo", ({ query }) => it.userInfo(query.user_id))
      .handle("memberAdd", ({ payload }) => it.memberAdd(payload))
      .handle("memberDelete", ({ payload }) => it.memberDelete(payload))
  })
)

/** Longest part of a path: an id of 256 characters of which each is three octets, percent-encoded. */
export const maxParamLength = 256 * 9

/** The handlers of every group; access and `Managed` are to be provided. */
export const handlers = Layer.mergeAll(
  users,
  teams,
  organizations,
  endUsers,
  memberships,
  modelGroups,
  agents,
  deny,
  issuers,
  config,
  audit,
  directory,
  questions,
  litellm
)
