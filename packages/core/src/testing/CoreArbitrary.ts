/**
 * Arbitrary deployments and requests for property tests over the pipeline.
 *
 * The universe is small (three teams, two people, a handful of models) so that
 * what is drawn for the token often meets what is drawn for the rows; every rule
 * can be on or off, and most are off, so that allows and denials are both
 * common.
 */
import * as Arbitrary from "effect/Arbitrary"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import type { Rows } from "../directory/MemoryRows.ts"
import { CustomDenied, CustomUnavailable } from "../token/ClaimsPolicy.ts"
import * as CoreTest from "./CoreTest.ts"

/** Lists of models by name, from "every model" to "none". */
export const modelLists = {
  all: [],
  star: ["*"],
  every: ["all-proxy-models"],
  none: ["no-default-models"],
  noneAndMore: ["no-default-models", "claude-3"],
  gpt: ["gpt-*"],
  mini: ["*-mini"],
  one: ["gpt-4o"],
  two: ["gpt-4o", "claude-3"],
  group: ["cheap"],
  alias: ["fast"],
  provider: ["openai/*"],
  wild: ["*-mini", "claude-*"],
  mixed: ["cheap", "o1"],
  named: ["openai/*", "fast", "claude-3"]
} as const

/** Models that requests ask for, and that laws try. */
export const models: ReadonlyArray<string> = [
  "gpt-4o",
  "gpt-4o-mini",
  "claude-3",
  "claude-3-mini",
  "fast",
  "slow",
  "best",
  "worst",
  "openai/x",
  "o1",
  "no-default-models",
  ""
]

/** Most of the weight of a draw stands on "left out"; alternatives must differ, so each absence has a number. */
const absences = [
  "-1",
  "-2",
  "-3",
  "-4",
  "-5",
  "-6",
  "-7",
  "-8",
  "-9",
  "-10",
  "-11",
  "-12",
  "-13",
  "-14",
  "-15",
  "-16"
] as const
type Absence = (typeof absences)[number]

const isAbsence = (drawn: string): drawn is Absence => drawn.startsWith("-")

/** One of the values, or left out, which is as likely as `often` of them. */
const maybe = <const L extends ReadonlyArray<string>>(often: number, values: L) =>
  Schema.Literals([...absences.slice(0, often), ...values])

const said = <T extends string>(drawn: T): Exclude<T, Absence> | undefined => isSaid(drawn) ? drawn : undefined
const isSaid = <T extends string>(drawn: T): drawn is Exclude<T, Absence> => !isAbsence(drawn)

const Rarely = maybe(14, ["yes"])
const Seldom = maybe(6, ["yes"])
const Sometimes = maybe(1, ["yes"])
const yes = (drawn: string): boolean => drawn === "yes"
const upTo = <S extends Schema.Top>(schema: S, most: number) => Schema.Array(schema).check(Schema.isMaxLength(most))

const List = maybe(14, [
  "star",
  "every",
  "none",
  "noneAndMore",
  "gpt",
  "mini",
  "one",
  "two",
  "group",
  "alias",
  "provider",
  "wild",
  "mixed",
  "named"
])
const listOf = (drawn: typeof List.Type): ReadonlyArray<string> => modelLists[said(drawn) ?? "all"]

const TeamName = Schema.Literals(["t-1", "t-2", "t-3"])

const TeamDraw = Schema.Struct({
  models: List,
  shares: Rarely,
  aliased: Sometimes,
  organization: maybe(9, ["o-1", "o-2"]),
  blocked: Rarely,
  over: Seldom,
  passThrough: Sometimes
})

const UserDraw = Schema.Struct({
  role: maybe(8, ["internal_user", "proxy_admin", "wizard"]),
  fromToken: Sometimes,
  teams: upTo(TeamName, 2),
  tokenTeams: Sometimes,
  models: List,
  blocked: Rarely,
  over: Seldom
})

const MemberDraw = Schema.Struct({ there: Sometimes, models: List, over: Seldom })

const WorldDraw = Schema.Struct({
  teams: Schema.Tuple([TeamDraw, TeamDraw, TeamDraw]),
  missing: maybe(16, ["t-1", "t-2"]),
  users: Schema.Tuple([UserDraw, UserDraw]),
  members: Schema.Tuple([MemberDraw, MemberDraw, MemberDraw]),
  endUser: Schema.Struct({ there: Sometimes, blocked: Rarely, over: Seldom }),
  organizationOver: Seldom,
  namespace: maybe(5, ["okta"]),
  linkByEmail: Schema.Literals(["verified", "always", "never"]),
  adminScope: Sometimes,
  grantTeams: maybe(16, ["t-1"]),
  grantRoles: maybe(16, ["internal_user"]),
  grantModels: maybe(16, ["gpt-*"]),
  grantRoutes: maybe(16, ["openai_routes"]),
  permits: Seldom,
  roleModels: maybe(1, ["gpt", "two"]),
  roleRoutes: maybe(1, ["/v1/chat/completions"]),
  teamRoleModels: maybe(1, ["gpt", "wild"]),
  custom: maybe(16, ["refuses", "fails"]),
  twins: Rarely,
  requireRole: Rarely,
  requireScope: Rarely,
  requireTeam: Rarely,
  requireTeamClaim: Rarely,
  anybody: Rarely,
  withoutTeam: Schema.Literals(["all", "user", "all", "none"]),
  teamRoutes: maybe(12, ["openai_routes", "info_routes"]),
  userRoutes: maybe(5, ["openai_routes", "info_routes"]),
  adminRoutes: Schema.Literals(["llm_api_routes", "management_routes"]),
  adminOnly: Rarely,
  open: Rarely,
  passThrough: Rarely,
  domains: Rarely,
  knownOnly: Sometimes,
  createUsers: Rarely,
  next: Sometimes,
  createTeams: Rarely,
  byDefault: maybe(6, ["t-1", "t-9"]),
  memberships: Schema.Literals(["none", "join", "replace"]),
  userRoles: Rarely
})
type WorldDraw = typeof WorldDraw.Type

