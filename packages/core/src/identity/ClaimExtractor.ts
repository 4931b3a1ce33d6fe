/**
 * Reads the identity out of verified claims, by the mapping of their issuer.
 *
 * Total over any payload: an odd claim is absent with a note, except that the
 * claims read as user, scopes and roles must have the right type (RULES D12).
 * No claim name is reserved (RULES D48). Services are told from people
 * (RULES D37), and a group overage is never "no groups" (RULES D14).
 */
import { Context, type Effect, Exit, Layer } from "effect"
import type { Identity, LinkByEmail } from "../Identity.ts"
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
import * as Path from "../settings/ClaimPath.ts"
import type { Claims } from "../token/Claims.ts"
import { TokenRefused } from "../token/Refusal.ts"
import type { Fact } from "../Trace.ts"
import * as ClaimMapping from "./ClaimMapping.ts"

type Reader = ClaimMapping.ClaimReader | undefined

interface Readers {
  readonly user: Reader
  readonly email: Reader
  readonly teams: Reader
  readonly team: Reader
  readonly teamAlias: Reader
  readonly organization: Reader
  readonly organizationAlias: Reader
  readonly endUser: Reader
  readonly object: Reader
  readonly roles: Reader
  readonly userRoles: Reader
  readonly scopes: Reader
  /** Whether `sub` is what names the person, so that it must be there. */
  readonly needsSubject: boolean
  readonly isService: (payload: JsonObject) => boolean
  readonly hints: ReadonlyArray<string>
  /** The teams that tokens of this issuer may name (RULES D51). */
  readonly grantsTeam: Pattern.Matcher
}

const compile = (settings: Settings.Issuer): Readers => {
  const reader = (name: keyof Omit<Settings.ClaimMappings, "overage">): Reader => {
    const mapping = Settings.normalizeMapping(settings.claims[name])
    return mapping === undefined ? undefined : ClaimMapping.compile(mapping)
  }
  const user = reader("user")
  const [teams, team, roles] = [reader("teams"), reader("team"), reader("roles")]
  return {
    user,
    email: reader("email"),
    teams,
    team,
    hints: hintsOf({ team, teams, roles }),
    teamAlias: reader("teamAlias"),
    organization: reader("organization"),
    organizationAlias: reader("organizationAlias"),
    endUser: reader("endUser"),
    object: reader("object"),
    roles,
    userRoles: reader("userRoles"),
    scopes: reader("scopes"),
    needsSubject: user !== undefined && !user.orEmail && user.paths.length === 1 && isSubject(user.paths[0] ?? ""),
    isService: serviceTest(settings.serviceAccounts),
    grantsTeam: Pattern.compileAny(settings.grants.teams)
  }
}

/** A path that can never match because it indexes a list. */
const indexed = /(?:^|\.)\d+$|^[^.[\]]+\[\d+\]$/

/** What an operator should know of paths that can never match. */
const hintsOf = (readers: Readonly<Record<string, Reader>>): ReadonlyArray<string> =>
  Object.entries(readers).flatMap(([name, reader]) =>
    (reader?.paths ?? []).filter((path) => indexed.test(path))
      .map((path) => `claims.${name} reads ${path}: lists are not indexed, name the list itself`)
  )

const isSubject = (path: string): boolean => path === "sub" || path === "metadata.sub"

/** A token whose `client_id` or `azp` is its `sub` is a service's own (RFC 9068 §5, threat B14); some providers need a pattern. */
const serviceTest = (settings: Settings.Issuer["serviceAccounts"]): (payload: JsonObject) => boolean => {
  if (settings === "asUsers") return () => false
  const own = ({ azp, client_id, sub }: JsonObject): boolean =>
    typeof sub === "string" && sub !== "" && (client_id === sub || azp === sub)
  if (settings === "apart") return own
  if (settings.as === "asUsers") return () => false
  const tests = Object.entries(settings.match).map(([path, pattern]) => {
    const [names, matches] = [Path.parse(path), Pattern.compile(pattern)]
    return (payload: JsonObject): boolean => {
      const value = Path.read(names, payload)
      return typeof value === "string" && matches(value)
    }
  })
  return (payload) => own(payload) || (tests.length > 0 && tests.every((test) => test(payload)))
}

/** How many entries of a list claim are shown. */
const SHOWN = 20

/** What an operator wants to know of a reading; collected only when somebody listens. */
class Report {
  readonly #read: Array<readonly [name: string, path: string, value: string | ReadonlyArray<string>]> = []
  readonly #notes: Array<string> = []

