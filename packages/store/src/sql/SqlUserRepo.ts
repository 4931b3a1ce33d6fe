/**
 * People on SQL: each look-up is one statement by key.
 *
 * Text that no row can hold is not found without asking, so that a database
 * which folds or refuses it never finds another person.
 */
import { absent, type User } from "@jotgate/core/Directory"
import { foldEmail } from "@jotgate/core/MemoryRows"
import { UserRepo } from "@jotgate/core/UserRepo"
import { Effect, Exit, Layer } from "effect"
import type * as Dialect from "./Dialect.ts"
import { Lookups, type Question } from "./Lookups.ts"
import * as Rows from "./Rows.ts"

const none = Exit.succeed([])

/** The columns of a user `u` as `Rows.user` reads them. */
export const columns = (dialect: Dialect.Dialect): string =>
  `u.id, u.email, u.role, u.role_origin, u.models, u.tools, u.prompts, u.resources, u.blocked, u.active, u.max_budget, u.spend, ${
    dialect.lists(["s.namespace", "s.subject"], "s.seq", "subjects s WHERE s.user_id = u.id")
  } AS subjects, ${dialect.lists(["m.team_id", "m.origin"], "m.seq", "memberships m WHERE m.user_id = u.id")} AS teams`

/** The columns of a membership as `Rows.membership` reads them. */
export const membershipColumns = "user_id, team_id, role, models, tools, prompts, resources, max_budget, spend, origin"

/** The questions about people. */
export const questions = (dialect: Dialect.Dialect) => {
  const users = (name: string, where: string): Question<User> => ({
    name,
    text: `SELECT ${columns(dialect)} FROM ${where}`,
    read: Rows.user
  })
  const memberships = (name: string, where: string) => ({
    name,
    text: `SELECT ${membershipColumns} FROM memberships WHERE ${where}`,
    read: Rows.membership
  })
  return {
    byId: users("user by id", "users u WHERE u.id = ?"),
    bySubject: users(
      "user by subject",
      "subjects l JOIN users u ON u.id = l.user_id WHERE l.namespace = ? AND l.subject = ?"
    ),
    byEmail: users("users by e-mail", "users u WHERE u.email_folded = ? ORDER BY u.seq"),
    membership: memberships("membership", "user_id = ? AND team_id = ?"),
    memberships: memberships("memberships", `user_id = ? AND team_id ${dialect.ids}`)
  }
}

/** `UserRepo` over `Lookups`, without memory. */
export const layer = Layer.effect(
  UserRepo,
  Effect.gen(function*() {
    const lookups = yield* Lookups
    const ask = questions(lookups.dialect)
    return {
      byId: (id) =>
        Rows.isStorable(id)
          ? lookups.first(ask.byId, [id], absent("user"))
          : absent("user"),
      bySubject: (namespace, subject) =>
        Rows.isStorable(namespace) && Rows.isStorable(subject)
          ? lookups.first(ask.bySubject, [namespace, subject], absent("user"))
          : absent("user"),
      byEmail: (email) => Rows.isStorable(email) ? lookups.all(ask.byEmail, [foldEmail(email)]) : none,
      membership: (user, team) =>
        Rows.isStorable(user) && Rows.isStorable(team)
          ? lookups.first(ask.membership, [user, team], absent("membership"))
          : absent("membership"),
      memberships: (user, teams) => {
        const asked = Rows.isStorable(user) ? teams.filter(Rows.isStorable) : []
        return asked.length === 0 ? none : lookups.all(ask.memberships, [user, JSON.stringify(asked)])
      }
    }
  })
)
