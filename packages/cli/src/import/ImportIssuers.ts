/**
 * Who is trusted: `issuers[]` and the `JWT_*` variables become our issuers.
 *
 * The reference has one global path beside its list, for every token whose
 * issuer is not listed. It becomes one more, explicit entry (RULES D1).
 */
import type { Draft, Value } from "./Draft.ts"
import type { IssuerEntry, JwtAuth, LitellmFile } from "./LitellmFile.ts"
import { staleKeys } from "./Releases.ts"

/** The claims that an issuer of the reference can read from its own paths. */
const ownClaims = {
  user: "user_id_jwt_field",
  email: "user_email_jwt_field",
  teams: "team_ids_jwt_field",
  team: "team_id_jwt_field",
  organization: "org_id_jwt_field",
  endUser: "end_user_id_jwt_field"
} as const

const present = <A>(value: A | null | undefined | ""): value is A =>
  value !== undefined && value !== null && value !== ""

const oneOrMany = (paths: ReadonlyArray<string>): Value => paths.length === 1 ? paths[0] ?? "" : paths

/** Whether anything reads the roles claim: role mappings, or the role map of sync. */
export const readsRoles = (jwt: JwtAuth): boolean =>
  present(jwt.roles_jwt_field) &&
  ((jwt.role_mappings ?? []).length > 0 ||
    (jwt.sync_user_role_and_teams === true && (jwt.jwt_litellm_role_map ?? []).length > 0))

/** Whether a team can come from anywhere but a membership. */
export const namesTeams = (jwt: JwtAuth): boolean =>
  [
    jwt.team_id_jwt_field,
    jwt.team_ids_jwt_field,
    jwt.team_alias_jwt_field,
    jwt.object_id_jwt_field,
    jwt.team_id_default
  ]
    .some(present) ||
  (jwt.issuers ?? []).some((it) => present(it.team_id_jwt_field) || present(it.team_ids_jwt_field))

const claimsOf = (jwt: JwtAuth, own: IssuerEntry | undefined, strict: boolean): { readonly [claim: string]: Value } => {
  const paths = (
    claim: keyof typeof ownClaims
  ): ReadonlyArray<string> => [...new Set([own?.[ownClaims[claim]], jwt[ownClaims[claim]]].filter(present))]
  const claims: Record<string, Value> = {}
  const put = (claim: string, from: ReadonlyArray<string>): void => {
    if (from.length > 0) claims[claim] = oneOrMany(from)
  }
  claims["user"] = { from: oneOrMany(paths("user")), orEmail: true }
  if (paths("email").length === 0) claims["email"] = null
  else put("email", paths("email"))
  if (jwt.enforce_team_based_model_access === true && !namesTeams(jwt)) claims["teams"] = []
  else put("teams", paths("teams"))
  put("team", paths("team"))
  put("teamAlias", [jwt.team_alias_jwt_field].filter(present))
  put("organization", paths("organization"))
  put("organizationAlias", [jwt.org_alias_jwt_field].filter(present))
  put("endUser", paths("endUser"))
  put("object", [jwt.object_id_jwt_field].filter(present))
  if (readsRoles(jwt)) put("roles", [jwt.roles_jwt_field].filter(present))
  put("userRoles", [jwt.user_roles_jwt_field].filter(present))
  if (present(jwt.agent_id_jwt_field)) claims["agent"] = { actor: null, id: jwt.agent_id_jwt_field }
  if (!strict) claims["scopes"] = "scope"
  return claims
}

/** A readable id: the host of the issuer's URL, made different from the ids that are taken. */
const idOf = (issuer: string, taken: ReadonlySet<string>): string => {
  const base = (URL.canParse(issuer) ? new URL(issuer).host : issuer).replace(/[^\w.-]+/g, "-") || "issuer"
  let id = base
  for (let count = 2; taken.has(id); count++) id = `${base}-${count}`
  return id
}

const isInsecure = (url: string): boolean =>
  URL.canParse(url) && new URL(url).protocol === "http:" &&
  !/^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(new URL(url).hostname)

