/**
 * What is wrong with settings that are each valid alone: contradictions, which
 * refuse the file, and settings without effect or against better practice,
 * which are warnings (errors with `--strict`).
 *
 * Pure: nothing is fetched and no secret is read, so a file can be checked
 * where neither the issuers nor the secrets are at hand.
 */
import * as AddressProof from "@jotgate/core/AddressProof"
import { isDiscoveryUrl } from "@jotgate/core/Discovery"
import { compile } from "@jotgate/core/Route"
import * as RouteGroups from "@jotgate/core/RouteGroups"
import { suggestion } from "@jotgate/core/SchemaFindings"
import {
  type Issuer,
  LitellmReleases,
  type MappedClaim,
  normalizeMapping,
  type PolicySettings
} from "@jotgate/core/Settings"
import type { ConfigFile } from "./ConfigFile.ts"
import { type FileSettings, isLoopback } from "./GatewaySettings.ts"

/** One contradiction (`error`), or one setting to look at (`warning`). */
export interface CheckFinding {
  readonly severity: "error" | "warning"
  readonly path: string
  readonly message: string
}

type Says = (path: string) => boolean
type Check = (settings: FileSettings, says: Says) => ReadonlyArray<CheckFinding>

const error = (path: string, message: string): CheckFinding => ({ severity: "error", path, message })
const warning = (path: string, message: string): CheckFinding => ({ severity: "warning", path, message })
const when = <A>(condition: boolean, finding: () => A): ReadonlyArray<A> => condition ? [finding()] : []

const isHttp = (url: string): boolean => URL.canParse(url) && new URL(url).protocol === "http:"
const isWeb = (url: string): boolean => URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)

const sourcesOf = (issuer: Issuer): ReadonlyArray<string> =>
  (Array.isArray(issuer.jwks) ? issuer.jwks : [issuer.jwks]).filter((it): it is string => typeof it === "string")

/** Whether addresses of this issuer come from a discovery document. */
const discovers = (issuer: Issuer): boolean => {
  const userinfo = issuer.opaque?.userinfo
  return issuer.jwks === undefined || sourcesOf(issuer).some(isDiscoveryUrl) || userinfo === true ||
    (typeof userinfo === "object" && userinfo.url === undefined)
}

/** The key sets that need a token. */
const guardedOf = (issuer: Issuer): ReadonlyArray<string> =>
  (Array.isArray(issuer.jwks) ? issuer.jwks : [issuer.jwks]).flatMap((it) =>
    typeof it === "object" && "url" in it && typeof it.url === "string" ? [it.url] : []
  )

/** Whether the issuer's name itself is an address that is asked. */
const asksName = (issuer: Issuer): boolean => {
  const userinfo = issuer.opaque?.userinfo
  return issuer.jwks === undefined ||
    (!sourcesOf(issuer).some(isDiscoveryUrl) &&
      (userinfo === true || issuer.enrich !== null || (typeof userinfo === "object" && userinfo.url === undefined)))
}

/** The second of each two entries that are alike. */
const repeated = <A>(items: ReadonlyArray<A>, key: (item: A) => string): ReadonlyArray<readonly [A, number, A]> => {
  const seen = new Map<string, A>()
  return items.flatMap((item, index) => {
    const before = seen.get(key(item))
    if (before !== undefined) return [[item, index, before] as const]
    seen.set(key(item), item)
    return []
  })
}

const isRead = (issuer: Issuer, claim: MappedClaim): boolean => normalizeMapping(issuer.claims[claim]) !== undefined

const reads = (issuers: ReadonlyArray<Issuer>, claim: MappedClaim): boolean => issuers.some((it) => isRead(it, claim))

const issuerNames: Check = ({ issuers, sharedIdentities }) => [
  ...when(issuers.length === 0, () => warning("issuers", "no issuer is trusted: every token is refused")),
  ...repeated(issuers, (it) => it.id).map(([it, index]) =>
    error(`issuers[${index}].id`, `the id ${JSON.stringify(it.id)} is taken`)
  ),
  ...repeated(issuers, (it) => it.issuer).map(([it, index, before]) =>
    error(`issuers[${index}].issuer`, `issuer ${JSON.stringify(it.issuer)} is the same as that of ${before.id}`)
  ),
  ...repeated(issuers, (it) => it.identities.namespace).map(([it, index, before]) => {
    const path = `issuers[${index}].identities.namespace`
    const shared = `namespace ${JSON.stringify(it.identities.namespace)} is the same as that of ${before.id}`
    return sharedIdentities
      ? warning(path, `${shared}: whoever one of them calls by a name is the person whom the other calls so (D5)`)
      : error(
        path,
        `${shared}: one person of either could be another of the other; give each its own, or set sharedIdentities: true`
      )
  })
]

