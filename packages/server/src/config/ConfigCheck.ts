/**
 * What is wrong with settings that are each valid alone: contradictions, which
 * refuse the file, and settings without effect or against better practice,
 * which are warnings (errors with `--strict`).
 *
 * Pure: nothing is fetched and no secret is read, so a file can be checked
 * where neither the issuers nor the secrets are at hand.
 */
import { normalizeMapping, type PolicySettings } from "@jotgate/core/Settings"
import { type Check, type CheckFinding, error, isRead, reads, repeated, warning, when } from "./CheckFinding.ts"
import type { ConfigFile } from "./ConfigFile.ts"
import { checkGateway } from "./GatewayCheck.ts"
import type { FileSettings } from "./GatewaySettings.ts"
import { checkIssuers } from "./IssuerCheck.ts"
import { checkRoutes } from "./RouteCheck.ts"
import { checkTools } from "./ToolCheck.ts"

export type { CheckFinding }

const adminScopes: Check = ({ issuers, policy }, says) => [
  ...when(
    issuers.filter((it) => it.adminScope !== null).length > 1,
    () => warning("issuers", "several issuers can make admins by scope (D4)")
  ),
  ...when(
    says("policy.adminRoutes") && issuers.every((it) => it.adminScope === null) && policy.adminRoutes.length > 0,
    () => warning("policy.adminRoutes", "has no effect: no issuer has an adminScope")
  )
]

const teamSources: Check = ({ directory, issuers, policy }) => {
  const single = reads(issuers, "team") || reads(issuers, "teamAlias") || reads(issuers, "object") ||
    directory.teams.default !== null || (reads(issuers, "teams") && policy.teamHeaders.length > 0)
  const any = single || reads(issuers, "teams")
  const { whenUnknown } = directory.teams
  return [
    ...when(
      issuers.length > 0 && whenUnknown === "next" && !reads(issuers, "team") && !reads(issuers, "teams"),
      () => warning("directory.teams.whenUnknown", "has no effect: no issuer reads claims.team or claims.teams")
    ),
    ...when(
      issuers.length > 0 && policy.requireTeamClaim && !single,
      () =>
        error(
          "policy.requireTeamClaim",
          "requires a team that nothing names: set claims.team or claims.teamAlias of an issuer"
        )
    ),
    ...when(
      issuers.length > 0 && policy.requireTeam && !any,
      () =>
        error("policy.requireTeam", "requires a team that nothing names: set claims.team or claims.teams of an issuer")
    )
  ]
}

/** Whether some token can get a role (RULES, role precedence). */
const givesRole = (
  { issuers, policy }: Pick<FileSettings, "issuers" | "policy">,
  role: PolicySettings["roles"][number]["role"]
): boolean =>
  (reads(issuers, "roles") && policy.roleMappings.some((it) => it.role === role)) ||
  (role === "proxy_admin"
    ? issuers.some((it) => it.adminScope !== null)
    : role === "team"
    ? reads(issuers, "team")
    // An e-mail that stands in for the id gives no role.
    : issuers.some((it) => (normalizeMapping(it.claims.user)?.from.length ?? 0) > 0) ||
      (reads(issuers, "userRoles") && policy.allowedUserRoles.length > 0))

