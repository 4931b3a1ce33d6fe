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
const directory = "give a `directory` among the parts"
const nothingKept = "no row is remembered between requests; give a `directory` among the parts that remembers"

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
  input: Settings.Input,
  settings: Settings.Settings,
  { knows, writes }: Brought
): ReadonlyArray<string> => {
  const { cache, directory: rows, policy } = input
  const { teams, users, write } = settings.directory
  const unwritten = "nothing is written here; give `write` among the functions of `directory`, or a layer"
  const found: ReadonlyArray<readonly [isSaid: boolean, finding: string]> = [
    [(policy?.custom ?? null) !== null, `policy.custom ${elsewhere}; give a \`hook\` among the parts`],
    [(rows?.url ?? "memory:") !== "memory:", `directory.url ${elsewhere}; ${directory}`],
    [(rows?.file ?? null) !== null, `directory.file ${elsewhere}; ${directory}`],
    [rows?.connection !== undefined, `directory.connection ${elsewhere}; ${directory}`],
    [write === true && !writes, `directory.write ${unwritten}`],
    [write !== false && users.create && !writes, `directory.users.create ${unwritten}`],
    [write !== false && teams.create !== "never" && !writes, `directory.teams.create ${unwritten}`],
    [(cache?.dir ?? null) !== null, `cache.dir ${elsewhere}; give \`keys\` among the parts`],
    [cache?.rows !== undefined && settings.cache.rows > 0, `cache.rows ${nothingKept}`],
    [cache?.staleRows !== undefined && settings.cache.staleRows > 0, `cache.staleRows ${nothingKept}`],
    [(cache?.redis ?? null) !== null, `cache.redis ${elsewhere}`]
  ]
  return [
    ...found.flatMap(([isSaid, finding]) => isSaid ? [finding] : []),
    ...settings.issuers.flatMap(referencesOf).flatMap(([place, reference]) =>
      knows(reference) ? [] : [`${place} is not among the \`secrets\` of the parts`]
    )
  ]
}