const budget = (over: string) => yes(over) ? { maxBudget: 1, spend: 2 } : {}

const rowsOf = (draw: WorldDraw): Rows => ({
  teams: draw.teams.map((it, index) =>
    CoreTest.team(`t-${index + 1}`, {
      models: listOf(it.models),
      modelGroups: yes(it.shares) ? ["g-1"] : [],
      modelAliases: yes(it.aliased) ? { best: "gpt-4o", worst: "o1" } : {},
      alias: yes(draw.twins) ? "Team 1" : `Team ${index + 1}`,
      organization: said(it.organization) ?? null,
      passThroughRoutes: yes(it.passThrough) ? ["/bria"] : [],
      blocked: yes(it.blocked),
      ...budget(it.over)
    })
  ).filter((it) => it.id !== said(draw.missing)),
  users: draw.users.map((it, index) => {
    const teams = [...new Set(it.teams)]
    return CoreTest.user(`u-${index + 1}`, {
      email: `u${index + 1}@acme.test`,
      subjects: [{ namespace: "okta", subject: `u-${index + 1}` }],
      role: said(it.role) ?? null,
      roleOrigin: yes(it.fromToken) ? "token" : "api",
      teams,
      tokenTeams: yes(it.tokenTeams) ? teams : [],
      models: listOf(it.models),
      blocked: yes(it.blocked),
      ...budget(it.over)
    })
  }),
  memberships: draw.members.flatMap((it, index) =>
    yes(it.there)
      ? [CoreTest.membership("u-1", `t-${index + 1}`, { models: listOf(it.models), ...budget(it.over) })]
      : []
  ),
  organizations: [
    CoreTest.organization("o-1", { alias: "One", ...budget(draw.organizationOver) }),
    CoreTest.organization("o-2")
  ],
  endUsers: yes(draw.endUser.there)
    ? [CoreTest.endUser("c-1", { blocked: yes(draw.endUser.blocked), ...budget(draw.endUser.over) })]
    : [],
  modelGroups: [CoreTest.modelGroup("g-1", ["claude-*", "o1"])]
})

const policyOf = (draw: WorldDraw): NonNullable<CoreTest.World["policy"]> => {
  const permits = yes(draw.permits)
  const role = permits ? said(draw.roleModels) : undefined
  const ofTeam = permits ? said(draw.teamRoleModels) : undefined
  const routes = permits ? said(draw.roleRoutes) : undefined
  return {
    roles: [
      ...(role === undefined && routes === undefined ? [] : [{
        role: "internal_user" as const,
        ...(role === undefined ? {} : { models: modelLists[role] }),
        ...(routes === undefined ? {} : { routes: [routes] })
      }]),
      ...(ofTeam === undefined ? [] : [{ role: "team" as const, models: modelLists[ofTeam] }])
    ],
    requireRole: yes(draw.requireRole),
    roleMappings: [{ claim: "svc", role: "team" }, { claim: "ana", role: "internal_user" }],
    allowedUserRoles: ["staff"],
    scopes: [{ scope: "chat", models: ["gpt-*"] }, { scope: "files", models: ["*"], routes: ["/v1/files"] }],
    requireScope: yes(draw.requireScope),
    requireTeam: yes(draw.requireTeam),
    requireTeamClaim: yes(draw.requireTeamClaim),
    requirePrincipal: !yes(draw.anybody),
    withoutTeam: draw.withoutTeam,
    teamRoutes: [said(draw.teamRoutes) ?? "llm_api_routes", "info_routes"],
    userRoutes: [said(draw.userRoutes) ?? "llm_api_routes", "info_routes"],
    adminRoutes: [draw.adminRoutes, "info_routes"],
    adminOnlyRoutes: yes(draw.adminOnly) ? ["/v1/files"] : [],
    openRoutes: yes(draw.open) ? ["/user/info"] : [],
    passThroughRoutes: yes(draw.passThrough) ? [{ path: "/bria/*" }] : [],
    emailDomains: yes(draw.domains) ? ["acme.test"] : [],
    modelGroups: { cheap: ["gpt-4o-mini", "claude-*"], rest: ["o1"] },
    modelAliases: { fast: "gpt-4o-mini", slow: "o1" },
    providers: { "gpt-4o": "openai", o1: "openai" }
  }
}

