/**
 * The contract of `/admin/v1`: rows, deny list, issuers, configuration, audit,
 * and the questions the other way round (DESIGN §8). Handlers are elsewhere, so
 * that a client can use this without the server.
 *
 * Every list goes on where a cursor says, every row has an entity tag, every
 * change can carry an idempotency key, and what is not in the contract is
 * refused.
 */
import { RowId } from "@jotgate/core/DirectoryFile"
import { Revoked } from "@jotgate/core/RevocationRepo"
import { Schema, SchemaGetter } from "effect"
import * as HttpApi from "effect/http-api/HttpApi"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as OpenApi from "effect/http-api/OpenApi"
import { compat } from "./compat/LiteLLMApi.ts"
import { DirectoryAccess, DirectoryInput } from "./DirectoryAccess.ts"
import * as Problem from "./DirectoryProblem.ts"
import { AnybodyView, CanView, maxWhoPage } from "./ReverseAnswers.ts"
import * as Row from "./RowSchema.ts"

const optional = Schema.optionalKey

/** Most rows of one page. */
export const maxPage = 1000
/** Rows of a page that nobody asked a size for. */
export const defaultPage = 100

const limitTo = (most: number) =>
  Schema.NumberFromString.check(
    Schema.makeFilter((it) => (Number.isInteger(it) && it >= 1 && it <= most) || `must be 1 to ${most}`)
  )
const Flag = Schema.Literals(["true", "false"])

const paging = { cursor: optional(Schema.String), limit: optional(limitTo(maxPage)) }

/** The headers of a change. */
export const ChangeHeaders = {
  "if-match": optional(Schema.String),
  "if-none-match": optional(Schema.String),
  "idempotency-key": optional(Schema.String.check(
    Schema.isPattern(/^[\x21-\x7e]{1,255}$/, { message: "must be 1 to 255 visible characters" })
  ))
}

const etag = { etag: Schema.String }

/** A page of a list; `link` leads to the next one (RFC 8288), and comes before the rows. */
const page = <S extends Schema.Top & { readonly DecodingServices: never; readonly EncodingServices: never }>(
  items: S,
  identifier: string
) =>
  HttpApiSchema.WithHeaders(
    Schema.Struct({ items: Schema.Array(items), next: Schema.NullOr(Schema.String) }).annotate({ identifier }),
    Schema.Struct({ link: optional(Schema.String) })
  )

const error = Problem.problems

/** The six ways to a table whose rows have one id. */
const table = <
  const Name extends string,
  View extends Schema.Top & { readonly DecodingServices: never; readonly EncodingServices: never },
  New extends Schema.Top & { readonly DecodingServices: never; readonly EncodingServices: never },
  Change extends Schema.Top & { readonly DecodingServices: never; readonly EncodingServices: never },
  const Filters extends Schema.Struct.Fields
>(
  name: Name,
  path: `/${string}`,
  noun: string,
  schemas: { readonly view: View; readonly row: New; readonly change: Change; readonly filters: Filters }
) => {
  const { change, filters, row, view } = schemas
  const id = { id: RowId }
  const tagged = HttpApiSchema.WithHeaders(view, Schema.Struct(etag))
  return HttpApiGroup.make(name)
    .add(
      HttpApiEndpoint.get("list", path, {
        query: { ...paging, ...filters },
        success: page(view, `${noun}Page`),
        error
      }),
      HttpApiEndpoint.post("create", path, {
        headers: ChangeHeaders,
        payload: row,
        success: tagged.pipe(HttpApiSchema.status(201)),
        error
      }),
      HttpApiEndpoint.get("show", `${path}/:id`, { params: id, success: tagged, error }),
      HttpApiEndpoint.put("put", `${path}/:id`, {
        params: id,
        headers: ChangeHeaders,
        payload: change,
        // One that is not there yet is made.
        success: [tagged, tagged.pipe(HttpApiSchema.status(201))],
        error
      }),
      HttpApiEndpoint.patch("update", `${path}/:id`, {
        params: id,
        headers: ChangeHeaders,
        payload: change,
        success: tagged,
        error
      }),
      HttpApiEndpoint.delete("remove", `${path}/:id`, {
        params: id,
        headers: ChangeHeaders,
        success: HttpApiSchema.NoContent,
        error
      })
    )
    .middleware(DirectoryInput)
    .middleware(DirectoryAccess)
    .prefix("/admin/v1")
}