const roles: Check = ({ directory, issuers, policy }, says) => {
  const withoutRoles = !reads(issuers, "roles")
  const unread = policy.roleMappings.length === 0 && directory.userRoles.length === 0
  return [
    ...when(
      policy.roleMappings.length > 0 && withoutRoles,
      () => warning("policy.roleMappings", "has no effect: no issuer reads claims.roles")
    ),
    ...when(
      directory.userRoles.length > 0 && withoutRoles,
      () => warning("directory.userRoles", "has no effect: no issuer reads claims.roles")
    ),
    ...when(
      policy.allowedUserRoles.length > 0 && !reads(issuers, "userRoles"),
      () => warning("policy.allowedUserRoles", "has no effect: no issuer reads claims.userRoles")
    ),
    ...issuers.flatMap((it, index) => [
      ...when(
        isRead(it, "roles") && unread && says(`issuers[${index}].claims.roles`),
        () =>
          warning(
            `issuers[${index}].claims.roles`,
            "has no effect: neither policy.roleMappings nor directory.userRoles reads it"
          )
      ),
      ...when(
        isRead(it, "userRoles") && policy.allowedUserRoles.length === 0,
        () => warning(`issuers[${index}].claims.userRoles`, "has no effect: policy.allowedUserRoles is empty")
      ),
      ...when(
        isRead(it, "object") && !isRead(it, "user") && !isRead(it, "team") &&
          policy.roleMappings.length === 0 && policy.allowedUserRoles.length === 0,
        () => warning(`issuers[${index}].claims.object`, "has no effect: no rule gives its token a role")
      )
    ]),
    ...repeated(policy.roles, (it) => it.role).map(([it, index]) =>
      warning(`policy.roles[${index}]`, `has no effect: the first entry for ${it.role} wins`)
    ),
    ...policy.roles.flatMap((it, index) =>
      when(
        issuers.length > 0 && !givesRole({ issuers, policy }, it.role),
        () => warning(`policy.roles[${index}]`, `has no effect: nothing gives a token the role ${it.role}`)
      )
    )
  ]
}

const scopes: Check = ({ policy }) => [
  ...when(
    policy.requireScope && policy.scopes.length === 0,
    () => error("policy.requireScope", "needs policy.scopes: nothing could be allowed")
  ),
  ...when(
    // Lists of tools count whether or not scopes decide on models.
    !policy.requireScope && policy.scopes.length > 0 &&
      policy.scopes.every((it) => (it.tools ?? it.prompts ?? it.resources) === undefined),
    () => warning("policy.scopes", "has no effect: policy.requireScope is not set")
  )
]

const emails: Check = ({ issuers, policy }) =>
  when(
    policy.emailDomains.length > 0 && issuers.length > 0 && !reads(issuers, "email"),
    () => warning("policy.emailDomains", "refuses everybody but admins: no issuer reads claims.email")
  )

const directoryWrites: Check = ({ directory }, says) => {
  const { teams, users } = directory
  const written = directory.write ?? !directory.url.startsWith("litellm+")
  const unwritten = "has no effect: directory.write is false"
  return [
    ...when(users.create && !written, () => warning("directory.users.create", unwritten)),
    ...when(teams.create !== "never" && !written, () => warning("directory.teams.create", unwritten)),
    ...when(directory.memberships !== "none" && !written, () => warning("directory.memberships", unwritten)),
    ...when(
      says("directory.users.template") && !users.create,
      () => warning("directory.users.template", "has no effect: directory.users.create is not set")
    ),
    ...when(
      says("directory.teams.template") && teams.create === "never",
      () => warning("directory.teams.template", "has no effect: directory.teams.create is never")
    ),
    ...when(
      users.create && users.unknown === "allow",
      () => warning("directory.users.unknown", "has no effect: unknown people are created")
    ),
    ...when(
      !/^(?:memory:|sqlite:.|postgres(?:ql)?:\/\/|litellm\+postgres(?:ql)?:\/\/)/.test(directory.url),
      () => error("directory.url", "must be memory:, sqlite:PATH, postgres://… or litellm+postgres://…")
    )
  ]
}

const checks: ReadonlyArray<Check> = [
  checkIssuers,
  adminScopes,
  teamSources,
  roles,
  scopes,
  emails,
  directoryWrites,
  checkRoutes,
  checkTools,
  checkGateway
]

/** Every finding on settings that were read from a file. */
export const checkConfig = ({ says, settings }: Pick<ConfigFile, "settings" | "says">): ReadonlyArray<CheckFinding> =>
  checks.flatMap((check) => check(settings, says))
