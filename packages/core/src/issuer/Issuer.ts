/**
 * One trusted issuer, compiled from its settings, and the registry that chooses the issuer of a token.
 *
 * Only listed issuers are trusted (RULES D1): `iss` is compared byte for byte (threat B02), and an `iss` that no entry
 * lists never causes a request to anybody (threat B05). `issuer: any` takes the tokens whose `iss` no other entry
 * lists, a missing one included, never an empty one or one that is no text. Everything a check needs is prepared here,
 * once, so that a check is set look-ups and comparisons; audiences and issuers are never patterns (threat B17).
 */
import * as Context from "effect/Context"
import * as Layer from "effect/Layer"
import type { DirectorySettings, Issuer as IssuerSettings, PolicySettings } from "../Settings.ts"
import * as AddressProof from "../settings/AddressProof.ts"
import type { Proof } from "../settings/AddressProof.ts"
import type { ClaimPath } from "../settings/ClaimPath.ts"
import * as Path from "../settings/ClaimPath.ts"

/** A claim that must hold one of some values (CONFIG.md `require`). */
export interface RequiredClaim {
  /** The path as the file writes it. */
  readonly name: string
  /** The path, step by step. */
  readonly path: ClaimPath
  /** The values of which it must have one. */
  readonly values: ReadonlySet<string | number | boolean>
  /** What must hold before an address counts (RULES D57). */
  readonly proves: Proof | undefined
}

/** The names of an issuer that has one for each tenant. */
export interface Template {
  /** What stands before the tenant. */
  readonly before: string
  /** What stands after it. */
  readonly after: string
  /** `undefined`: every tenant. */
  readonly tenants: ReadonlySet<string> | undefined
  /** Whether persons are told apart by tenant: more than one is trusted. */
  readonly several: boolean
}

/** One trusted issuer in the form in which tokens are checked against it. Times in milliseconds. */
export interface IssuerProfile {
  /** The `id` of the settings. */
  readonly id: string
  /** The settings this was compiled from. */
  readonly settings: IssuerSettings
  /** The exact `iss`; `undefined` for `issuer: any` and for a template. */
  readonly iss: string | undefined
  /** The `iss` of a template with `{tenant}` and the tenants that are trusted (RULES D62). */
  readonly template: Template | undefined
  /** Accepted `alg` values; `EdDSA` and `Ed25519` are one algorithm with two names (RFC 9864). */
  readonly algorithms: ReadonlySet<string>
  /** Accepted `typ` values besides none, in lower case. */
  readonly types: ReadonlySet<string>
  /** One of these must be in `aud`; `undefined`: `aud` is not looked at. */
  readonly audiences: ReadonlySet<string> | undefined
  /** Identifiers of protected resources, which count as audiences for what is asked of them alone (RFC 8707). */
  readonly resources: ReadonlySet<string>
  /** Paths of claims that rules of the deployment read besides the mapping: what else of a token is kept to ask again. */
  readonly ruled: ReadonlyArray<string>
  /** How many milliseconds clocks may differ. */
  readonly skew: number
  /** Whether a token must name its end. */
  readonly expiryRequired: boolean
  /** `undefined`: unbounded. */
  readonly maxLifetime: number | undefined
  /** Whether a token that shows itself as an ID token is refused (threat B07). */
  readonly accessOnly: boolean
  /** Whether a token bound to a key of its sender is refused (RULES D36). */
  readonly refusesConfirmation: boolean
  /** Claims that must hold one of some values. */
  readonly required: ReadonlyArray<RequiredClaim>
  /** How the names of persons of the other namespaces begin; no subject of the empty namespace may (RULES D61). */
  readonly foreign: ReadonlyArray<string>
}

/** Accepted `typ` values, compared without case as media types are; RFC 9068 writes its own with and without `application/`. */
const typesOf = (types: ReadonlyArray<string>): ReadonlySet<string> => {
  const all = new Set(types.map((it) => it.toLowerCase()))
  if (all.has("at+jwt")) all.add("application/at+jwt")
  else if (all.has("application/at+jwt")) all.add("at+jwt")
  return all
}

/** Both names of EdDSA over Curve25519 when one of them is given. */
export const withSynonyms = (algorithms: Iterable<string>): ReadonlySet<string> => {
  const all = new Set(algorithms)
  if (all.has("EdDSA")) all.add("Ed25519")
  else if (all.has("Ed25519")) all.add("EdDSA")
  return all
}

const PLACE = "{tenant}"

const templateOf = ({ issuer, tenants }: IssuerSettings): Template | undefined => {
  const at = issuer.indexOf(PLACE)
  return at < 0 ? undefined : {
    before: issuer.slice(0, at),
    after: issuer.slice(at + PLACE.length),
    tenants: tenants === "any" ? undefined : new Set(tenants),
    several: tenants === "any" || tenants.length > 1
  }
}

/** Whether `iss` is what the template gives for the token's own tenant, which is trusted. A tenant is one plain name. */
const isOf = ({ after, before, tenants }: Template, iss: string, tid: unknown): boolean =>
  typeof tid === "string" && /^[A-Za-z0-9._-]+$/.test(tid) && iss === `${before}${tid}${after}` &&
  (tenants === undefined || tenants.has(tid))

