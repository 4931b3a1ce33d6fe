/**
 * The repositories on an existing LiteLLM database, which is read as it is.
 */
import { AgentRepo } from "@jotgate/core/AgentRepo"
import {
  absent,
  DirectoryUnavailable,
  type Organization,
  type RowAmbiguous,
  type RowNotFound,
  several,
  type Team
} from "@jotgate/core/Directory"
import { foldEmail } from "@jotgate/core/MemoryRows"
import { OrganizationRepo } from "@jotgate/core/OrganizationRepo"
import { TeamRepo } from "@jotgate/core/TeamRepo"
import { noNames } from "@jotgate/core/ToolPattern"
import { ToolRepo } from "@jotgate/core/ToolRepo"
import { UserRepo } from "@jotgate/core/UserRepo"
import { Context, Effect, Exit, Layer } from "effect"
import { Lookups, type Question } from "../sql/Lookups.ts"
import { isStorable } from "../sql/Rows.ts"
import * as LiteLLMQuestions from "./LiteLLMQuestions.ts"
import { LiteLLMTables } from "./LiteLLMTables.ts"
import * as LiteLLMTools from "./LiteLLMTools.ts"

type Kind = RowNotFound["kind"]

const none = Exit.succeed([])
const noServers = Exit.succeed(noNames)
const noUser = absent("user")
const unavailable = Exit.fail(new DirectoryUnavailable({ operation: "read the tables of LiteLLM" }))

/** The only row of two that were asked for. */
const only = <A>(kind: "team" | "organization") => {
  const missing = absent(kind)
  return ([row, second]: ReadonlyArray<A>): Exit.Exit<A, RowNotFound | RowAmbiguous> =>
    row === undefined ? missing : second === undefined ? Exit.succeed(row) : several(kind)
}

/** All repositories, and the questions they ask. */
export const layer = Layer.effectContext(Effect.gen(function*() {
  const lookups = yield* Lookups
  const tables = yield* LiteLLMTables
  let questions: LiteLLMQuestions.Questions | undefined

  const read = tables.read.pipe(
    Effect.catchTag("SqlError", () => unavailable),
    Effect.flatMap((found) => {
      if (found === undefined) {
        return Effect.andThen(Effect.logError("there is no LiteLLM in this database"), unavailable)
      }
      questions = LiteLLMQuestions.make(found)
      return Effect.succeed(questions)
    })
  )

  const asking = <A, E>(
    ask: (questions: LiteLLMQuestions.Questions) => Effect.Effect<A, E>
  ): Effect.Effect<A, E | DirectoryUnavailable> => questions === undefined ? Effect.flatMap(read, ask) : ask(questions)

  const one = <A>(
    kind: Kind,
    params: ReadonlyArray<string>,
    question: (it: LiteLLMQuestions.Questions) => Question<A>
  ) => {
    const missing = absent(kind)
    return params.every(isStorable)
      ? asking((it) => lookups.first(question(it), params, missing))
      : missing
  }

  const many = <A>(
    ids: ReadonlyArray<string>,
    question: (it: LiteLLMQuestions.Questions) => Question<A>,
    ...before: ReadonlyArray<string>
  ): Effect.Effect<ReadonlyArray<A>, DirectoryUnavailable> => {
    const asked = before.every(isStorable) ? ids.filter(isStorable) : []
    return asked.length === 0 ? none : asking((it) => lookups.all(question(it), [...before, JSON.stringify(asked)]))
  }

  const users = UserRepo.of({
    byId: (id) => one("user", [id], (it) => it.user),
    bySubject: (namespace, subject) => {
      if (!isStorable(namespace) || !isStorable(subject)) return noUser
      return asking(({ userBySso, userBySubject }) => {
        const beside = userBySubject === undefined
          ? noUser
          : lookups.first(userBySubject, [namespace, subject], noUser)
        return namespace === "" && userBySso !== undefined
          ? Effect.catchTag(lookups.first(userBySso, [subject], noUser), "RowNotFound", () => beside)
          : beside
      })
    },
    byEmail: (email) =>
      isStorable(email)
        ? asking(({ usersByEmail }) =>
          usersByEmail === undefined ? none : lookups.all(usersByEmail, [foldEmail(email)])
        )
        : none,
    membership: (user, team) => one("membership", [user, team], (it) => it.membership),
    memberships: (user, teams) => many(teams, (it) => it.memberships, user)
  })
  const onlyTeam = only<Team>("team")
  const teams = TeamRepo.of({
    byId: (id) => one("team", [id], (it) => it.team),
    byIds: (ids) => many(ids, (it) => it.teams),
    byAlias: (alias) =>
      isStorable(alias)
        ? asking((it) => Effect.flatMap(lookups.all(it.teamByAlias, [alias]), onlyTeam))
        : onlyTeam([]),
    byAliases: (aliases) => many(aliases, (it) => it.teamsByAlias),
    modelGroups: (ids) => many(ids, (it) => it.modelGroups)
  })
  const onlyOrganization = only<Organization>("organization")
  const organizations = OrganizationRepo.of({
    byId: (id) => one("organization", [id], (it) => it.organization),
    byAlias: (alias) =>
      isStorable(alias)
        ? asking((it) => Effect.flatMap(lookups.all(it.organizationByAlias, [alias]), onlyOrganization))
        : onlyOrganization([]),
    endUser: (id) => one("endUser", [id], (it) => it.endUser)
  })
  const noAgent = absent("agent")
  const agents: AgentRepo = {
    byId: (id) => one("agent", [id], (it) => it.agent),
    byName: (name) => one("agent", [name], (it) => it.agentByName),
    identities: {
      bound: (tenant, client) =>
        [tenant, client].every(isStorable)
          ? asking(({ agentBinding }) =>
            agentBinding === undefined
              ? noAgent
              : lookups.first(agentBinding, [tenant, client, tenant, client], noAgent)
          )
          : noAgent,
      person: (...of) => {
        const [issuer, tenant, object] = of
        const params = [issuer, tenant, object]
        return params.every(isStorable)
          ? asking(({ verified }) => verified === undefined ? noUser : lookups.first(verified, params, noUser))
          : noUser
      }
    }
  }
  const tools: ToolRepo = {
    servers: () =>
      asking(({ named }) =>
        named === undefined ? noServers : Effect.mapEager(lookups.all(named, []), (keys) => {
          const servers = LiteLLMTools.serversIn(keys)
          return { tool: servers, prompt: servers, resource: servers }
        })
      )
  }
  return Context.make(UserRepo, users).pipe(
    Context.add(TeamRepo, teams),
    Context.add(OrganizationRepo, organizations),
    Context.add(AgentRepo, agents),
    Context.add(ToolRepo, tools)
  )
}))
