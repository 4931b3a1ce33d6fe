/**
 * Executes the writes that an allowed decision wants, after Allow.
 *
 * Writes that the decision rests on (`isRequired`) are done before the answer
 * and their failure is 503; the others run after it, bounded and retried, and
 * never turn into a denial (RULES D29, D33). A write that is already true
 * changes nothing. No write takes anything from another: a subject that is
 * linked stays linked, and only memberships that a token made are left
 * (RULES D32).
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import { DirectoryUnavailable, type DirectoryWrite, isRequired, makeMembership } from "./Directory.ts"
import { compound, MemoryRows, type MemoryTables, type Operation } from "./MemoryRows.ts"

/** Executes what an allowed decision wants to be written. `layerNoop` writes nothing. */
export class Provisioner extends Context.Service<Provisioner, {
  /** Runs the writes of one allowed decision, in order; idempotent. */
  readonly run: (writes: ReadonlyArray<DirectoryWrite>) => Effect.Effect<void, DirectoryUnavailable>
}>()("@jotgate/core/Provisioner") {
  /** Writes nothing: explain, policy tests, read-only embedders. */
  static readonly layerNoop = Layer.succeed(Provisioner, { run: () => Effect.void })

  /** Writes into the rows of `MemoryDirectory`, all before the answer. */
  static readonly layerMemory = Layer.effect(
    Provisioner,
    Effect.map(MemoryRows, (tables) => ({
      run: (writes) =>
        Effect.suspend(() => {
          for (const write of writes) {
            const operation = operationOf(write)
            if (!tables.failing.has(operation)) apply(tables, write)
            else if (isRequired(write)) return Exit.fail(new DirectoryUnavailable({ operation }))
          }
          return Exit.void
        })
    }))
  )
}

const operationOf = (write: DirectoryWrite): Operation =>
  write._tag === "CreateTeam"
    ? "teams.write"
    : write._tag === "JoinTeam" || write._tag === "LeaveTeam"
    ? "memberships.write"
    : "users.write"

const apply = (tables: MemoryTables, write: DirectoryWrite): void => {
  switch (write._tag) {
    case "CreateUser": {
      const { user } = write
      const taken = user.subjects.some((it) => linked(tables, it.namespace, it.subject))
      if (tables.users.get(user.id) === undefined && !taken) tables.users.put(user)
      return
    }
    case "CreateTeam":
      if (tables.teams.get(write.team.id) === undefined) tables.teams.put(write.team)
      return
    case "LinkSubject": {
      const user = tables.users.get(write.user)
      if (user === undefined || linked(tables, write.namespace, write.subject)) return
      const { namespace, subject } = write
      return tables.users.put({ ...user, subjects: [...user.subjects, { namespace, subject }] })
    }
    case "SetRole": {
      const user = tables.users.get(write.user)
      if (user !== undefined) tables.users.put({ ...user, role: write.role, roleOrigin: write.origin })
      return
    }
    case "JoinTeam": {
      const user = tables.users.get(write.user)
      const { role, team } = write
      if (user === undefined || user.teams.includes(team) || tables.teams.get(team) === undefined) return
      tables.users.put({ ...user, teams: [...user.teams, team], tokenTeams: [...user.tokenTeams, team] })
      const limits = tables.memberships.get(compound(write.user, team))
      return tables.memberships.put(limits ?? makeMembership({ user: write.user, team, role, origin: "token" }))
    }
    case "LeaveTeam": {
      const user = tables.users.get(write.user)
      if (user === undefined || !user.tokenTeams.includes(write.team)) return
      const stays = (it: string) => it !== write.team
      tables.memberships.remove(compound(write.user, write.team))
      return tables.users.put({ ...user, teams: user.teams.filter(stays), tokenTeams: user.tokenTeams.filter(stays) })
    }
  }
}

const linked = (tables: MemoryTables, namespace: string, subject: string): boolean =>
  tables.users.find("subject", compound(namespace, subject)).length > 0