/** A hook that has something against one person, or falls over it. */
const customOf = ({ custom }: WorldDraw): Pick<CoreTest.World, "custom"> => {
  const verdict = said(custom)
  return verdict === undefined ? {} : {
    custom: {
      validate: ({ payload }) =>
        payload["uid"] !== "u-2"
          ? Exit.void
          : Exit.fail(
            verdict === "refuses" ? new CustomDenied({ reason: "u-2" }) : new CustomUnavailable({ reason: "u-2" })
          )
    }
  }
}

const worldOf = (draw: WorldDraw): CoreTest.World => ({
  issuer: {
    adminScope: yes(draw.adminScope) ? "admin" : null,
    identities: { namespace: said(draw.namespace) ?? "", linkByEmail: draw.linkByEmail },
    grants: {
      teams: [said(draw.grantTeams) ?? "*"],
      roles: [said(draw.grantRoles) ?? "*"],
      models: [said(draw.grantModels) ?? "*"],
      routes: [said(draw.grantRoutes) ?? "*"]
    }
  },
  policy: policyOf(draw),
  directory: {
    users: { unknown: yes(draw.knownOnly) ? "deny" : "allow", create: yes(draw.createUsers) },
    teams: {
      whenUnknown: yes(draw.next) ? "next" : "deny",
      create: yes(draw.createTeams) ? { match: "^t-9$" } : "never",
      default: said(draw.byDefault) ?? null
    },
    memberships: draw.memberships,
    userRoles: yes(draw.userRoles) ? [{ claim: "boss*", role: "proxy_admin" }] : []
  },
  ...customOf(draw),
  rows: rowsOf(draw)
})

/** A deployment with its rows. */
export const world: Arbitrary.Arbitrary<CoreTest.World> = Arbitrary.map(Arbitrary.schema(WorldDraw), worldOf)

const AskDraw = Schema.Struct({
  isPlain: Sometimes,
  uid: maybe(2, ["u-1", "u-2", "u-9"]),
  email: maybe(4, ["u1@acme.test", "u2@acme.test", "u2@evil.test"]),
  verified: Sometimes,
  groups: upTo(Schema.Literals(["t-1", "t-2", "t-3", "t-9"]), 4),
  team_id: maybe(9, ["t-1", "t-2", "t-9"]),
  team_name: maybe(16, ["Team 1", "Ghost"]),
  org_id: maybe(12, ["o-1", "o-9"]),
  customer: maybe(4, ["c-1", "c-9"]),
  oid: maybe(16, ["t-1", "u-2"]),
  roles: maybe(4, ["svc", "ana", "bossy"]),
  user_roles: maybe(3, ["staff"]),
  scope: maybe(5, ["chat", "chat files", "admin", "chat admin"]),
  hasgroups: maybe(16, ["true"]),
  unknownGroups: Seldom,
  isOdd: Seldom,
  odd: maybe(1, ["uid", "email", "groups", "team_id", "org_id", "roles", "scope", "customer"]),
  value: Schema.Literals(["number", "object", "list", "empty", "null", "long"]),
  header: maybe(9, ["own", "t-9"]),
  path: maybe(16, ["/v1/models", "/v1/files", "/key/generate", "/user/info", "/bria/x", "/nowhere"]),
  model: maybe(5, [...models, "unseen", "unnamed", "conflict"])
})

/** Values that no honest provider puts into a claim. */
const oddities = { number: 7, object: { a: 1 }, list: [7, null, ""], empty: "", null: null, long: "x".repeat(3_000) }

/** What most tokens say; a request with these alone gets far, and what stands late in the order decides. */
const plain: ReadonlySet<string> = new Set(["uid", "email", "scope", "customer"])

/** One request: the claims that a provider may say, and some odd things. */
export const ask: Arbitrary.Arbitrary<CoreTest.Ask> = Arbitrary.map(
  Arbitrary.schema(AskDraw),
  ({ groups: named, header, isOdd, isPlain, model, odd, path, unknownGroups, value, verified, ...drawn }) => {
    const few = yes(isPlain)
    const groups = yes(unknownGroups) && !few ? named : named.filter((it) => it !== "t-9")
    const texts = Object.entries(drawn).filter(([claim, value]) => !isAbsence(value) && (!few || plain.has(claim)))
    const asked = few ? undefined : said(header)
    const team = asked === "own" ? groups[0] : asked
    const name = said(model)
    const place = few ? undefined : said(path)
    const spoilt = yes(isOdd) && !few ? said(odd) : undefined
    return {
      claims: {
        ...Object.fromEntries(texts),
        ...(groups.length === 0 ? {} : { groups }),
        ...(yes(verified) ? { email_verified: true } : {}),
        ...(spoilt === undefined ? {} : { [spoilt]: oddities[value] })
      },
      ...(place === undefined ? {} : { path: place }),
      ...(name === undefined ? {} : { model: name }),
      ...(team === undefined ? {} : { headers: { "x-team-id": team } })
    }
  }
)
