/**
 * Whose a session is: the caller's who used its id first, and nobody else's from then on.
 *
 * The id of a session is a bearer secret that servers hand out without asking who carries it; behind a gate they do not
 * even learn who does. So the gate remembers issuer, subject and acting agents of each, as digests, within bounds: each
 * caller has a number of sessions, and a caller who uses more loses the oldest of its own, never somebody else's.
 */
import type { Allowed } from "@jotgate/core/Decision"
import { hash } from "node:crypto"
import { type Address, partsOf } from "./Address.ts"

/** How many sessions and tasks are remembered at once, and how many of them one caller may have. */
export interface SessionBounds {
  readonly all: number
  readonly perCaller: number
}

/** About 300 bytes each: 30 MB at most. */
export const sessionBounds: SessionBounds = { all: 100_000, perCaller: 2_000 }

const digest = (text: string): string => hash("sha256", text, "base64url")

const unescaped = (text: string): string => {
  let plain = text
  for (let round = 0; round < 3 && plain.includes("%"); round++) {
    plain = plain.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  }
  return plain
}

/** Servers may read an id that is escaped, or in other letters, as the same one: UUIDs have several spellings. */
const keyOf = (server: string, handle: string): string => digest(`${server} ${unescaped(handle).toLowerCase()}`)

/** Stands for the owner of what was given to several callers: no secret of one. */
const everybody = ""

/** Whose sessions are told apart. */
export type SessionUser = Pick<Allowed, "claims" | "identity" | "principal">

/** Who is calling, as far as a session is theirs: the person or service, and those who act for them. */
const callerOf = ({ claims, identity, principal }: SessionUser): string =>
  digest(JSON.stringify([
    identity?.issuer ?? null,
    identity?.tenant ?? null,
    claims?.payload["sub"] ?? identity?.user ?? null,
    principal.userId ?? principal.teamId ?? null,
    principal.agent?.chain ?? []
  ]))

/** Told of each session that got an owner, both as digests. */
export type OnTaken = (session: string, caller: string) => void

/** The sessions of one process; those of others that answer at the same listener are learnt from them. */
export class Sessions {
  /** Who else is to know. */
  onTaken: OnTaken | undefined
  readonly #bounds: SessionBounds
  /** Callers by session, and sessions by caller, both oldest first. */
  readonly #owners = new Map<string, string>()
  readonly #owned = new Map<string, Set<string>>()

  constructor(bounds: SessionBounds = sessionBounds) {
    this.#bounds = bounds
  }

  get size(): number {
    return this.#owners.size
  }

  /** Whether this caller may use what it names; what nobody used before is the caller's from now on. */
  takes(server: string, handles: ReadonlyArray<string>, allowed: SessionUser): boolean {
    if (handles.length === 0) return true
    const caller = callerOf(allowed)
    const sessions = handles.map((it) => keyOf(server, it))
    if (sessions.some((it) => this.#isOthers(it, caller))) return false
    for (const it of sessions) this.#take(it, caller)
    return true
  }

  /** The server gives an address to its caller: what of it another was given names no session, and is everybody's. */
  gives(server: string, address: Address, allowed: SessionUser): void {
    const caller = callerOf(allowed)
    for (const part of partsOf(address)) {
      const session = keyOf(server, part)
      this.#take(session, this.#isOthers(session, caller) ? everybody : caller)
    }
  }

  /**
   * Whether a message may be sent to this address: no part of it is another's. Where none is the caller's yet, because
   * it was given elsewhere, the values are from now on.
   */
  mayPost(server: string, address: Address, allowed: SessionUser): boolean {
    const caller = callerOf(allowed)
    const values = address.values.map((it) => keyOf(server, `value ${it}`))
    const all = [keyOf(server, `path ${address.path}`), ...values]
    if (all.some((it) => this.#isOthers(it, caller))) return false
    if (!values.some((it) => this.#owners.get(it) === caller)) { for (const it of values) this.#take(it, caller) }
    return true
  }

  #isOthers(session: string, caller: string): boolean {
    const owner = this.#owners.get(session)
    return owner !== undefined && owner !== caller && owner !== everybody
  }

  #take(session: string, caller: string): void {
    const owner = this.#owners.get(session)
    const next = owner === everybody ? everybody : caller
    if (owner !== next) this.onTaken?.(session, next)
    this.#keep(session, next)
  }

  /** A session got an owner elsewhere; whoever was first here stays, but for what is everybody's. */
  learn(session: string, caller: string): void {
    if (caller === everybody || !this.#owners.has(session)) this.#keep(session, caller)
  }

  /** Each session with its owner, the oldest first. */
  all(): ReadonlyArray<readonly [session: string, caller: string]> {
    return [...this.#owners]
  }

  #keep(session: string, caller: string): void {
    if (this.#owners.get(session) !== caller) this.#drop(session)
    const theirs = this.#owned.get(caller) ?? new Set<string>()
    this.#owned.set(caller, theirs)
    theirs.delete(session)
    theirs.add(session)
    this.#owners.delete(session)
    this.#owners.set(session, caller)
    if (theirs.size > this.#bounds.perCaller) { for (const oldest of theirs) return this.#drop(oldest) }
    if (this.#owners.size > this.#bounds.all) { for (const oldest of this.#owners.keys()) return this.#drop(oldest) }
  }

  #drop(session: string): void {
    const caller = this.#owners.get(session)
    this.#owners.delete(session)
    if (caller === undefined) return
    const theirs = this.#owned.get(caller)
    theirs?.delete(session)
    if (theirs?.size === 0) this.#owned.delete(caller)
  }
}