const noResources: ReadonlySet<string> = new Set()

/** What tells a managed agent, in a token of Entra (RULES D72). */
const managed = ["iss", "tid", "oid", "idtyp", "roles", "scp", "xms_sub_fct"]

/** The claims that rules read besides the mapping: what names the application, and, in a LiteLLM's directory, who is managed. */
const ruledBy = (
  { mcpClients }: Pick<PolicySettings, "mcpClients">,
  { url }: Pick<DirectorySettings, "url">
): ReadonlyArray<string> => [
  ...(typeof mcpClients?.claim === "string" ? [mcpClients.claim] : []),
  ...(url.startsWith("litellm+") ? managed : [])
]

/** Prepares the settings of one issuer; `namespaces` are those of all, `resources` those of the deployment. */
export const compile = (
  settings: IssuerSettings,
  namespaces: ReadonlyArray<string> = [],
  resources: ReadonlySet<string> = noResources,
  ruled: ReadonlyArray<string> = []
): IssuerProfile => ({
  id: settings.id,
  settings,
  iss: settings.issuer === "any" || settings.issuer.includes(PLACE) ? undefined : settings.issuer,
  template: templateOf(settings),
  algorithms: withSynonyms(settings.algorithms),
  types: typesOf(settings.types),
  audiences: settings.audience.length === 1 && settings.audience[0] === "any" ? undefined : new Set(settings.audience),
  resources,
  ruled,
  skew: settings.expiry.skew,
  expiryRequired: settings.expiry.required,
  maxLifetime: settings.expiry.maxLifetime === "none" ? undefined : settings.expiry.maxLifetime,
  accessOnly: settings.tokens === "access",
  refusesConfirmation: settings.confirmation === "refuse",
  required: Object.entries(settings.require).map(([name, value]) => ({
    name,
    path: Path.parse(name),
    values: new Set(Array.isArray(value) ? value : [value]) as ReadonlySet<string | number | boolean>,
    proves: AddressProof.of(settings).proofOf(name)
  })),
  foreign: settings.identities.namespace === ""
    ? [...new Set(namespaces)].filter((it) => it !== "").map((it) => `${it}|`)
    : []
})

/** The trusted issuers of one configuration. */
export class Issuers extends Context.Service<Issuers, {
  /** Every issuer, in the order of the settings. */
  readonly all: ReadonlyArray<IssuerProfile>
  /**
   * The issuer for an `iss` (`undefined`: the token has none) and the token's `tid`; `undefined` when nobody here is
   * trusted for it.
   */
  readonly forIss: (iss: string | undefined, tid?: unknown) => IssuerProfile | undefined
  /** The issuer with this `id`. */
  readonly byId: (id: string) => IssuerProfile | undefined
}>()("@jotgate/core/Issuers") {
  /** Of two entries with the same `iss` (or the same `id`) the first counts. */
  static readonly make = (
    settings: ReadonlyArray<IssuerSettings>,
    resources: ReadonlyArray<string> = [],
    ruled: ReadonlyArray<string> = []
  ): Issuers["Service"] => {
    const namespaces = settings.map((it) => it.identities.namespace)
    const known = new Set(resources)
    const all = settings.map((it) => compile(it, namespaces, known, ruled))
    const byIss = new Map<string, IssuerProfile>()
    const byId = new Map<string, IssuerProfile>()
    for (const one of all.toReversed()) {
      byId.set(one.id, one)
      if (one.iss !== undefined) byIss.set(one.iss, one)
    }
    const others = all.find((one) => one.settings.issuer === "any")
    const templates = all.filter((one) => one.template !== undefined)
    const byTemplate = (iss: string, tid: unknown) =>
      templates.find(({ template }) => template !== undefined && isOf(template, iss, tid))
    return {
      all,
      forIss: (iss, tid) =>
        iss === undefined ? others : iss === "" ? undefined : byIss.get(iss) ?? byTemplate(iss, tid) ?? others,
      byId: (id) => byId.get(id)
    }
  }
  /** Of these settings; `resources` are those of MCP servers (RFC 8707), `ruled` the claims that rules read. */
  static readonly layer = (
    settings: ReadonlyArray<IssuerSettings>,
    resources: ReadonlyArray<string> = [],
    ruled: ReadonlyArray<string> = []
  ): Layer.Layer<Issuers> => Layer.succeed(Issuers, Issuers.make(settings, resources, ruled))

  /** Those of a whole configuration. */
  static readonly layerFor = (
    { directory, issuers, policy }: {
      /** Who is trusted to say who is calling. */
      readonly issuers: ReadonlyArray<IssuerSettings>
      /** The rules, as far as they read claims. */
      readonly policy: Pick<PolicySettings, "mcp" | "mcpClients">
      /** Where rows are, as far as that reads claims. */
      readonly directory: Pick<DirectorySettings, "url">
    }
  ): Layer.Layer<Issuers> =>
    Issuers.layer(
      issuers,
      policy.mcp.flatMap(({ resource }) => resource === undefined ? [] : [resource]),
      ruledBy(policy, directory)
    )
}
