/**
 * Reads the identity out of verified claims, by the mapping of their issuer.
 *
 * Total over any payload: a mapped claim that is there in a shape that nothing
 * reads refuses the token, unless the issuer passes over it (RULES D12). An
 * address without a proof is as if it were not there, wherever it stands (RULES
 * D57). No claim name is reserved (RULES D48). Services are told from people
 * (RULES D37), and a group overage is never "no groups" (RULES D14).
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import { type Identity, type LinkByEmail, subjectOf } from "../Identity.ts"
import {
  type EndUserId,
  isEndUserId,
  isOrganizationId,
  isTeamId,
  isUserId,
  type OrganizationId,
  type TeamId,
  type UserId
} from "../Ids.ts"
import type { Json, JsonObject } from "../Json.ts"
import * as Pattern from "../rules/patterns/Pattern.ts"
import * as Settings from "../Settings.ts"
import * as AddressProof from "../settings/AddressProof.ts"
import type { ClaimPath } from "../settings/ClaimPath.ts"
import * as Path from "../settings/ClaimPath.ts"
import type { FactsOf } from "../Step.ts"
import type { Claims } from "../token/Claims.ts"
import { shown, TokenRefused } from "../token/Refusal.ts"
import * as AgentClaim from "./AgentClaim.ts"
import * as ClaimMapping from "./ClaimMapping.ts"
import * as ClaimReport from "./ClaimReport.ts"
import * as ServiceAccount from "./ServiceAccount.ts"

type Reader = ClaimMapping.ClaimReader | undefined

interface Readers extends Readonly<Record<Settings.MappedClaim, Reader>> {
  /** Whether `sub` is what names the person, so that it must be there. */
  readonly needsSubject: boolean
  readonly isService: ServiceAccount.ServiceTest
  readonly hints: ReadonlyArray<string>
  /** The teams that tokens of this issuer may name (RULES D51). */
  readonly grantsTeam: Pattern.Matcher
  /** Whether what names the person at a path is an address (RULES D57). */
  readonly isAddress: (path: string) => boolean
  /** Whether an unreadable claim counts as absent (RULES D12). */
  readonly ignores: boolean
  /** Every path that is read, for whoever asks what is not. */
  readonly paths: ReadonlyArray<ClaimPath>
}

const compile = (settings: Settings.Issuer): Readers => {
  const { claims } = settings
  const addresses = AddressProof.of(settings)
  const reader = (name: Settings.MappedClaim, shapes?: ClaimMapping.Shapes): Reader => {
    const mapping = Settings.normalizeMapping(claims[name])
    return mapping === undefined ? undefined : ClaimMapping.compile(mapping, shapes, addresses.proofOf)
  }
  const mapped = {
    user: reader("user", ClaimMapping.oneText),
    email: reader("email", ClaimMapping.enlisted),
    teams: reader("teams"),
    team: reader("team", ClaimMapping.enlisted),
    teamAlias: reader("teamAlias", ClaimMapping.oneText),
    organization: reader("organization", ClaimMapping.named),
    organizationAlias: reader("organizationAlias", ClaimMapping.named),
    endUser: reader("endUser", ClaimMapping.oneText),
    object: reader("object", ClaimMapping.oneText),
    roles: reader("roles"),
    userRoles: reader("userRoles"),
    scopes: reader("scopes", ClaimMapping.spaced)
  }
  const { user } = mapped
  const addressed = new Set(user?.paths.filter(addresses.isAddress))
  const texts = [
    ...Object.values(mapped).flatMap((it) => it?.paths ?? []),
    ...Object.keys(settings.require),
    ...ServiceAccount.pathsOf(settings.serviceAccounts),
    ...AgentClaim.pathsOf(claims),
    ...(settings.tenants.length === 0 ? [] : ["tid"]),
    ...claims.emailVerified ?? [],
    ...(claims.overage === "deny" ? ["_claim_names", "hasgroups"] : []),
    ...(settings.tokens === "access" ? ["nonce", "at_hash", "scope"] : [])
  ]
  return {
    ...mapped,
    hints: hintsOf({ team: mapped.team, teams: mapped.teams, roles: mapped.roles }),
    needsSubject: user !== undefined && !user.orEmail && user.paths.length === 1 && isSubject(user.paths[0] ?? ""),
    isService: ServiceAccount.compile(settings.serviceAccounts, addresses.proofOf),
    grantsTeam: Pattern.compileAny(settings.grants.teams),
    isAddress: (path) => addressed.has(path),
    ignores: settings.unreadable === "ignore",
    paths: [...ClaimReport.always, ...texts.map(Path.parse)]
  }
}

