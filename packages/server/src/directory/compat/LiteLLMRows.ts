/**
 * Rows in the shapes of LiteLLM's answers. What LiteLLM has and we have not is
 * there and empty, so that a script finds the members that it reads.
 */
import type { Membership, Team, User } from "@jotgate/core/Directory"

/** A team with its members. */
export interface TeamWithMembers {
  readonly team: Team
  readonly members: ReadonlyArray<{ readonly membership: Membership; readonly email: string | null }>
}

const nothing = { tpm_limit: null, rpm_limit: null, max_parallel_requests: null, budget_duration: null, metadata: {} }

export const teamTable = ({ members, team }: TeamWithMembers) => ({
  ...nothing,
  team_id: team.id,
  team_alias: team.alias,
  organization_id: team.organization,
  admins: [],
  members: [],
  members_with_roles: members.map(({ email, membership }) => ({
    user_id: membership.user,
    user_email: email,
    role: membership.role
  })),
  models: team.models,
  access_group_ids: team.modelGroups,
  litellm_model_table: Object.keys(team.modelAliases).length === 0 ? null : { model_aliases: team.modelAliases },
  allowed_passthrough_routes: team.passThroughRoutes,
  blocked: team.blocked,
  max_budget: team.maxBudget,
  spend: team.spend,
  budget_reset_at: null
})

export const teamMembership = ({ maxBudget, models, spend, team, user }: Membership) => ({
  user_id: user,
  team_id: team,
  budget_id: null,
  spend,
  litellm_budget_table: maxBudget === null && models.length === 0
    ? null
    : { max_budget: maxBudget, allowed_models: models }
})

export const userTable = (user: User) => ({
  ...nothing,
  user_id: user.id,
  user_email: user.email,
  user_alias: null,
  user_role: user.role,
  sso_user_id: user.subjects.find((it) => it.namespace === "")?.subject ?? null,
  teams: user.teams,
  models: user.models,
  max_budget: user.maxBudget,
  spend: user.spend
})
