/**
 * The routes by which scripts manage teams and people of a LiteLLM, under
 * `/compat/litellm`: the same bodies, the same shapes of answers.
 *
 * Fields of LiteLLM that mean nothing here (rate limits, metadata, keys) are
 * taken and left out; a field that LiteLLM does not have either is refused.
 */
import * as Directory from "@jotgate/core/Directory"
import { FileTeam, FileUser, RowId } from "@jotgate/core/DirectoryFile"
import { Schema } from "effect"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import { DirectoryAccess, DirectoryInput } from "../DirectoryAccess.ts"
import * as Problem from "../DirectoryProblem.ts"

const optional = Schema.optionalKey
const orNull = <S extends Schema.Top>(schema: S) => optional(Schema.NullOr(schema))
const { alias, maxBudget, modelAliases, models, passThroughRoutes, spend } = FileTeam.fields
const { email } = FileUser.fields

/** A field that is taken and means nothing here. */
const unheeded = optional(Schema.Unknown)

const limits = {
  metadata: unheeded,
  tpm_limit: unheeded,
  rpm_limit: unheeded,
  tpm_limit_type: unheeded,
  rpm_limit_type: unheeded,
  max_parallel_requests: unheeded,
  budget_duration: unheeded,
  budget_reset_at: unheeded,
  soft_budget: unheeded,
  tags: unheeded,
  guardrails: unheeded,
  policies: unheeded,
  prompts: unheeded,
  object_permission: unheeded,
  model_rpm_limit: unheeded,
  model_tpm_limit: unheeded,
  model_max_budget: unheeded,
  router_settings: unheeded
}

/** Somebody in a team, by id or by address. */
export const Member = Schema.Struct({
  role: optional(Schema.Literals(["admin", "user"])),
  user_id: orNull(RowId),
  user_email: email
}).check(
  Schema.makeFilter((it) =>
    (typeof it.user_id === "string" || typeof it.user_email === "string") || "must name user_id or user_email"
  )
)
export type Member = typeof Member.Type

const teamFields = {
  team_alias: alias,
  organization_id: orNull(RowId),
  models: orNull(models.schema),
  max_budget: maxBudget,
  blocked: orNull(Schema.Boolean),
  model_aliases: orNull(modelAliases.schema),
  access_group_ids: orNull(Schema.Array(RowId)),
  allowed_passthrough_routes: orNull(passThroughRoutes.schema),
  ...limits,
  admins: unheeded,
  members: unheeded,
  team_member_budget: unheeded,
  team_member_budget_duration: unheeded,
  team_member_rpm_limit: unheeded,
  team_member_tpm_limit: unheeded,
  team_member_key_duration: unheeded,
  team_member_permissions: unheeded,
  default_team_member_models: unheeded,
  disable_global_guardrails: unheeded,
  secret_manager_settings: unheeded,
  allowed_vector_store_indexes: unheeded,
  enforced_batch_output_expires_after: unheeded,
  enforced_file_expires_after: unheeded
}

export const TeamNew = Schema.Struct({
  team_id: orNull(RowId),
  members_with_roles: orNull(Schema.Array(Member)),
  ...teamFields
})
export type TeamNew = typeof TeamNew.Type

export const TeamUpdate = Schema.Struct({ team_id: RowId, ...teamFields })
export type TeamUpdate = typeof TeamUpdate.Type

export const UserNew = Schema.Struct({
  user_id: orNull(RowId),
  user_email: email,
  user_role: orNull(Directory.UserRole),
  sso_user_id: orNull(RowId),
  teams: orNull(
    Schema.Array(
      Schema.Union([RowId, Schema.Struct({ team_id: RowId, max_budget_in_team: unheeded, user_role: unheeded })])
    )
  ),
  models: orNull(models.schema),
  max_budget: maxBudget,
  spend: orNull(spend.schema),
  blocked: orNull(Schema.Boolean),
  ...limits,
  user_alias: unheeded,
  auto_create_key: unheeded,
  send_invite_email: unheeded,
  key_alias: unheeded,
  duration: unheeded,
  aliases: unheeded,
  config: unheeded,
  permissions: unheeded,
  organizations: unheeded,
  allowed_cache_controls: unheeded,
  password: unheeded,
  team_id: unheeded
})
export type UserNew = typeof UserNew.Type

export const MemberAdd = Schema.Struct({
  team_id: RowId,
  member: Schema.Union([Member, Schema.Array(Member)]),
  max_budget_in_team: maxBudget,
  tpm_limit: unheeded,
  rpm_limit: unheeded,
  budget_duration: unheeded
})
export type MemberAdd = typeof MemberAdd.Type

export const MemberDelete = Schema.Struct({
  team_id: RowId,
  user_id: orNull(RowId),
  user_email: email
})
export type MemberDelete = typeof MemberDelete.Type

const Answer = Schema.Record(Schema.String, Schema.Unknown)
const error = Problem.problems

export const compat = HttpApiGroup.make("litellm")
  .add(
    HttpApiEndpoint.post("teamNew", "/team/new", { payload: TeamNew, success: Answer, error }),
    HttpApiEndpoint.post("teamUpdate", "/team/update", { payload: TeamUpdate, success: Answer, error }),
    HttpApiEndpoint.get("teamInfo", "/team/info", { query: { team_id: RowId }, success: Answer, error }),
    HttpApiEndpoint.get("teamList", "/team/list", {
      query: { user_id: optional(RowId), organization_id: optional(RowId) },
      success: Schema.Array(Answer),
      error
    }),
    HttpApiEndpoint.post("teamDelete", "/team/delete", {
      payload: Schema.Struct({ team_ids: Schema.Array(RowId) }),
      success: Answer,
      error
    }),
    HttpApiEndpoint.post("userNew", "/user/new", { payload: UserNew, success: Answer, error }),
    HttpApiEndpoint.get("userInfo", "/user/info", { query: { user_id: RowId }, success: Answer, error }),
    HttpApiEndpoint.post("memberAdd", "/team/member_add", { payload: MemberAdd, success: Answer, error }),
    HttpApiEndpoint.post("memberDelete", "/team/member_delete", { payload: MemberDelete, success: Answer, error })
  )
  .middleware(DirectoryInput)
  .middleware(DirectoryAccess)
  .prefix("/compat/litellm")
