/**
 * What the requests of a gate hold of it at once: places, bytes of bodies, a
 * share of an upstream, a deployment.
 *
 * A request that stays has one `Stay`, which owns all of it and gives it back
 * exactly once, whichever of close, error, finish and cut comes first; after
 * that it can take nothing more. A caller has at most its part of the places
 * and of the bytes, so that one good token does not keep everybody else out.
 */
import type { ServerResponse } from "node:http"
import type { Socket } from "node:net"
import type { Lease } from "../Deployment.ts"
import type { Recording } from "../record/Recording.ts"
import type { UpstreamShare } from "./UpstreamShare.ts"

/** Bodies that are held at once, as a multiple of the largest one. */
const heldBodies = 16
/** How many of them one caller may hold. */
const heldByCaller = 4

/** What one caller holds. */
interface Holding {
  places: number
  bytes: number
}

/** How a request is broken off. */
export interface Cut {
  /** Ends everything that runs for it. */
  readonly cut: () => void
  /** Answers that its body has taken too long; absent where there is none. */
  readonly late?: () => void
  /** What its answer is told in, whoever gives it; absent where there is none yet. */
  readonly recording?: Recording
}

/** Everything that stays, with its sums. */
export class Admission {
  readonly #stays: Array<Stay> = []
  readonly #callers = new Map<string, Holding>()
  readonly #changed: () => void
  #held = 0

  /** `changed` is told after every change of a sum. */
  constructor(changed: () => void = () => {}) {
    this.#changed = changed
  }

  /** Requests that stay. */
  get inFlight(): number {
    return this.#stays.length
  }

  /** Bytes of bodies that are held. */
  get held(): number {
    return this.#held
  }

  /** Callers that hold something. */
  get callers(): number {
    return this.#callers.size
  }

  /** A request begins to stay; `now` in monotonic milliseconds. */
  enter(lease: Lease, response: ServerResponse, socket: Socket, now: number): Stay {
    const stay = new Stay(this, lease, response, socket, now, this.#stays.length)
    this.#stays.push(stay)
    this.#changed()
    return stay
  }

  /** Takes a stay out; only `Stay.leave` calls it. */
  left(stay: Stay, at: number): void {
    const last = this.#stays.pop()
    if (last !== undefined && last !== stay) {
      this.#stays[at] = last
      last.at = at
    }
    this.#changed()
  }

  /** What this caller holds. */
  holding(caller: string): Holding {
    const known = this.#callers.get(caller)
    if (known !== undefined) return known
    const made = { places: 0, bytes: 0 }
    this.#callers.set(caller, made)
    return made
  }

  /** Forgets a caller that holds nothing. */
  tidy(caller: string, { bytes, places }: Holding): void {
    if (places === 0 && bytes === 0) this.#callers.delete(caller)
  }

  /** Adds to the bytes that are held; a negative number gives back. */
  add(bytes: number): void {
    this.#held += bytes
    this.#changed()
  }

  /** When the one that has stayed longest began, in monotonic milliseconds; infinite when none stays. */
  oldest(): number {
    let oldest = Number.POSITIVE_INFINITY
    for (const { since } of this.#stays) oldest = Math.min(oldest, since)
    return oldest
  }

  /** What stays, as it is now: what is called may end any of it. */
  all(): ReadonlyArray<Stay> {
    return this.#stays.slice()
  }

  /** The stay whose answer is due on this connection. */
  on(socket: Socket): Stay | undefined {
    return this.#stays.find((it) => it.response.socket === socket)
  }

  /** The stay of the request that is answered here. */
  of(response: ServerResponse): Stay | undefined {
    return this.#stays.find((it) => it.response === response)
  }

  /** A connection is gone: nothing of it stays, answers that waited for their turn included. */
  gone(socket: Socket): void {
    for (let at = this.#stays.length - 1; at >= 0; at--) {
      const it = this.#stays[at]
      if (it === undefined || it.socket !== socket) continue
      it.ends?.cut()
      it.leave()
    }
  }
}

/** One request that stays. */
export class Stay {
  readonly #admission: Admission
  readonly lease: Lease
  readonly response: ServerResponse
  readonly socket: Socket
  /** Monotonic milliseconds. */
  readonly since: number
  /** Monotonic milliseconds until which its body must be there. */
  bodyUntil = Number.POSITIVE_INFINITY
  ends: Cut | undefined
  /** Its place among the stays; -1 when it has left. */
  at: number
  #bytes = 0
  #caller: string | undefined
  #holding: Holding | undefined
  #share: UpstreamShare | undefined

  constructor(
    admission: Admission,
    lease: Lease,
    response: ServerResponse,
    socket: Socket,
    since: number,
    at: number
  ) {
    this.#admission = admission
    this.lease = lease
    this.response = response
    this.socket = socket
    this.since = since
    this.at = at
  }

  /** Whether it is over. */
  get hasLeft(): boolean {
    return this.at === -1
  }

  /** Holds `bytes` more of a body, or gives some back with a negative number; `false` when there is no room, or nobody who waits for it. */
  grow(bytes: number): boolean {
    if (this.at === -1) return false
    const { body } = this.lease.deployment.doors.limits
    if (this.#admission.held + bytes > heldBodies * body) return false
    const holding = this.#holding
    if (holding !== undefined) {
      if (holding.bytes + bytes > heldByCaller * body) return false
      holding.bytes += bytes
    }
    this.#bytes += bytes
    this.#admission.add(bytes)
    return true
  }

  /** Says who is calling; `false` when this caller has its part already. `undefined` is nobody in particular. */
  belongsTo(caller: string | undefined): boolean {
    if (this.at === -1) return false
    if (caller === this.#caller) return true
    this.#disown()
    if (caller === undefined) return true
    const { limits } = this.lease.deployment.doors
    const holding = this.#admission.holding(caller)
    if (holding.places >= limits.inFlightPerCaller || holding.bytes + this.#bytes > heldByCaller * limits.body) {
      this.#admission.tidy(caller, holding)
      return false
    }
    holding.places++
    holding.bytes += this.#bytes
    this.#caller = caller
    this.#holding = holding
    return true
  }

  /** Takes a place at an upstream; `false` when its share is used up. */
  goesTo(share: UpstreamShare): boolean {
    if (this.at === -1 || this.#share !== undefined || !share.enter()) return false
    this.#share = share
    return true
  }

  /** Gives everything back; the first call counts. */
  readonly leave = (): void => {
    const { at } = this
    if (at === -1) return
    this.at = -1
    this.#disown()
    if (this.#bytes > 0) this.#admission.add(-this.#bytes)
    this.#bytes = 0
    this.#share?.leave()
    this.#share = undefined
    this.lease.release()
    this.#admission.left(this, at)
  }

  #disown(): void {
    const caller = this.#caller
    const holding = this.#holding
    this.#caller = undefined
    this.#holding = undefined
    if (caller === undefined || holding === undefined) return
    holding.places--
    holding.bytes -= this.#bytes
    this.#admission.tidy(caller, holding)
  }
}
