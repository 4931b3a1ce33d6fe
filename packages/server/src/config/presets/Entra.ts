/** Microsoft Entra ID, tokens of version 2: a tenant, several, or any. */
import { type Preset, textOf, type Value } from "./Preset.ts"

export const host = "https://login.microsoftonline.com"

/** Tokens write the id in lower case, and are compared byte for byte. */
const lowered = (tenant: Value | undefined): Value | undefined =>
  typeof tenant === "string"
    ? tenant.toLowerCase()
    : Array.isArray(tenant)
    ? tenant.map((it: Value) => typeof it === "string" ? it.toLowerCase() : it)
    : tenant

/** One tenant has an issuer and keys of its own; several share a template (RULES D62). */
export const tenancy = (given: Value | undefined, issuer: (tenant: string) => string) => {
  const tenant = lowered(given)
  const one = typeof tenant === "string" && tenant !== "any" ? tenant : undefined
  return {
    issuer: issuer(one ?? "{tenant}"),
    ...(one === undefined ? { tenants: tenant ?? [] } : { require: { tid: textOf(one) } }),
    jwks: `${host}/${one ?? "common"}/discovery/v2.0/keys`
  }
}

export const tenant = {
  description: "the id of the directory (a GUID, no domain name: tokens name the id), a list of them, or any",
  required: true,
  many: true,
  form: /^(?:any|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i
} as const

/** What both versions say alike: `oid` is the person in every application, `sub` is another in each. */
export const claims = {
  user: "oid",
  email: "email",
  emailVerified: "xms_edov",
  teams: "groups",
  roles: "roles",
  scopes: "scp"
}

/** An application's own token is about its service principal: `oid` and `sub` are one (threat B14). */
export const serviceAccounts = { as: "apart", match: { sub: "{oid}" } }

export const entra: Preset = {
  name: "entra",
  title: "Microsoft Entra ID (v2.0 tokens)",
  parameters: { tenant },
  traps: [
    "`sub` is another one in each application; `oid` is the person, and a directory row is linked by it.",
    "An application's own token has `oid` equal to `sub`: it is told apart as a service and is nobody's row.",
    "With many groups the token says that they are elsewhere (`_claim_names`, `hasgroups`): 403 `groups_overage`. Assign groups to the application, or use app roles.",
    "`email` is chosen by the tenant: it counts only with the optional claim `xms_edov` (`true`; a tenant whose tokens write `1` has no proof here).",
    "A token for Microsoft Graph (`aud: 00000003-0000-0000-c000-000000000000`, `nonce` in its header) can be verified by nobody but Graph: ask for a scope of your own application.",
    "An application with claims mapping signs with keys of its own, which only `https://login.microsoftonline.com/TENANT/discovery/v2.0/keys?appid=APP` has: say that as `jwks`.",
    "An application registration makes v2.0 tokens only with `requestedAccessTokenVersion: 2`; otherwise use `entra-v1`.",
    "`groups` are object ids: name them with `claims: { teams: { from: groups, map: { GUID: red } } }`."
  ],
  block: (given) => ({
    ...tenancy(given["tenant"], (it) => `${host}/${it}/v2.0`),
    tokens: "access",
    serviceAccounts,
    claims
  })
}
