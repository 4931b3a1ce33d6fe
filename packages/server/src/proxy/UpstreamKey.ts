/**
 * The credential that the gate sends to an upstream, chosen by team.
 *
 * A key file is read when it is used and has changed, so a key is rotated by
 * replacing the file. The id of a team becomes part of a file name
 * only percent-encoded, and `.` and `..` have no key: no id leads out of the
 * folder (threat: path traversal through claims).
 */
import { readFileSync, type Stats, statSync } from "node:fs"
import type { UpstreamCredential } from "./ForwardedHeaders.ts"

/** `authorization` of an upstream, as in the settings. */
export type AuthorizationSettings =
  | "none"
  | "passthrough"
  | {
    readonly team?: string | Readonly<Record<string, string>> | undefined
    readonly default?: string | undefined
  }

/** Which credential a request of this team gets. */
export type KeyChoice =
  | {
    readonly _tag: "Key"
    /** What is sent. */
    readonly credential: UpstreamCredential
  }
  | { readonly _tag: "None" }
  | { readonly _tag: "Missing" }

/** A key; `undefined` where there is none, `false` where there is something that cannot be read as one. */
type Key = string | undefined | false

interface Remembered {
  readonly state: string
  readonly key: Key
}

const maxKeyBytes = 16 * 1024
const remembered = 10_000

/** The text of a key file without white space around it; `undefined` when it is no header value. */
const keyIn = (text: string): string | undefined => {
  const key = text.trim()
  return key !== "" && /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(key) ? key : undefined
}

/** The key that a file holds; whatever the reason why it cannot be read. */
const keyOf = (path: string): Key => {
  try {
    return keyIn(readFileSync(path, "utf8")) ?? false
  } catch {
    return false
  }
}

/** What the file system says of a file: nothing where none can be, `false` whatever the reason why it cannot be told. */
const statOf = (path: string): Stats | undefined | false => {
  try {
    const stat = statSync(path, { throwIfNoEntry: false })
    return stat === undefined || (stat.isFile() && stat.size <= maxKeyBytes) ? stat : false
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "ENAMETOOLONG" ? undefined : false
  }
}

/** Which file it is, and in what state: another file of the same age and size is another one. */
const stateOf = ({ ctimeMs, dev, ino, mtimeMs, size }: Stats): string => `${dev} ${ino} ${mtimeMs} ${ctimeMs} ${size}`

/** Key files by path, re-read when they have changed. */
export class KeyFiles {
  readonly #files = new Map<string, Remembered>()

  /** The key in this file. */
  read(path: string): Key {
    const stat = statOf(path)
    if (stat === undefined || stat === false) {
      this.#files.delete(path)
      return stat
    }
    const state = stateOf(stat)
    const known = this.#files.get(path)
    if (known?.state === state) return known.key
    const key = keyOf(path)
    if (this.#files.size >= remembered) this.#files.clear()
    this.#files.set(path, { state, key })
    return key
  }
}

/** The name of a team's key file, or `undefined` when the id can have none. */
export const keyFileName = (team: string): string | undefined => {
  if (team === "" || team === "." || team === ".." || !team.isWellFormed()) return undefined
  const name = encodeURIComponent(team)
  return name.length > 255 ? undefined : name
}

type Source = (team: string | undefined) => Key

const environmentName = /^[A-Za-z_][A-Za-z0-9_]*$/

/** Where one reference leads: `file:` is read anew when it changed; a variable of a process never does. */
const sourceOf = (reference: string, files: KeyFiles, env: Readonly<Record<string, string | undefined>>): Source => {
  if (reference.startsWith("file:")) {
    const path = reference.slice(5)
    if (!path.includes("{team}")) return () => files.read(path)
    return (team) => {
      const name = team === undefined ? undefined : keyFileName(team)
      return name === undefined ? undefined : files.read(path.replaceAll("{team}", name))
    }
  }
  const name = reference.slice(4)
  const valueOf = (variable: string): Key => {
    const value = environmentName.test(variable) ? env[variable] : undefined
    return value === undefined ? undefined : keyIn(value)
  }
  if (name.includes("{team}")) return (team) => valueOf(name.replaceAll("{team}", team ?? "-"))
  const value = valueOf(name)
  return () => value
}

const teamSource = (
  team: string | Readonly<Record<string, string>> | undefined,
  files: KeyFiles,
  env: Readonly<Record<string, string | undefined>>
): Source => {
  if (team === undefined) return () => undefined
  if (typeof team === "string") {
    const source = sourceOf(team, files, env)
    return (id) => id === undefined ? undefined : source(id)
  }
  const sources = new Map(Object.entries(team).map(([id, reference]) => [id, sourceOf(reference, files, env)]))
  return (id) => id === undefined ? undefined : sources.get(id)?.(id)
}

const none: KeyChoice = { _tag: "None" }
const missing: KeyChoice = { _tag: "Missing" }

/**
 * Compiles the choice of a credential. A key file that is there and cannot be read never means the default. With `onMissing: "deny"` a caller whose
 * team has no key of its own is `Missing`; otherwise the default is sent, and
 * `Missing` means that there is not even a default.
 */
export const compile = (
  settings: AuthorizationSettings,
  header: string,
  onMissing: "default" | "deny",
  files: KeyFiles,
  env: Readonly<Record<string, string | undefined>>
): (team: string | undefined) => KeyChoice => {
  if (settings === "none" || settings === "passthrough") return () => none
  const name = header.toLowerCase()
  const own = teamSource(settings.team, files, env)
  const fallback = settings.default === undefined ? () => undefined : sourceOf(settings.default, files, env)
  const choiceOf = (key: string): KeyChoice => {
    const value = name === "authorization" ? `Bearer ${key}` : key
    return { _tag: "Key", credential: { name, value, secret: key.replace(/^Bearer /, "") } }
  }
  let lastKey = ""
  let last = choiceOf(lastKey)
  return (team) => {
    const key = own(team) ?? (onMissing === "deny" && settings.team !== undefined ? undefined : fallback(team))
    if (key === undefined || key === false) return missing
    // Nearly every request gets the same one.
    if (key !== lastKey) last = choiceOf(key)
    lastKey = key
    return last
  }
}