interface Trusted {
  readonly issuer: string
  readonly own: IssuerEntry | undefined
  readonly key: string
  readonly audience: Value
  readonly jwks: ReadonlyArray<string>
}

/** The issuers of the list, the first of each name, with a line for those that are left out. */
const listed = (draft: Draft, jwt: JwtAuth): ReadonlyArray<Trusted> => {
  const seen = new Set<string>()
  return (jwt.issuers ?? []).flatMap((own, index) => {
    const key = `litellm_jwtauth.issuers[${index}]`
    if (own.issuer === "" || seen.has(own.issuer)) {
      draft.line(
        key,
        "ignored",
        own.issuer === "" ? "no token has an empty issuer" : "an entry before it has the same issuer"
      )
      return []
    }
    seen.add(own.issuer)
    return [{ issuer: own.issuer, own, key, audience: own.audience ?? "any", jwks: [own.jwks_url].filter(present) }]
  })
}

/** The global path of the reference, unless it is not configured or can take no token. */
const globalPath = (draft: Draft, env: LitellmFile["env"], names: ReadonlySet<string>): Trusted | undefined => {
  const jwks = (env["JWT_PUBLIC_KEY_URL"] ?? "").split(",").map((url) => url.trim()).filter(present)
  const { JWT_AUDIENCE: audience, JWT_ISSUER: issuer } = env
  const leftOut = (reason: string): undefined => {
    for (const name of ["JWT_PUBLIC_KEY_URL", "JWT_AUDIENCE", "JWT_ISSUER"]) {
      if (env[name] !== undefined) draft.line(`env.${name}`, "ignored", reason)
    }
  }
  if (jwks.length === 0) return leftOut("without a key URL no token can take the global path")
  if (audience === "") return leftOut("an empty JWT_AUDIENCE refuses every token of the global path")
  if (issuer === "") return leftOut("an empty JWT_ISSUER refuses every token of the global path (D1)")
  if (issuer !== undefined && names.has(issuer)) {
    return leftOut("the issuer is in the list too, and the list comes first: the global path can take no token")
  }
  draft.line("env.JWT_PUBLIC_KEY_URL", "exact", "the key sets, in order", { setting: "issuers[].jwks" })
  return { issuer: issuer ?? "any", own: undefined, key: "env", audience: audience ?? "any", jwks }
}

const reportTrust = (draft: Draft, it: Trusted, strict: boolean): void => {
  const audienceKey = it.own === undefined
    ? "env.JWT_AUDIENCE"
    : `${it.key}.${it.audience === "any" ? "disable_audience_validation" : "audience"}`
  if (it.audience === "any") {
    draft.line(
      audienceKey,
      strict ? "needs a decision" : "exact but lax",
      "tokens for any other service are accepted",
      {
        setting: "issuers[].audience",
        deviations: ["D2"],
        recommendation: "write the audience that tokens for this gateway carry"
      }
    )
  } else {
    draft.line(audienceKey, "exact", "the audience", { setting: "issuers[].audience" })
  }
  if (it.own !== undefined) {
    draft.line(`${it.key}.issuer`, "exact", "compared with `iss` byte for byte", { setting: "issuers[].issuer" })
    if (present(it.own.jwks_url)) {
      draft.line(`${it.key}.jwks_url`, "exact", "the key set", { setting: "issuers[].jwks" })
    }
    for (const key of ["virtual_key_claim_field", "unregistered_jwt_client_behavior"] as const) {
      if (present(it.own[key])) {
        draft.line(
          `${it.key}.${key}`,
          "needs a decision",
          "virtual keys are no credential here: a claim cannot be mapped to one",
          {
            deviations: ["D45"]
          }
        )
      }
    }
    for (const [claim, field] of Object.entries(ownClaims)) {
      if (present(it.own[field])) {
        draft.line(`${it.key}.${field}`, "exact", "read before the file's own path for this claim", {
          setting: `issuers[].claims.${claim}`
        })
      }
    }
  } else if (it.issuer === "any") {
    draft.line("env.JWT_ISSUER", strict ? "needs a decision" : "exact but lax", "tokens of any issuer are accepted", {
      setting: "issuers[].issuer",
      deviations: ["D1"],
      recommendation: "write the issuer's name: one entry for each issuer"
    })
  } else {
    draft.line("env.JWT_ISSUER", "exact", "compared with `iss` byte for byte", { setting: "issuers[].issuer" })
  }
}