const users = table("users", "/users", "User", {
  view: Row.UserView,
  row: Row.UserRow,
  change: Row.UserChange,
  filters: {
    email: optional(Schema.String),
    role: optional(Schema.String),
    team: optional(RowId),
    blocked: optional(Flag)
  }
})

const teams = table("teams", "/teams", "Team", {
  view: Row.TeamView,
  row: Row.TeamRow,
  change: Row.TeamChange,
  filters: { alias: optional(Schema.String), organization: optional(RowId), blocked: optional(Flag) }
})

const organizations = table("organizations", "/organizations", "Organization", {
  view: Row.OrganizationView,
  row: Row.OrganizationRow,
  change: Row.OrganizationChange,
  filters: { alias: optional(Schema.String) }
})

const endUsers = table("endUsers", "/end-users", "EndUser", {
  view: Row.EndUserView,
  row: Row.EndUserRow,
  change: Row.EndUserChange,
  filters: { blocked: optional(Flag) }
})

const modelGroups = table("modelGroups", "/model-groups", "ModelGroup", {
  view: Row.ModelGroupView,
  row: Row.ModelGroupRow,
  change: Row.ModelGroupChange,
  filters: {}
})

const agents = table("agents", "/agents", "Agent", {
  view: Row.AgentView,
  row: Row.AgentRow,
  change: Row.AgentChange,
  filters: { blocked: optional(Flag) }
})

const member = { user: RowId, team: RowId }
const membership = HttpApiSchema.WithHeaders(Row.MembershipView, etag)

const memberships = HttpApiGroup.make("memberships")
  .add(
    HttpApiEndpoint.get("list", "/memberships", {
      query: { ...paging, user: optional(RowId), team: optional(RowId), role: optional(Schema.String) },
      success: page(Row.MembershipView, "MembershipPage"),
      error
    }),
    HttpApiEndpoint.post("create", "/memberships", {
      headers: ChangeHeaders,
      payload: Row.MembershipRow,
      success: membership.pipe(HttpApiSchema.status(201)),
      error
    }),
    HttpApiEndpoint.get("show", "/memberships/:user/:team", { params: member, success: membership, error }),
    HttpApiEndpoint.put("put", "/memberships/:user/:team", {
      params: member,
      headers: ChangeHeaders,
      payload: Row.MembershipChange,
      success: [membership, membership.pipe(HttpApiSchema.status(201))],
      error
    }),
    HttpApiEndpoint.patch("update", "/memberships/:user/:team", {
      params: member,
      headers: ChangeHeaders,
      payload: Row.MembershipChange,
      success: membership,
      error
    }),
    HttpApiEndpoint.delete("remove", "/memberships/:user/:team", {
      params: member,
      headers: ChangeHeaders,
      success: HttpApiSchema.NoContent,
      error
    })
  )
  .middleware(DirectoryInput)
  .middleware(DirectoryAccess)
  .prefix("/admin/v1")

/** An entry of the deny list, and the id by which it is taken away. */
export const DenyEntry = Schema.Struct({ id: Schema.String, ...Revoked.fields }).annotate({ identifier: "DenyEntry" })

const IsoTime = Schema.String.annotate({ expected: "seconds since 1970, or a time such as 2030-01-31T12:00:00Z" })
  .check(
    Schema.makeFilter((it) =>
      (/^\d{4}-\d{2}-\d{2}T/.test(it) && !Number.isNaN(Date.parse(it))) || "must be a time such as 2030-01-31T12:00:00Z"
    )
  )

/** Unix seconds, or the same as an ISO time. */
const Time = Schema.Union([Schema.Finite, IsoTime]).pipe(Schema.decodeTo(Schema.Finite, {
  decode: SchemaGetter.transform((it) => typeof it === "number" ? it : Date.parse(it) / 1000),
  encode: SchemaGetter.transform((it: number): number | string => it)
}))

/** What is denied; what it must hold is checked as everywhere. */
export const DenyRequest = Schema.Struct({
  ...Revoked.fields,
  issuedBefore: optional(Time),
  expiresAt: optional(Time)
}).pipe(Schema.decodeTo(Revoked)).annotate({ identifier: "DenyRequest" })

