/**
 * What settings may say and a gate in a host cannot do: where rows are and what is remembered belongs to the host, and no
 * module is loaded. A setting that is taken and not obeyed could let somebody in, so it is refused, with what to give instead.
 */
import type * as Settings from "../Settings.ts"

/** What of the host's parts settings can need. */
export interface Brought {
  /** Whether somebody does what decisions want to be written; where only a layer would tell, it is taken to. */
  readonly writes: boolean
  /** Whether a reference is the name of a secret that was given; where only a layer would tell, it is taken to. */
  readonly knows: (reference: string) => boolean
}

const elsewhere = "is read by `createGate` and by the command alone"
const directory = `${elsewhere}; give a \`directory\` among the parts`
const nothingKept = "no row is remembered between requests; give a `directory` among the parts that remembers"

/** What is refused, with what holds here without being said, and what to give instead. */
const refused = {
  policy: { custom: [[null], `${elsewhere}; give a \`hook\` among the parts`] },
  directory: { url: [["memory:"], directory], file: [[null], directory], connection: [[], directory] },
  cache: {
    dir: [[null], `${elsewhere}; give \`keys\` among the parts`],
    rows: [[0], nothingKept],
    staleRows: [[0], nothingKept],
    redis: [[null], elsewhere]
  }
} as const satisfies {
  readonly [Section in keyof Settings.Settings]?: {
    readonly [Key in keyof Settings.Settings[Section]]?: readonly [holds: ReadonlyArray<unknown>, instead: string]
  }
}

type Refused = typeof refused

/** One section of the settings as a host writes it, without what is refused in it. */
type Obeyed<Section extends keyof Refused> = Omit<NonNullable<Settings.Input[Section]>, keyof Refused[Section]>

/**
 * The settings as a host writes them for a gate of its own: durations are text (`"30s"`), every optional key may be left
 * out. What such a gate cannot obey is not among them, and is refused where it is said all the same.
 */
export interface GateSettings extends Omit<Settings.Input, keyof Refused> {
  /** The rules. */
  readonly policy?: Obeyed<"policy">
  /** What to do with people and teams that are not known; where rows are is among the parts. */
  readonly directory?: Obeyed<"directory">
  /** What is remembered. */
  readonly cache?: Obeyed<"cache">
}

const memberOf = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined

/** What is said of one section and not obeyed. */
const unobeyed = (input: GateSettings, settings: Settings.Settings, section: keyof Refused): ReadonlyArray<string> => {
  const keys: Readonly<Record<string, readonly [ReadonlyArray<unknown>, string]>> = refused[section]
  return Object.entries(keys).flatMap(([key, [holds, instead]]) =>
    memberOf(input[section], key) === undefined || holds.includes(memberOf(settings[section], key))
      ? []
      : [`${section}.${key} ${instead}`]
  )
}

const isReference = (value: unknown): value is string => typeof value === "string" && /^(?:env|file):/.test(value)

/** Every secret and file that a value names, with its place. */
const referencesIn = (place: string, value: unknown): ReadonlyArray<readonly [place: string, reference: string]> =>
  isReference(value)
    ? [[place, value]]
    : Array.isArray(value)
    ? value.flatMap((it: unknown, i) => referencesIn(`${place}[${i}]`, it))
    : []

/** The secrets and files that an issuer names. */
const referencesOf = (issuer: Settings.Settings["issuers"][number], i: number) => {
  const { jwks, opaque, tls } = issuer
  const at = `issuers[${i}]`
  const named = (it: unknown) => typeof it === "object" && it !== null && "authorization" in it ? it.authorization : it
  return [
    ...referencesIn(`${at}.jwks`, Array.isArray(jwks) ? jwks.map(named) : named(jwks)),
    ...referencesIn(`${at}.tls.ca`, tls?.ca),
    ...referencesIn(`${at}.opaque.introspection.clientSecret`, opaque?.introspection?.clientSecret)
  ]
}

/** One line for each setting that would not be obeyed. */
export const unread = (
  input: GateSettings,
  settings: Settings.Settings,
  { knows, writes }: Brought
): ReadonlyArray<string> => {
  const { memberships, teams, users, write } = settings.directory
  const unwritten = "nothing is written here; give `write` among the functions of `directory`, or a layer"
  const wanting: ReadonlyArray<readonly [isSaid: boolean, key: string]> = [
    [write === true, "write"],
    [write !== false && users.create, "users.create"],
    [write !== false && teams.create !== "never", "teams.create"],
    [write !== false && memberships !== "none", "memberships"]
  ]
  return [
    ...unobeyed(input, settings, "policy"),
    ...unobeyed(input, settings, "directory"),
    ...wanting.flatMap(([isSaid, key]) => isSaid && !writes ? [`directory.${key} ${unwritten}`] : []),
    ...unobeyed(input, settings, "cache"),
    ...settings.issuers.flatMap(referencesOf).flatMap(([place, reference]) =>
      knows(reference) ? [] : [`${place} is not among the \`secrets\` of the parts`]
    )
  ]
}