/** Seconds as a duration of the file, at least the shortest life of keys. */
const life = (seconds: number): string => `${Math.max(30, Math.ceil(seconds))}s`

/** Writes `issuers`, with what each token of the reference can be used for. */
export const importIssuers = (draft: Draft, { env, jwt, release }: LitellmFile, strict: boolean): void => {
  const list = listed(draft, jwt)
  const global = globalPath(draft, env, new Set(list.map((it) => it.issuer)))
  const trusted = global === undefined ? list : [...list, global]
  const adminScope = jwt.admin_jwt_scope ?? "litellm_proxy_admin"
  const ids = new Set<string>()
  const entries = trusted.map((it, index) => {
    const id = idOf(it.issuer, ids)
    ids.add(id)
    reportTrust(draft, it, strict)
    const place = `issuers.${index}`
    const origin = (setting: string, from: string): void => {
      draft.origins.set(`${place}.${setting}`, from)
    }
    const entry: Record<string, Value> = { id, issuer: it.issuer, audience: it.audience }
    draft.origins.set(place, it.own === undefined ? "the global path (JWT_PUBLIC_KEY_URL)" : it.key)
    origin("issuer", it.own === undefined ? "JWT_ISSUER" : `${it.key}.issuer`)
    origin("audience", it.own === undefined ? "JWT_AUDIENCE" : `${it.key}.audience`)
    if (it.jwks.length > 0) {
      entry["jwks"] = it.jwks
      origin("jwks", it.own === undefined ? "JWT_PUBLIC_KEY_URL" : `${it.key}.jwks_url`)
    }
    if (!strict) {
      entry["expiry"] = { required: false, maxLifetime: "none" }
      entry["serviceAccounts"] = "asUsers"
      entry["unreadable"] = "ignore"
    }
    if (adminScope !== "" && (!strict || index === 0)) {
      entry["adminScope"] = adminScope
      origin("adminScope", jwt.admin_jwt_scope === undefined ? "default of admin_jwt_scope" : "admin_jwt_scope")
    }
    if (!strict) entry["identities"] = { linkByEmail: "always" }
    else if (index > 0) entry["identities"] = { namespace: id }
    entry["claims"] = claimsOf(jwt, it.own, strict)
    if (jwt.oidc_userinfo_enabled === true && present(jwt.oidc_userinfo_endpoint) && it === (global ?? list[0])) {
      entry["opaque"] = {
        userinfo: {
          url: jwt.oidc_userinfo_endpoint,
          ttl: `${Math.max(1, Math.ceil(jwt.oidc_userinfo_cache_ttl ?? 300))}s`
        }
      }
      origin("opaque", "oidc_userinfo_endpoint")
    }
    const stale = jwt.public_key_stale_ttl ?? (strict ? undefined : staleKeys[release])
    if (present(jwt.public_key_ttl) || stale !== undefined) {
      entry["keys"] = {
        ...(present(jwt.public_key_ttl) ? { life: life(jwt.public_key_ttl) } : {}),
        ...(stale === undefined ? {} : { stale: `${Math.min(604_800, Math.floor(stale))}s` })
      }
      origin(
        "keys",
        [
          ...(present(jwt.public_key_ttl) ? ["public_key_ttl"] : []),
          ...(stale === undefined
            ? []
            : [`${present(jwt.public_key_stale_ttl) ? "" : "default of "}public_key_stale_ttl`])
        ].join(", ")
      )
    }
    if ([it.issuer, ...it.jwks].some(isInsecure)) entry["allowInsecure"] = true
    return entry
  })
  draft.set(["issuers"], entries)
  if (!strict) draft.set(["sharedIdentities"], true, "the reference has one namespace for all issuers")
  if (trusted.length === 0) {
    draft.line(
      "env.JWT_PUBLIC_KEY_URL",
      "needs a decision",
      "neither it nor `issuers` is set: every token is refused",
      {
        setting: "issuers"
      }
    )
  }
}
