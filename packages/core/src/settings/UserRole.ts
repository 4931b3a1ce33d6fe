/** The roles of people: in rows, in settings that give one, in files that are imported. */
import * as Schema from "effect/Schema"

/** The roles that a row of a user can have. */
export const UserRole = Schema.Literals([
  "proxy_admin",
  "proxy_admin_viewer",
  "org_admin",
  "internal_user",
  "internal_user_viewer",
  "team",
  "customer"
])
export type UserRole = typeof UserRole.Type