/** Whether something is true of one of the paths at which a claim was read; a mapping may unite several. */
const anyOf = (paths: string, holds: (path: string) => boolean): boolean =>
  holds(paths) || (paths.includes(", ") && paths.split(", ").some(holds))

/** A path that can never match because it indexes a list. */
const indexed = /(?:^|\.)\d+$|^[^.[\]]+\[\d+\]$/

/** What an operator should know of paths that can never match. */
const hintsOf = (readers: Readonly<Record<string, Reader>>): ReadonlyArray<string> =>
  Object.entries(readers).flatMap(([name, reader]) =>
    (reader?.paths ?? []).filter((path) => indexed.test(path))
      .map((path) => `claims.${name} reads ${path}: lists are not indexed, name the list itself`)
  )

const isSubject = (path: string): boolean => path === "sub" || path === "metadata.sub"

/** Claims that are never passed over when they are unreadable, whatever the issuer says (RULES D12). */
const firm: ReadonlySet<Settings.MappedClaim> = new Set(["user", "scopes", "roles"])

/** Control characters and lone surrogates: no `sub` that is used holds them (RULES D8). */
const unprintable = /[\u0000-\u001f\u007f-\u009f\ud800-\udfff]/u

/** The reading of one payload; what cannot be believed is kept for the end. */
class Reading {
  readonly payload: JsonObject
  readonly #readers: Readers
  readonly #report: ClaimReport.ClaimReport | undefined
  #refused: TokenRefused | undefined

  constructor(readers: Readers, payload: JsonObject, report: ClaimReport.ClaimReport | undefined) {
    this.payload = payload
    this.#readers = readers
    this.#report = report
  }

  /** The first reason not to believe the token. */
  get refused(): TokenRefused | undefined {
    return this.#refused
  }

  refuse(reason: "claim_unreadable" | "subject", facts: TokenRefused["facts"]): void {
    this.#refused ??= new TokenRefused({ reason, facts })
  }

  note(text: string): void {
    this.#report?.note(text)
  }

  /** The entries of a claim. */
  list(name: Settings.MappedClaim): ClaimMapping.Entries {
    const reader = this.#readers[name]
    if (reader === undefined) return ClaimMapping.noEntries
    const entries = reader.entries(this.payload)
    if (entries.unreadable !== undefined) this.#unreadable(name, entries.unreadable)
    if (this.#report !== undefined) {
      const [value] = entries.values
      if (entries.path !== undefined) {
        this.#report.read(name, entries.path, ClaimReport.isList(name) || value === undefined ? entries.values : value)
      }
      for (const note of entries.notes) this.note(note)
      if (entries.path !== undefined && value === undefined) this.note(`${entries.path} does not match`)
    }
    return entries
  }

  /** The text of a claim; of several the first. */
  text(name: Settings.MappedClaim): string | undefined {
    return this.list(name).values[0]
  }

  /** The one text of a claim and whether it names several. */
  one(name: "organization" | "organizationAlias"): { readonly value: string | undefined; readonly several: boolean } {
    const { values } = this.list(name)
    return { value: values.length === 1 ? values[0] : undefined, several: values.length > 1 }
  }