/** How addresses are proven (RULES D57). */
const addresses: Check = ({ issuers }) =>
  issuers.flatMap((it, index) => {
    const flags = it.claims.emailVerified ?? []
    const emails = normalizeMapping(it.claims.email)?.from ?? []
    const user = normalizeMapping(it.claims.user)
    const { isAddress, proofOf } = AddressProof.of(it)
    const place = `issuers[${index}].claims`
    const needsProof = it.identities.linkByEmail !== "always"
    return [
      ...flags.flatMap((flag, at) =>
        when(needsProof && emails.length > 0 && AddressProof.spokenOf(flag, at, flags, emails) === undefined, () =>
          error(
            `${place}.emailVerified`,
            `leaves open of which claim ${
              JSON.stringify(flag)
            } speaks: name one flag for each path of claims.email, in order`
          ))
      ),
      ...when(needsProof && flags.length === 0 && emails.length > 0, () =>
        warning(`${place}.email`, "has no effect: no flag can prove the address (D57)")),
      ...when(
        (user?.from ?? []).some((path) =>
          isAddress(path) && proofOf(path) !== undefined
        ),
        () =>
          warning(
            `${place}.user`,
            "reads an address: a token without the proof names nobody, and no proxy admin is found by one (D57)"
          )
      )
    ]
  })

/** Claims of which a mapping is said: reading groups by alias and e-mail for a missing id are for one each. */
const mappedClaims = [
  "user",
  "email",
  "teams",
  "team",
  "teamAlias",
  "organization",
  "organizationAlias",
  "endUser",
  "object",
  "roles",
  "userRoles",
  "scopes"
] as const satisfies ReadonlyArray<MappedClaim>

/** Settings of an issuer that another of its settings leaves without effect. */
const issuerEffects: Check = ({ issuers }) =>
  issuers.flatMap((it, index) => [
    ...mappedClaims.flatMap((claim) => {
      const mapping = normalizeMapping(it.claims[claim])
      return when(
        mapping !== undefined && claim !== "teams" && mapping.by !== "id",
        () => warning(`issuers[${index}].claims.${claim}.by`, "has no effect: only claims.teams is read by alias")
      )
    }),
    ...when(
      it.keys.hosts.length > 0 && !discovers(it),
      () => warning(`issuers[${index}].keys.hosts`, "has no effect: nothing of this issuer is discovered")
    ),
    ...when(
      it.claims.overage === "ignore" && !isRead(it, "teams"),
      () => warning(`issuers[${index}].claims.overage`, "has no effect: claims.teams is not read")
    )
  ])

/** Whether the client that a token is for is required instead of an audience, as for Cognito's access tokens. */
const bindsClient = ({ require }: Issuer): boolean =>
  ["client_id", "azp", "appid", "cid"].some((claim) => Object.hasOwn(require, claim))

