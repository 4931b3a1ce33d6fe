/**
 * One exchange for all processes of a gate: key sets and what issuers say about
 * themselves are fetched by the owner, once, however many processes ask.
 *
 * Each process goes on to decide when a set is due and how often tokens may make
 * it fetch. It says how new the answer is that it has; a newer one that another
 * process has caused is handed over without asking the issuer again, so that a
 * gate of many workers costs an issuer what one process does.
 */
import { Outbound, type OutboundAnswer, OutboundFailed, type OutboundRequest } from "@jotgate/core/Outbound"
import { ticks } from "@jotgate/core/Ticks"
import { Deferred, Effect, Layer, Redacted } from "effect"
import type { Fetched, Fetching } from "./Message.ts"

/** How old an answer may be that is handed over, in milliseconds. */
const handedOver = 30_000

/** Most addresses whose answers are held, and most exchanges at a time: more than there are issuers. */
const mostHeld = 1_000
const mostRunning = 1_000

/** Whether everybody who asks gets the same answer: key sets and discovery documents, never what is asked for one token. */
const isShared = ({ accept, authorization, form }: OutboundRequest): boolean =>
  form === undefined && (authorization === undefined || accept.startsWith("application/jwk-set+json"))

const fetchingOf = (it: OutboundRequest): Fetching => ({
  url: it.url,
  reach: it.reach,
  allowInsecure: it.allowInsecure,
  accept: it.accept,
  authorization: it.authorization === undefined ? null : Redacted.value(it.authorization),
  ca: it.ca ?? null
})

const requestOf = ({ authorization, ca, ...it }: Fetching): OutboundRequest => ({
  ...it,
  ...(authorization === null ? {} : { authorization: Redacted.make(authorization) }),
  ...(ca === null ? {} : { ca })
})

const answerOf = (it: Fetched): Effect.Effect<OutboundAnswer, OutboundFailed> =>
  it._tag === "Failure"
    ? Effect.fail(new OutboundFailed({ reason: it.reason, detail: it.detail }))
    : Effect.succeed({
      status: it.status,
      type: it.type,
      text: it.text,
      header: (name) => name === "cache-control" ? it.cacheControl ?? undefined : undefined
    })

/** What was fetched when; `at` in the owner's monotonic milliseconds. */
export interface Held {
  readonly at: number
  readonly fetched: Fetched
}

/** An exchange of which nothing came. */
export const failure = (at: number, reason: OutboundFailed["reason"], detail: string): Held => ({
  at,
  fetched: { _tag: "Failure", reason, detail }
})

/** Asks for an answer that is newer than the one its process has. */
export type Share = (fetching: Fetching, newerThan: number) => Effect.Effect<Held>

/** The owner's: exchanges are had over `outbound`. */
export const make = (outbound: Outbound["Service"]): { readonly share: Share; readonly forget: () => void } => {
  const held = new Map<string, Held>()
  const running = new Map<string, Deferred.Deferred<Held>>()
  const exchange = (fetching: Fetching): Effect.Effect<Fetched> =>
    Effect.suspend(() => outbound.ask(requestOf(fetching))).pipe(
      Effect.map((it): Fetched => ({
        _tag: "Answer",
        status: it.status,
        type: it.type,
        cacheControl: it.header("cache-control") ?? null,
        text: it.text
      })),
      Effect.catch(({ detail, reason }) => Effect.succeed<Fetched>({ _tag: "Failure", reason, detail })),
      Effect.catchDefect(() =>
        Effect.succeed<Fetched>({ _tag: "Failure", reason: "connect", detail: "unexpected defect" })
      )
    )
  return {
    share: Effect.fnUntraced(function*(fetching, newerThan) {
      const key = JSON.stringify(fetching)
      const now = yield* ticks
      const known = held.get(key)
      if (known !== undefined && known.at > newerThan && now - known.at < handedOver) return known
      const joined = running.get(key)
      if (joined !== undefined) return yield* Deferred.await(joined)
      if (running.size >= mostRunning) return failure(newerThan, "connect", "too many exchanges at a time")
      const mine = Deferred.makeUnsafe<Held>()
      const run = Effect.gen(function*() {
        const it: Held = { at: now, fetched: yield* exchange(fetching) }
        held.delete(key)
        const [oldest] = held.keys()
        if (held.size >= mostHeld && oldest !== undefined) held.delete(oldest)
        held.set(key, it)
        running.delete(key)
        Deferred.doneUnsafe(mine, Effect.succeed(it))
      })
      // Who asked first may give up, before it goes out too: the others wait for the answer.
      yield* Effect.uninterruptible(Effect.suspend(() => {
        running.set(key, mine)
        return Effect.forkDetach(run)
      }))
      return yield* Deferred.await(mine)
    }),
    forget: () => held.clear()
  }
}

/** `Outbound` of one process, over what all share; everything else goes out from the process itself. */
export const layer = (share: Share): Layer.Layer<Outbound, never, Outbound> =>
  Layer.effect(
    Outbound,
    Effect.map(Outbound, (own) => {
      const newest = new Map<string, number>()
      return {
        ask: (request) => {
          if (!isShared(request)) return own.ask(request)
          const fetching = fetchingOf(request)
          const key = JSON.stringify(fetching)
          return Effect.flatMap(share(fetching, newest.get(key) ?? 0), ({ at, fetched }) => {
            if (newest.size >= mostHeld) newest.clear()
            newest.set(key, at)
            return answerOf(fetched)
          })
        }
      }
    })
  )