const deny = HttpApiGroup.make("deny")
  .add(
    HttpApiEndpoint.get("list", "/deny", {
      query: { ...paging, issuer: optional(Schema.String) },
      success: page(DenyEntry, "DenyPage"),
      error
    }),
    HttpApiEndpoint.post("create", "/deny", {
      headers: { "idempotency-key": ChangeHeaders["idempotency-key"] },
      payload: DenyRequest,
      success: DenyEntry.pipe(HttpApiSchema.status(201)),
      error
    }),
    HttpApiEndpoint.get("show", "/deny/:id", { params: { id: Schema.String }, success: DenyEntry, error }),
    HttpApiEndpoint.delete("remove", "/deny/:id", {
      params: { id: Schema.String },
      success: HttpApiSchema.NoContent,
      error
    })
  )
  .middleware(DirectoryInput)
  .middleware(DirectoryAccess)
  .prefix("/admin/v1")

/** What is known about the keys of one issuer. */
export const IssuerView = Schema.Struct({
  id: Schema.String,
  issuer: Schema.String,
  ready: Schema.Boolean,
  keys: Schema.Array(
    Schema.Struct({ kid: Schema.NullOr(Schema.String), algorithms: Schema.Array(Schema.String) })
  ),
  ageSeconds: Schema.NullOr(Schema.Number),
  nextRefreshSeconds: Schema.NullOr(Schema.Number),
  lastError: Schema.NullOr(Schema.String),
  stale: Schema.Boolean,
  skippedMembers: Schema.Number,
  unknownKeys: Schema.Number
}).annotate({ identifier: "Issuer" })

const issuerId = { id: Schema.NonEmptyString }

const issuers = HttpApiGroup.make("issuers")
  .add(
    HttpApiEndpoint.get("list", "/issuers", {
      success: Schema.Struct({ items: Schema.Array(IssuerView) }).annotate({ identifier: "Issuers" }),
      error
    }),
    HttpApiEndpoint.get("show", "/issuers/:id", { params: issuerId, success: IssuerView, error }),
    HttpApiEndpoint.post("refresh", "/issuers/:id/refresh", { params: issuerId, success: IssuerView, error }),
    HttpApiEndpoint.delete("drop", "/issuers/:id/keys", {
      params: issuerId,
      query: { kid: optional(Schema.NonEmptyString) },
      success: IssuerView,
      error
    })
  )
  .middleware(DirectoryInput)
  .middleware(DirectoryAccess)
  .prefix("/admin/v1")

/** What is wrong, or worth a look, in a configuration. */
export const ConfigFindings = Schema.Struct({
  valid: Schema.Boolean,
  findings: Schema.Array(Schema.Struct({
    severity: Schema.Literals(["error", "warning"]),
    path: Schema.String,
    line: Schema.Number,
    column: Schema.Number,
    message: Schema.String
  }))
}).annotate({ identifier: "ConfigFindings" })

const config = HttpApiGroup.make("config")
  .add(
    HttpApiEndpoint.get("current", "/config", { success: Schema.Record(Schema.String, Schema.Unknown), error }),
    HttpApiEndpoint.post("validate", "/config/validate", {
      payload: [
        Schema.Struct({ text: Schema.String }),
        Schema.String.pipe(HttpApiSchema.asText({ contentType: "application/yaml" }))
      ],
      success: ConfigFindings,
      error
    })
  )
  .middleware(DirectoryInput)
  .middleware(DirectoryAccess)
  .prefix("/admin/v1")

/** One change: who, what, before and after. */
export const AuditView = Schema.Struct({
  seq: Schema.Number,
  at: Schema.String,
  actor: Schema.String,
  action: Schema.Literals(["create", "change", "remove"]),
  kind: Schema.String,
  id: Schema.String,
  before: Schema.Unknown,
  after: Schema.Unknown
}).annotate({ identifier: "Audit" })

const audit = HttpApiGroup.make("audit")
  .add(HttpApiEndpoint.get("list", "/audit", { query: paging, success: page(AuditView, "AuditPage"), error }))
  .middleware(DirectoryInput)
  .middleware(DirectoryAccess)
  .prefix("/admin/v1")

const Counts = Schema.Struct({ create: Schema.Int, change: Schema.Int, remove: Schema.Int })

