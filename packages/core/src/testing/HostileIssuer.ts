/**
 * An identity provider that misbehaves on demand and counts who asks it.
 *
 * What it answers at a path is a value, so that the same script drives the
 * transport of a test (virtual time) and a real server on loopback. It stands
 * below `Outbound`: the limits that are tested are the real ones.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import { type Exchange, Outbound, OutboundFailed, type OutboundRequest, type Transport } from "../issuer/Outbound.ts"

/** What one request meets. Times in milliseconds. */
export type Settled =
  | {
    readonly _tag: "Answer"
    readonly status: number
    readonly headers: Readonly<Record<string, string>>
    readonly body: string
  }
  /** The connection is refused. */
  | { readonly _tag: "Refused" }
  /** The connection is taken and nothing is ever sent. */
  | { readonly _tag: "Silent" }
  | { readonly _tag: "Slow"; readonly millis: number; readonly after: Settled }
  /** The head comes, the body never does. */
  | { readonly _tag: "Stalling" }
  /** One byte at a time, for ever. */
  | { readonly _tag: "Dripping"; readonly everyMillis: number }
  /** As much as is read, as fast as it is read. */
  | { readonly _tag: "Endless" }
  /** Few bytes on the wire that inflate to many. */
  | { readonly _tag: "Bomb"; readonly bytes: number }

/** What happens when a path is asked. */
export type Behaviour =
  | Settled
  /** One after the other, one for each hit, then from the first again. */
  | { readonly _tag: "Flapping"; readonly each: ReadonlyArray<Behaviour> }
  /** Decided anew for each hit, counted from 0; the request where there is no wire between. */
  | { readonly _tag: "Chosen"; readonly choose: (hit: number, request?: OutboundRequest) => Behaviour }

/** A JSON answer. */
export const json = (body: unknown, headers: Readonly<Record<string, string>> = {}, status = 200): Settled => ({
  _tag: "Answer",
  status,
  headers: { "content-type": "application/json", ...headers },
  body: JSON.stringify(body)
})

/** An answer of any text. */
export const text = (body: string, type = "text/plain", status = 200): Settled => ({
  _tag: "Answer",
  status,
  headers: { "content-type": type },
  body
})

/** What a captive portal says. */
export const html: Settled = text("<!doctype html><title>Sign in</title>", "text/html")

/** An empty body. */
export const empty: Settled = text("", "application/json")

/** An answer of one status without a body. */
export const status = (code: number): Settled => ({ _tag: "Answer", status: code, headers: {}, body: "" })

/** A redirect. */
export const redirect = (location: string): Settled => ({
  _tag: "Answer",
  status: 302,
  headers: { location },
  body: ""
})

export const refused: Settled = { _tag: "Refused" }
export const silent: Settled = { _tag: "Silent" }
export const stalling: Settled = { _tag: "Stalling" }
export const endless: Settled = { _tag: "Endless" }
export const slow = (millis: number, after: Settled): Settled => ({ _tag: "Slow", millis, after })
export const dripping = (everyMillis: number): Settled => ({ _tag: "Dripping", everyMillis })
export const bomb = (bytes: number): Settled => ({ _tag: "Bomb", bytes })
export const flapping = (...each: ReadonlyArray<Behaviour>): Behaviour => ({ _tag: "Flapping", each })
export const chosen = (choose: (hit: number, request?: OutboundRequest) => Behaviour): Behaviour => ({
  _tag: "Chosen",
  choose
})

/** One request that arrived; `at` in Unix milliseconds of the test's clock, `request` where there is no wire between. */
export interface Hit {
  readonly path: string
  readonly at: number
  readonly request?: OutboundRequest
}

/** A script: what each path answers, and who asked. */
export class HostileIssuer {
  readonly origin: string
  readonly hits: Array<Hit> = []
  private readonly paths = new Map<string, Behaviour>()
  private readonly counts = new Map<string, number>()

  constructor(origin: string) {
    this.origin = origin
  }

