/**
 * Findings on issuers: names, claims that nothing reads, addresses of keys, proofs of e-mail addresses.
 */
import * as AddressProof from "@jotgate/core/AddressProof"
import { isDiscoveryUrl } from "@jotgate/core/Discovery"
import { type Issuer, type MappedClaim, normalizeMapping } from "@jotgate/core/Settings"
import { type Check, error, isRead, repeated, warning, when } from "./CheckFinding.ts"
import { isLoopback } from "./GatewaySettings.ts"

const isHttp = (url: string): boolean => URL.canParse(url) && new URL(url).protocol === "http:"
const isWeb = (url: string): boolean => URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)

const sourcesOf = (issuer: Issuer): ReadonlyArray<string> =>
  (Array.isArray(issuer.jwks) ? issuer.jwks : [issuer.jwks]).filter((it): it is string => typeof it === "string")

/** Whether addresses of this issuer come from a discovery document. */
const discovers = (issuer: Issuer): boolean => {
  const userinfo = issuer.opaque?.userinfo
  const named = typeof userinfo === "object" ? userinfo.url : undefined
  return issuer.jwks === undefined || sourcesOf(issuer).some(isDiscoveryUrl) ||
    (named === undefined && (issuer.enrich !== null || (userinfo ?? false) !== false))
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

/** Every finding on issuers. */
export const checkIssuers: Check = (settings, says) =>
  [issuerNames, issuerTrust, issuerEffects, addresses].flatMap((check) => check(settings, says))