  read(name: string, path: string, value: string | ReadonlyArray<string>): void {
    this.#read.push([name, path, value])
  }

  note(text: string): void {
    this.#notes.push(text)
  }

  /** What was read from where, and what was odd. */
  facts({ overage, service }: Identity): { readonly [name: string]: Fact } {
    const facts: Record<string, Fact> = {}
    if (service) facts["service"] = true
    if (overage) facts["overage"] = true
    for (const [name, path, value] of this.#read) {
      if (typeof value === "string") {
        facts[name] = `${path} ${JSON.stringify(value.slice(0, 256))}`
        continue
      }
      facts[name] = [path, ...value.slice(0, SHOWN)]
      if (value.length > SHOWN) facts[`${name}Count`] = value.length
    }
    if (this.#notes.length > 0) facts["notes"] = this.#notes
    return facts
  }
}

/** The reading of one payload. */
class Reading {
  readonly #payload: JsonObject
  readonly #report: Report | undefined

  constructor(payload: JsonObject, report: Report | undefined) {
    this.#payload = payload
    this.#report = report
  }

  /** The text of a claim: the first entry of a list; `undefined` when absent or of another type. */
  text(name: string, reader: Reader, firstOfList = false): string | undefined {
    const found = reader?.find(this.#payload)
    if (reader === undefined || found === undefined) return undefined
    const value = firstOfList && Array.isArray(found.value) ? found.value[0] : found.value
    if (typeof value !== "string" || value === "") {
      this.note(`${found.path} is no text`)
      return undefined
    }
    const text = reader.translate(value)
    if (text === undefined || text === "") {
      this.note(`${found.path} does not match`)
      return undefined
    }
    this.#report?.read(name, found.path, text)
    return text
  }

  /** The text of a claim that is an id. */
  id<Id extends string>(
    name: string,
    reader: Reader,
    isId: (text: string) => text is Id,
    firstOfList = false
  ): Id | undefined {
    const text = this.text(name, reader, firstOfList)
    return text !== undefined && isId(text) ? text : undefined
  }

  list(name: string, reader: Reader): ClaimMapping.Entries {
    if (reader === undefined) return ClaimMapping.noEntries
    const entries = reader.entries(this.#payload)
    if (entries.present) this.#report?.read(name, entries.path ?? "", entries.values)
    for (const note of entries.notes) this.note(note)
    return entries
  }

  note(text: string): void {
    this.#report?.note(text)
  }
}

const refuse = (claim: string, path: string, expected: string) =>
  Exit.fail(new TokenRefused({ reason: "claim_type", facts: { claim, path, expected } }))

/** Control characters and lone surrogates: no `sub` that is used holds them (RULES D8). */
const unprintable = /[\p{Cc}\p{Cs}]/u

/** Why the claims read as user, scopes or roles cannot be believed; the first that is wrong. */
const wrongType = (readers: Readers, payload: JsonObject): Exit.Exit<never, TokenRefused> | undefined => {
  const user = readers.user?.find(payload)
  if (user !== undefined) {
    const { path, value } = user
    if (typeof value !== "string") return refuse("user", path, "text")
    if (isSubject(path) && unprintable.test(value)) {
      return Exit.fail(new TokenRefused({ reason: "subject", facts: { claim: path, found: "a control character" } }))
    }
  }
  return noTexts("scopes", readers.scopes, payload) ?? noTexts("roles", readers.roles, payload)
}

const noTexts = (name: string, reader: Reader, payload: JsonObject): Exit.Exit<never, TokenRefused> | undefined => {
  const found = reader?.find(payload)
  return found === undefined || typeof found.value === "string" || Array.isArray(found.value)
    ? undefined
    : refuse(name, found.path, "text or a list")
}

/** Scope text splits on U+0020 only (RULES D38); a list is taken entry by entry. */
const scopesOf = (reader: Reader, payload: JsonObject): ReadonlyArray<string> => {
  const found = reader?.find(payload)
  if (reader === undefined || found === undefined) return []
  const raw = typeof found.value === "string" ? found.value.split(" ") : Array.isArray(found.value) ? found.value : []
  const scopes: Array<string> = []
  for (const it of raw) {
    const scope = typeof it === "string" ? reader.translate(it) : undefined
    if (scope !== undefined && scope !== "") scopes.push(scope)
  }
  return ClaimMapping.distinct(scopes)
}

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** Entra says that the groups are elsewhere, in one of two spellings. */
const hasOverage = (payload: JsonObject): boolean => {
  const names = payload["_claim_names"]
  return (isObject(names) && names["groups"] !== undefined) || payload["hasgroups"] === true ||
    payload["hasgroups"] === "true"
}

/**
 * What the claims say, read by the readers of their issuer. The facts are read once more when somebody asks for them: on
 * a prototype, because a getter in an object literal gives each object a shape of its own, and to collect those cost
 * more than the whole reading.
 */
class ReadIdentity implements Identity {
  readonly issuer: string
  readonly namespace: string
  readonly user: UserId | undefined
  readonly userIsEmail: boolean
  readonly email: string | undefined
  readonly emailVerified: boolean
  readonly linkByEmail: LinkByEmail
  readonly service: boolean
  readonly team: TeamId | undefined
  readonly teamAlias: string | undefined
  readonly teams: ReadonlyArray<TeamId>
  readonly namesTeams: boolean
  readonly withheld: boolean
  readonly overage: boolean
  readonly organization: OrganizationId | undefined
  readonly organizationAlias: string | undefined
  readonly endUser: EndUserId | undefined
  readonly object: string | undefined
  readonly roles: ReadonlyArray<string>
  readonly userRoles: ReadonlyArray<string>
  readonly scopes: ReadonlyArray<string>
  readonly #readers: Readers
  readonly #claims: Claims
  readonly #isNamed: boolean

  constructor(readers: Readers, claims: Claims, report?: Report) {
    const { issuer: { id: issuer, settings }, payload } = claims
    const reading = new Reading(payload, report)
    const { grantsTeam } = readers
    const id = reading.id("user", readers.user, isUserId)
    const email = reading.text("email", readers.email)
    const standsIn = id === undefined && email !== undefined && (readers.user?.orEmail ?? false)
    const teams = reading.list("teams", readers.teams)
    for (const hint of readers.hints) reading.note(hint)
    const team = reading.id("team", readers.team, isTeamId, true)
    this.#readers = readers
    this.#claims = claims
    this.#isNamed = id !== undefined
    this.issuer = issuer
    this.namespace = settings.identities.namespace
    this.service = readers.isService(payload)
    this.user = this.service ? undefined : standsIn && isUserId(email) ? email : id
    this.userIsEmail = standsIn
    this.email = this.service ? undefined : email
    this.emailVerified = payload["email_verified"] === true
    this.linkByEmail = settings.identities.linkByEmail
    this.team = team !== undefined && grantsTeam(team) ? team : undefined
    this.object = reading.text("object", readers.object)
    this.teams = teams.values.filter((it): it is TeamId => isTeamId(it) && grantsTeam(it))
    this.namesTeams = teams.present || team !== undefined
    this.withheld = this.teams.length < teams.values.length || (team !== undefined && !grantsTeam(team))
    if (this.withheld) reading.note("the issuer's grants leave out a team that the token names")
    this.overage = settings.claims.overage === "deny" && hasOverage(payload)
    this.teamAlias = reading.text("teamAlias", readers.teamAlias)
    this.organization = reading.id("organization", readers.organization, isOrganizationId)
    this.organizationAlias = reading.text("organizationAlias", readers.organizationAlias)
    this.endUser = reading.id("endUser", readers.endUser, isEndUserId)
    this.roles = reading.list("roles", readers.roles).values
    this.userRoles = reading.list("userRoles", readers.userRoles).values
    this.scopes = scopesOf(readers.scopes, payload)
  }

  /** Whether the claim that names a person is there. */
  get isNamed(): boolean {
    return this.#isNamed
  }

  get facts(): { readonly [name: string]: Fact } {
    const report = new Report()
    return report.facts(new ReadIdentity(this.#readers, this.#claims, report))
  }
}

const extract = (readers: Readers, claims: Claims): Exit.Exit<Identity, TokenRefused> => {
  const wrong = wrongType(readers, claims.payload)
  if (wrong !== undefined) return wrong
  const identity = new ReadIdentity(readers, claims)
  return identity.isNamed || !readers.needsSubject
    ? Exit.succeed(identity)
    : Exit.fail(new TokenRefused({ reason: "subject", facts: { claim: "sub", found: "nothing" } }))
}

export class ClaimExtractor extends Context.Service<ClaimExtractor, {
  /**
   * Always an `Exit`. Refuses with `claim_type` when the claim read as user,
   * scopes or roles is of the wrong type (RULES D12), and with `subject` when
   * `sub` is what names the person and is not there.
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
