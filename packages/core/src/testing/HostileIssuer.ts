/**
 * An identity provider that misbehaves on demand and counts who asks it.
 *
 * What it answers at a path is a value, so that the same script drives the
 * transport of a test (virtual time) and a real server on loopback. It stands
 * below `Outbound`: the limits that are tested are the real ones.
 */
import { Clock, Duration, Effect, type Layer, Stream } from "effect"
import { type Exchange, Outbound, OutboundFailed, type OutboundRequest, type Transport } from "../claims/Outbound.ts"

/** What happens when a path is asked. Times in milliseconds. */
export type Behaviour =
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
  | { readonly _tag: "Slow"; readonly millis: number; readonly after: Behaviour }
  /** One byte at a time, for ever. */
  | { readonly _tag: "Dripping"; readonly everyMillis: number }
  /** As much as is read, as fast as it is read. */
  | { readonly _tag: "Endless" }
  /** Few bytes on the wire that inflate to many. */
  | { readonly _tag: "Bomb"; readonly bytes: number }
  /** One after the other, one for each hit, then from the first again. */
  | { readonly _tag: "Flapping"; readonly each: ReadonlyArray<Behaviour> }
  /** Decided anew for each hit, counted from 0; the request where there is no wire between. */
  | { readonly _tag: "Chosen"; readonly choose: (hit: number, request?: OutboundRequest) => Behaviour }

/** A JSON answer. */
export const json = (body: unknown, headers: Readonly<Record<string, string>> = {}, status = 200): Behaviour => ({
  _tag: "Answer",
  status,
  headers: { "content-type": "application/json", ...headers },
  body: JSON.stringify(body)
})

/** An answer of any text. */
export const text = (body: string, type = "text/plain", status = 200): Behaviour => ({
  _tag: "Answer",
  status,
  headers: { "content-type": type },
  body
})

/** What a captive portal says. */
export const html: Behaviour = text("<!doctype html><title>Sign in</title>", "text/html")

/** An empty body. */
export const empty: Behaviour = text("", "application/json")

/** An answer of one status without a body. */
export const status = (code: number): Behaviour => ({ _tag: "Answer", status: code, headers: {}, body: "" })

/** A redirect. */
export const redirect = (location: string): Behaviour => ({
  _tag: "Answer",
  status: 302,
  headers: { location },
  body: ""
})

export const refused: Behaviour = { _tag: "Refused" }
export const silent: Behaviour = { _tag: "Silent" }
export const endless: Behaviour = { _tag: "Endless" }
export const slow = (millis: number, after: Behaviour): Behaviour => ({ _tag: "Slow", millis, after })
export const dripping = (everyMillis: number): Behaviour => ({ _tag: "Dripping", everyMillis })
export const bomb = (bytes: number): Behaviour => ({ _tag: "Bomb", bytes })
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
  next(path: string, request?: OutboundRequest): Exclude<Behaviour, { readonly _tag: "Flapping" | "Chosen" }> {
    const hit = this.counts.get(path) ?? 0
    this.counts.set(path, hit + 1)
    const settle = (behaviour: Behaviour): Exclude<Behaviour, { readonly _tag: "Flapping" | "Chosen" }> =>
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

const exchange = (code: number, headers: Readonly<Record<string, string>>, body: Exchange["body"]): Exchange => ({
  status: code,
  header: (name) => headers[name],
  body
})

const play = (behaviour: Behaviour): Effect.Effect<Exchange, OutboundFailed> => {
  switch (behaviour._tag) {
    case "Answer":
      return Effect.succeed(
        exchange(behaviour.status, behaviour.headers, Stream.succeed(new TextEncoder().encode(behaviour.body)))
      )
    case "Refused":
      return Effect.fail(new OutboundFailed({ reason: "connect", detail: "ECONNREFUSED" }))
    case "Slow":
      return Effect.delay(Effect.suspend(() => play(behaviour.after)), behaviour.millis)
    case "Dripping":
      return Effect.succeed(
        exchange(
          200,
          {},
          Stream.fromEffectRepeat(Effect.as(Effect.sleep(Duration.millis(behaviour.everyMillis)), space))
        )
      )
    case "Endless":
      return Effect.succeed(exchange(200, {}, Stream.forever(Stream.succeed(zeros))))
    case "Bomb":
      return Effect.succeed(
        exchange(200, {}, Stream.take(Stream.forever(Stream.succeed(zeros)), Math.ceil(behaviour.bytes / zeros.length)))
      )
    default:
      return Effect.never
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