const issuerTrust: Check = ({ issuers }) =>
  issuers.flatMap((it, index) => {
    const place = `issuers[${index}]`
    const urls = [
      ...(isWeb(it.issuer) && asksName(it) ? [["issuer", it.issuer] as const] : []),
      ...guardedOf(it).map((url) => ["jwks", url] as const),
      ...sourcesOf(it).map((url) => ["jwks", url] as const),
      ...(it.opaque?.introspection === undefined
        ? []
        : [["opaque.introspection.url", it.opaque.introspection.url] as const]),
      ...(typeof it.opaque?.userinfo === "object" && it.opaque.userinfo.url !== undefined
        ? [["opaque.userinfo.url", it.opaque.userinfo.url] as const]
        : [])
    ]
    return [
      ...when(it.jwks === undefined && !isWeb(it.issuer), () =>
        error(`${place}.jwks`, "is needed: without a URL as issuer there is nothing to discover keys from")),
      ...sourcesOf(it).filter((url) =>
        !url.startsWith("file:") && !isWeb(url)
      ).map(() => error(`${place}.jwks`, "must be a URL, file:PATH or a key set")),
      ...(it.allowInsecure ?
        [] :
        urls.filter(([, url]) =>
          isHttp(url) && !isLoopback(new URL(url).hostname)
        ).map(([key]) =>
          error(`${place}.${key}`, "uses http: elsewhere than on a loopback address, which needs allowInsecure: true")
        )),
      ...when(
        it.opaque !== undefined && it.opaque.introspection === undefined && (it.opaque.userinfo ?? false) === false,
        () => error(`${place}.opaque`, "names neither introspection nor userinfo")
      ),
      ...when((it.opaque?.userinfo ?? false) !== false, () =>
        warning(`${place}.opaque.userinfo`, "accepts tokens that were issued to any client of this issuer")),
      ...when(it.issuer === "any", () =>
        warning(`${place}.issuer`, "takes tokens of every issuer that is not listed (D1)")),
      ...when(it.issuer.includes("{tenant}") && it.jwks === undefined, () =>
        error(`${place}.jwks`, "is needed: a template is no address to discover keys from")),
      ...when(it.issuer.includes("{tenant}") !== it.tenants.length > 0, () =>
        error(
          `${place}.tenants`,
          it.tenants.length > 0
            ? "has no effect: issuer has no {tenant}"
            : "is needed: which tenants of the template are trusted? any trusts all of them"
        )),
      ...when(it.tenants === "any", () =>
        warning(`${place}.tenants`, "trusts every tenant: anybody can have one (D62)")),
      ...guardedOf(it).filter((url) =>
        !isWeb(url) || isDiscoveryUrl(url)
      ).map(() =>
        error(`${place}.jwks`, "behind a token must be the URL of a key set")
      ),
      ...when(it.audience.includes("any") && !bindsClient(it), () =>
        warning(`${place}.audience`, "accepts tokens that were made for another service (D2)")),
      ...when(it.audience.includes("any") && it.audience.length > 1, () =>
        error(`${place}.audience`, "names any and others: any includes them")),
      ...when(
        !(["user", "team", "teams", "teamAlias", "object"] as const).some((claim) =>
          isRead(it, claim)
        ) &&
          it.adminScope === null,
        () =>
          warning(`${place}.claims`, "names neither a user nor a team: no token of this issuer can result in anybody")
      )
    ]
  })

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
    !policy.requireScope && policy.scopes.length > 0,
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

const entryLists: ReadonlyArray<keyof PolicySettings & `${string}Routes`> = [
  "adminRoutes",
  "adminOnlyRoutes",
  "teamRoutes",
  "userRoutes",
  "openRoutes"
]

/** A path that an entry covers: what its parameters and its final star may stand for. */
const exampleOf = (entry: string): string => entry.replace(/\{[^{}/]+\}/g, "x").replace(/\*$/, "x")

/** A pass-through route is open to the teams that list it, of those whose routes it belongs to at all. */
const passThrough: Check = ({ policy: { litellm, passThroughRoutes, teamRoutes } }) => {
  const paths = passThroughRoutes.map((it) => it.path)
  const covers = compile(teamRoutes, RouteGroups.withMore(RouteGroups.of(litellm), "openai_routes", paths))
  return passThroughRoutes.flatMap((it, index) =>
    when(!covers(exampleOf(it.path), "POST"), () =>
      warning(
        `policy.passThroughRoutes[${index}]`,
        "is denied to every team, listed or not: add it to policy.teamRoutes, by its path or as openai_routes, which " +
          "holds every pass-through route (llm_api_routes does not)"
      ))
  )
}

/** Route entries with their places. */
const routeEntries = ({ gateway, policy }: FileSettings): ReadonlyArray<readonly [path: string, entry: string]> => [
  ...entryLists.flatMap((list) => {
    const entries = list === "passThroughRoutes" ? [] : policy[list]
    return entries.map((entry, index) => [`policy.${list}[${index}]`, entry] as const)
  }),
  ...(["roles", "scopes"] as const).flatMap((list) =>
    policy[list].flatMap((it, index) =>
      (it.routes ?? []).map((entry, at) => [`policy.${list}[${index}].routes[${at}]`, entry] as const)
    )
  ),
  ...gateway.websocket.map((entry, index) => [`gateway.websocket[${index}]`, entry] as const),
  ...gateway.upstreams.flatMap((it, index) =>
    it.match.path === undefined ? [] : [[`gateway.upstreams[${index}].match.path`, it.match.path] as const]
  )
]

const routes: Check = (settings) => {
  const groups = RouteGroups.of(settings.policy.litellm)
  return routeEntries(settings).flatMap(([path, entry]) => {
    if (entry.startsWith("/")) {
      return when(
        /\*./.test(entry) && !entry.includes("{"),
        () => error(path, "has a * that is not at its end: only a final * stands for what lies below")
      )
    }
    if (groups.has(entry) || entry === "*") return []
    const elsewhere = LitellmReleases.filter((it) => RouteGroups.of(it).has(entry))
    if (elsewhere.length > 0) {
      return [
        error(path, `is a route group of LiteLLM ${elsewhere.join(", ")}: policy.litellm is ${settings.policy.litellm}`)
      ]
    }
    const meant = suggestion(entry, [...groups.keys()])
    return [error(
      path,
      `is neither a path nor a route group${meant === undefined ? "" : `, did you mean ${JSON.stringify(meant)}?`}`
    )]
  })
}