  /** The address, and whether there was one that nothing proves. */
  address(): { readonly email: string | undefined; readonly isUnproven: boolean } {
    const { path = "", unproven, values } = this.list("email")
    if (values.length > 1) this.#unreadable("email", { path, expected: "one address" })
    return { email: values.length > 1 ? undefined : values[0], isUnproven: unproven }
  }

  /** The claim that names the person, whether it is an address, and whether there was one that nothing proves. */
  user(): { readonly id: UserId | undefined; readonly isAddress: boolean; readonly isUnproven: boolean } {
    const { path = "", unproven, values: [id] } = this.list("user")
    if (id === undefined || !isUserId(id)) return { id: undefined, isAddress: false, isUnproven: unproven }
    if (anyOf(path, isSubject) && unprintable.test(id)) {
      this.refuse("subject", { claim: path, found: "a control character" })
    }
    return { id, isAddress: anyOf(path, this.#readers.isAddress), isUnproven: false }
  }

  #unreadable(claim: Settings.MappedClaim, { expected, path }: ClaimMapping.Unreadable): void {
    if (!this.#readers.ignores || firm.has(claim)) this.refuse("claim_unreadable", { claim, path, expected })
    else this.note(`${path} is no ${expected}: as if it were not there`)
  }
}

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** Entra says that the groups are elsewhere, in one of two spellings; what says neither yes nor no is no "no". */
const hasOverage = ({ _claim_names: names, hasgroups }: JsonObject): boolean =>
  (isObject(names) ? names["groups"] !== undefined : !Path.isAbsent(names)) ||
  !(Path.isAbsent(hasgroups) || hasgroups === false || hasgroups === "false")

/**
 * What the claims say, read by the readers of their issuer. The facts are read once more when somebody asks for them: on
 * a prototype, because a getter in an object literal gives each object a shape of its own, and to collect those cost
 * more than the whole reading.
 */
class ReadIdentity implements Identity {
  readonly issuer: string
  readonly namespace: string
  readonly tenant: string | undefined
  readonly user: UserId | undefined
  readonly userIsEmail: boolean
  readonly userIsAddress: boolean
  readonly userIsUnproven: boolean
  readonly email: string | undefined
  readonly linkByEmail: LinkByEmail
  readonly service: boolean
  readonly team: TeamId | undefined
  readonly teamAlias: string | undefined
  readonly teams: ReadonlyArray<TeamId>
  readonly teamsBy: Settings.ClaimMapping["by"]
  readonly namesTeams: boolean
  readonly withheld: boolean
  readonly overage: boolean
  readonly organization: OrganizationId | undefined
  readonly organizationAlias: string | undefined
  readonly severalOrganizations: boolean
  readonly endUser: EndUserId | undefined
  readonly object: string | undefined
  readonly roles: ReadonlyArray<string>
  readonly userRoles: ReadonlyArray<string>
  readonly scopes: ReadonlyArray<string>
  readonly #readers: Readers
  readonly #claims: Claims

  constructor(readers: Readers, claims: Claims, reading: Reading) {
    const { issuer: { foreign, id: issuer, settings, template }, payload } = claims
    const { grantsTeam } = readers
    const user = reading.user()
    const { email, isUnproven } = reading.address()
    const mayStandIn = readers.user?.orEmail ?? false
    const standsIn = user.id === undefined && email !== undefined && mayStandIn
    const teams = reading.list("teams")
    const teamsBy = readers.teams?.by ?? "id"
    // A name is granted when the team that it leads to is known (RULES D51).
    const mayName = teamsBy === "id" ? grantsTeam : () => true
    const team = reading.text("team")
    const organization = reading.one("organization")
    const organizationAlias = reading.one("organizationAlias")
    const endUser = reading.text("endUser")
    this.#readers = readers
    this.#claims = claims
    this.issuer = issuer
    this.namespace = settings.identities.namespace
    this.service = readers.isService(payload)
    const subject = this.service ? undefined : standsIn && isUserId(email) ? email : user.id
    this.tenant = template?.several === true && typeof payload["tid"] === "string" ? payload["tid"] : undefined
    this.user = subject === undefined ? undefined : subjectOf(this, subject)
    this.userIsEmail = standsIn
    this.userIsAddress = standsIn || user.isAddress
    this.userIsUnproven = !this.service && subject === undefined && (user.isUnproven || (mayStandIn && isUnproven))
    this.email = this.service ? undefined : email
    this.linkByEmail = settings.identities.linkByEmail
    this.team = team !== undefined && isTeamId(team) && grantsTeam(team) ? team : undefined
    this.object = reading.text("object")
    this.teams = teams.values.filter((it): it is TeamId => isTeamId(it) && mayName(it))
    this.teamsBy = teamsBy
    this.namesTeams = teams.present || team !== undefined
    this.withheld = this.teams.length < teams.values.length || (team !== undefined && !grantsTeam(team))
    this.overage = settings.claims.overage === "deny" && hasOverage(payload)
    this.teamAlias = reading.text("teamAlias")
    this.organization = organization.value !== undefined && isOrganizationId(organization.value)
      ? organization.value
      : undefined
    this.organizationAlias = organizationAlias.value
    this.severalOrganizations = organization.several || organizationAlias.several
    this.endUser = endUser !== undefined && isEndUserId(endUser) ? endUser : undefined
    this.roles = reading.list("roles").values
    this.userRoles = reading.list("userRoles").values
    this.scopes = reading.list("scopes").values
    for (const it of [this.user, this.object]) {
      if (it !== undefined && foreign.some((prefix) => it.startsWith(prefix))) {
        reading.refuse("subject", { found: shown(it), cause: "reads like a person of another namespace" })
      }
    }
    if (readers.needsSubject && user.id === undefined) reading.refuse("subject", { claim: "sub", found: "nothing" })
  }

  get facts(): FactsOf<"claims"> {
    const { payload } = this.#claims
    const report = new ClaimReport.ClaimReport()
    for (const hint of this.#readers.hints) report.note(hint)
    const told = new ReadIdentity(this.#readers, this.#claims, new Reading(this.#readers, payload, report))
    if (told.withheld) report.note("the issuer's grants leave out a team that the token names")
    if (told.service) report.flag("service")
    if (told.overage) report.flag("overage")
    return report.facts(payload, this.#readers.paths)
  }
}

const extract = (readers: Readers, claims: Claims): Exit.Exit<Identity, TokenRefused> => {
  const reading = new Reading(readers, claims.payload, undefined)
  const identity = new ReadIdentity(readers, claims, reading)
  return reading.refused === undefined ? Exit.succeed(identity) : Exit.fail(reading.refused)
}

/** Reads the identity out of verified claims, as the issuer's mapping says. */
export class ClaimExtractor extends Context.Service<ClaimExtractor, {
  /**
   * Always an `Exit`. Refuses with `claim_unreadable` when a mapped claim is there
   * in a shape that no reading of it fits (RULES D12), and with `subject` when
   * `sub` is what names the person and is not there, or when the subject of the
   * empty namespace reads like a person of another (RULES D61).
   */
  readonly extract: (claims: Claims) => Effect.Effect<Identity, TokenRefused>
}>()("@jotgate/core/ClaimExtractor") {
  /** Reads by the settings of the claims' own issuer, compiled once per issuer. */
  static readonly layer = Layer.sync(ClaimExtractor, () => {
    const compiled = new WeakMap<Settings.Issuer, Readers>()
    return {
      extract: (claims) => {
        const { settings } = claims.issuer
        let readers = compiled.get(settings)
        if (readers === undefined) {
          readers = compile(settings)
          compiled.set(settings, readers)
        }
        return extract(readers, claims)
      }
    }
  })

  /** Gives every token the same identity. */
  static readonly layerTest = (identity: Identity): Layer.Layer<ClaimExtractor> =>
    Layer.succeed(ClaimExtractor, { extract: () => Exit.succeed(identity) })
}