  /** An issuer that behaves: discovery and a key set at `/keys`. */
  static readonly make = (origin: string, keys: ReadonlyArray<unknown>): HostileIssuer =>
    new HostileIssuer(origin)
      .on("/.well-known/openid-configuration", json({ issuer: origin, jwks_uri: `${origin}/keys` }))
      .on("/keys", json({ keys }))

  /** Sets what a path answers from now on. */
  on(path: string, behaviour: Behaviour): this {
    this.paths.set(path, behaviour)
    return this
  }

  /** Sets what every path answers from now on. */
  all(behaviour: Behaviour): this {
    for (const path of this.paths.keys()) this.paths.set(path, behaviour)
    return this
  }

  /** How often a path was asked (all of them without one), optionally only from `since` on. */
  count(path?: string, since = 0): number {
    return this.hits.filter((hit) => (path === undefined || hit.path === path) && hit.at >= since).length
  }

  /** The most hits of a path within any span of so many milliseconds. */
  densest(path: string, millis: number): number {
    const times = this.hits.filter((hit) => hit.path === path).map(({ at }) => at)
    return Math.max(0, ...times.map((start) => times.filter((at) => at >= start && at < start + millis).length))
  }

  /** Counts a hit and says what is to be answered; a path without a script is 404. */
  next(path: string, request?: OutboundRequest): Settled {
    const hit = this.counts.get(path) ?? 0
    this.counts.set(path, hit + 1)
    const settle = (behaviour: Behaviour): Settled =>
      behaviour._tag === "Flapping"
        ? settle(behaviour.each[hit % behaviour.each.length] ?? status(404))
        : behaviour._tag === "Chosen"
        ? settle(behaviour.choose(hit, request))
        : behaviour
    return settle(this.paths.get(path) ?? status(404))
  }

  /** Answers one request as the script says. */
  readonly transport: Transport = (request, url) =>
    Effect.gen({ self: this }, function*() {
      const at = yield* Clock.currentTimeMillis
      this.hits.push({ path: url.pathname, at, request })
      return yield* play(this.next(url.pathname, request))
    })
}

const zeros = new Uint8Array(64 * 1024)
const space = new Uint8Array([0x20])

const exchange = (
  code: number,
  headers: Readonly<Record<string, string>>,
  next: Exchange["next"]
): Exchange => ({ status: code, header: (name) => headers[name], next })

/** These pieces and then the end. */
const pieces = (...all: ReadonlyArray<Uint8Array>): Exchange["next"] => {
  const left = [...all]
  return Effect.sync(() => left.shift())
}

const play = (behaviour: ReturnType<HostileIssuer["next"]>): Effect.Effect<Exchange, OutboundFailed> => {
  switch (behaviour._tag) {
    case "Answer":
      return Effect.succeed(
        exchange(behaviour.status, behaviour.headers, pieces(new TextEncoder().encode(behaviour.body)))
      )
    case "Refused":
      return Effect.fail(new OutboundFailed({ reason: "connect", detail: "ECONNREFUSED" }))
    case "Silent":
      return Effect.never
    case "Slow":
      return Effect.delay(play(behaviour.after), behaviour.millis)
    case "Stalling":
      return Effect.succeed(exchange(200, {}, Effect.never))
    case "Dripping":
      return Effect.succeed(exchange(200, {}, Effect.as(Effect.sleep(behaviour.everyMillis), space)))
    case "Endless":
      return Effect.succeed(exchange(200, {}, Effect.succeed(zeros)))
    case "Bomb": {
      const count = Math.ceil(behaviour.bytes / zeros.length)
      return Effect.succeed(exchange(200, {}, pieces(...Array.from({ length: count }, () => zeros))))
    }
  }
}

/** An `Outbound` with the real limits that knows these issuers and no other host. */
export const layer = (...issuers: ReadonlyArray<HostileIssuer>): Layer.Layer<Outbound> =>
  Outbound.layerTransport((request, url) => {
    const issuer = issuers.find(({ origin }) => origin === url.origin)
    return issuer === undefined
      ? Effect.fail(new OutboundFailed({ reason: "connect", detail: "ENOTFOUND" }))
      : issuer.transport(request, url)
  })