/** What applying a file did, or would do. */
export const PlanView = Schema.Struct({
  applied: Schema.Boolean,
  counts: Counts,
  steps: Schema.Array(
    Schema.Struct({ action: Schema.Literals(["create", "change", "remove"]), kind: Schema.String, id: Schema.String })
  ),
  /** Steps beyond the first thousand. */
  untold: Schema.Int
}).annotate({ identifier: "Plan" })

const directory = HttpApiGroup.make("directory")
  .add(
    HttpApiEndpoint.get("export", "/directory", { success: Schema.Record(Schema.String, Schema.Unknown), error }),
    HttpApiEndpoint.post("apply", "/directory", {
      query: { prune: optional(Schema.Literals(["none", "file", "all"])), dryRun: optional(Flag) },
      payload: Schema.Unknown,
      success: PlanView,
      error
    })
  )
  .middleware(DirectoryInput)
  .middleware(DirectoryAccess)
  .prefix("/admin/v1")

const Named = Schema.String.check(Schema.isPattern(/^[^/]+\/./u, { message: "must be SERVER/NAME" }))

const about = {
  model: optional(Schema.NonEmptyString),
  /** `SERVER/NAME` of a tool or a prompt of an MCP server, `SERVER/URI` of a resource; one of them at most. */
  tool: optional(Named),
  prompt: optional(Named),
  resource: optional(Named),
  /** The agent that would act. */
  agent: optional(Schema.NonEmptyString),
  route: optional(Schema.String),
  method: optional(Schema.String)
}

const whoPaging = { ...paging, limit: optional(limitTo(maxWhoPage)) }

const withAgents = {
  /** Whether each is told with the agents that may act for it. */
  agents: optional(Flag)
}
const Agents = optional(Schema.Array(Schema.String))

const TeamWhoMay = Schema.Struct({ id: Schema.String, alias: Schema.NullOr(Schema.String), agents: Agents })
const UserWhoMay = Schema.Struct({
  id: Schema.String,
  email: Schema.NullOr(Schema.String),
  teams: Schema.Array(Schema.String),
  alone: Schema.Boolean,
  agents: Agents
})

const AgentWhoMay = Schema.Struct({
  id: Schema.String,
  name: Schema.NullOr(Schema.String),
  /** Whether it may on its own; for whom it may besides, `agent` asks of teams and users. */
  alone: Schema.Boolean
})

const questions = HttpApiGroup.make("questions")
  .add(
    HttpApiEndpoint.get("teamsWhoMay", "/who/teams", {
      query: { ...whoPaging, ...about, ...withAgents },
      success: page(TeamWhoMay, "TeamsWhoMay"),
      error
    }),
    HttpApiEndpoint.get("usersWhoMay", "/who/users", {
      query: { ...whoPaging, ...about, ...withAgents },
      success: page(UserWhoMay, "UsersWhoMay"),
      error
    }),
    HttpApiEndpoint.get("agentsWhoMay", "/who/agents", {
      query: { ...whoPaging, ...about },
      success: page(AgentWhoMay, "AgentsWhoMay"),
      error
    }),
    HttpApiEndpoint.get("canAgent", "/agents/:id/can", {
      params: { id: RowId },
      query: about,
      success: CanView,
      error
    }),
    HttpApiEndpoint.get("canTeam", "/teams/:id/can", { params: { id: RowId }, query: about, success: CanView, error }),
    HttpApiEndpoint.get("canUser", "/users/:id/can", { params: { id: RowId }, query: about, success: CanView, error }),
    HttpApiEndpoint.get("canAnybody", "/anybody/can", { query: about, success: AnybodyView, error })
  )
  .middleware(DirectoryInput)
  .middleware(DirectoryAccess)
  .prefix("/admin/v1")

/** The directory's API. Bodies and queries hold what the contract names, nothing else. */
export class DirectoryApi extends HttpApi.make("jotgate")
  .add(
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
    compat
  )
  .annotate(HttpApi.PayloadParseOptions, { errors: "all", onExcessProperty: "error" })
  .annotate(HttpApi.QueryParseOptions, { errors: "all", onExcessProperty: "error" })
  .annotateMerge(OpenApi.annotations({ title: "jotgate", version: "1" }))
{}