/** Where more may be called than a reader of the file would think, or where it cannot be told (RULES D53, D60). */
const unknownModels: Check = ({ gateway, policy }, says) => [
  ...when(
    policy.withoutTeam === "all",
    () =>
      warning(
        "policy.withoutTeam",
        "callers without a team and without models of their own reach everything that the upstream has: user is stricter"
      )
  ),
  ...when(
    gateway.trustedProxies.length > 0 && gateway.forwardAuth.unseenModel === "pass",
    () =>
      warning(
        "gateway.forwardAuth.unseenModel",
        "the doors of nginx, ingress-nginx, Caddy and HAProxy see no body: whatever model it names passes, unless the next hop " +
          "enforces x-jotgate-models"
      )
  ),
  ...when(
    // With an upstream or a gRPC listener other doors may be meant, and whoever has chosen knows.
    gateway.trustedProxies.length > 0 && !says("gateway.forwardAuth.unseenModel") && gateway.grpc === null &&
      gateway.upstream === null && gateway.upstreams.length === 0,
    () =>
      warning(
        "gateway.trustedProxies",
        "the doors of nginx, ingress-nginx, Caddy and HAProxy see no body: there, who may not call everything is denied " +
          "on model routes (403 model_unseen); gateway.forwardAuth.unseenModel: pass leaves it to a next hop that enforces " +
          "x-jotgate-models"
      )
  )
]

const gateway: Check = ({ gateway }, says) => {
  const all = [
    ...(gateway.upstream === null ? [] : [["gateway.upstream", gateway.upstream] as const]),
    ...gateway.upstreams.map((it, index) => [`gateway.upstreams[${index}]`, it] as const)
  ]
  return [
    ...when(
      !isLoopback(gateway.admin.host) && gateway.adminToken === null,
      () => error("gateway.admin", "listens elsewhere than on a loopback address, which needs gateway.adminToken")
    ),
    ...when(
      gateway.listen.port !== 0 && gateway.listen.port === gateway.admin.port &&
        gateway.listen.host === gateway.admin.host,
      () => error("gateway.admin", "is the same address as gateway.listen")
    ),
    ...all.flatMap(([path, it]) => {
      const { authorization } = it
      if (typeof authorization === "string") {
        return [
          ...when(
            says(`${path}.onMissingTeamKey`),
            () => warning(`${path}.onMissingTeamKey`, "has no effect: authorization names no key of a team")
          ),
          ...when(
            says(`${path}.header`) && authorization === "none",
            () => warning(`${path}.header`, "has no effect: authorization is none")
          )
        ]
      }
      const { default: fallback, team } = authorization
      return [
        ...when(
          team === undefined && fallback === undefined,
          () => error(`${path}.authorization`, "names neither team nor default")
        ),
        ...when(
          typeof team === "string" && !team.includes("{team}"),
          () => error(`${path}.authorization.team`, "must hold {team}, or it is the same key for every team")
        ),
        ...when(
          it.onMissingTeamKey === "deny" && team === undefined,
          () => error(`${path}.onMissingTeamKey`, "denies everybody: authorization names no key of a team")
        ),
        ...when(
          it.onMissingTeamKey === "deny" && team !== undefined && fallback !== undefined,
          () => warning(`${path}.authorization.default`, "is for callers without a team only: onMissingTeamKey is deny")
        )
      ]
    }),
    ...when(
      gateway.forwardAuth.authorization && all.length === 0,
      () => warning("gateway.forwardAuth.authorization", "has no effect: no upstream has a key to answer with")
    ),
    ...when(
      gateway.websocket.length > 0 && all.length === 0,
      () => warning("gateway.websocket", "has no effect: there is no upstream")
    ),
    ...when(
      gateway.upstream === null && gateway.upstreams.length > 0,
      () => warning("gateway.upstreams", "what none of them matches has no upstream: 404")
    )
  ]
}

const checks: ReadonlyArray<Check> = [
  issuerNames,
  issuerTrust,
  issuerEffects,
  addresses,
  adminScopes,
  teamSources,
  roles,
  scopes,
  emails,
  directoryWrites,
  routes,
  passThrough,
  unknownModels,
  gateway
]

/** Every finding on settings that were read from a file. */
export const checkConfig = ({ says, settings }: Pick<ConfigFile, "settings" | "says">): ReadonlyArray<CheckFinding> =>
  checks.flatMap((check) => check(settings, says))
