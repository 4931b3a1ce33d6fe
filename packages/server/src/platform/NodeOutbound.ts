/**
 * The requests of `Outbound` on Node: undici, with what `fetch` alone lacks.
 *
 * A connection must stand within 1 s. A name that a document named is judged
 * by the addresses it resolves to at the moment of connecting, so it cannot
 * turn into an address inside the network after it was checked (threat C08,
 * DNS rebinding). A certificate authority of the issuer's own takes the place
 * of the system's. Proxy settings of the environment (`HTTPS_PROXY`, `NO_PROXY`)
 * are honoured, except for loopback; the proxy then resolves names itself.
 */
import { fetchTransport, Outbound, type OutboundRequest } from "@jotgate/core/Outbound"
import { type AddressKind, kindOfAddress, kindOfHost, mayReach } from "@jotgate/core/Target"
import { Effect, Layer } from "effect"
import { lookup, type LookupAddress } from "node:dns"
import type { LookupFunction } from "node:net"
import { Agent, type Dispatcher, EnvHttpProxyAgent, fetch } from "undici"

/** Longest time until a connection stands, in milliseconds. */
const connectLimit = 1_000

/** Resolves a name to all its addresses. */
export type Resolve = (
  hostname: string,
  done: (error: NodeJS.ErrnoException | null, addresses: ReadonlyArray<LookupAddress>) => void
) => void

// Whatever the types say: a name that does not resolve comes with no list at all.
const systemResolve: Resolve = (hostname, done) =>
  lookup(hostname, { all: true }, (error, addresses) => done(error, error === null ? addresses : []))

const forbidden = (): NodeJS.ErrnoException =>
  Object.assign(new Error("a discovered name resolves to an address inside the network"), { code: "EADDRFORBIDDEN" })

const kindsOf = (addresses: ReadonlyArray<LookupAddress>): ReadonlyArray<AddressKind> =>
  addresses.map(({ address }) => kindOfAddress(address) ?? "reserved")

/**
 * Resolves as the system does. With `issuer` every address must be public, or
 * of a kind that the issuer's own host has; one that is not refuses them all.
 */
const lookupWith = (resolve: Resolve, issuer: string | undefined): LookupFunction => (hostname, options, callback) => {
  resolve(hostname, (error, addresses) => {
    const [first] = addresses
    const answer = () =>
      options.all === true
        ? callback(null, [...addresses])
        : callback(null, first?.address ?? "", first?.family)
    if (error !== null || first === undefined) return callback(error ?? forbidden(), [])
    const kinds = kindsOf(addresses)
    if (issuer === undefined || kinds.every((kind) => kind === "public")) return answer()
    const judge = (own: ReadonlyArray<AddressKind>) =>
      kinds.every((kind) => own.some((it) => mayReach(kind, it))) ? answer() : callback(forbidden(), [])
    const literal = kindOfHost(issuer)
    if (literal !== undefined) return judge([literal])
    resolve(issuer, (failed, own) => judge(failed === null ? kindsOf(own) : []))
  })
}

/** Makes and keeps the connections, apart by certificate authority and by who named the address. */
const makeDispatchers = (resolve: Resolve) => {
  const made = new Map<string, Dispatcher>()
  const remember = (key: string, make: () => Dispatcher): Dispatcher => {
    const known = made.get(key)
    if (known !== undefined) return known
    const dispatcher = make()
    made.set(key, dispatcher)
    return dispatcher
  }
  return {
    for: ({ ca, reach }: OutboundRequest, url: URL): Dispatcher => {
      const issuer = reach._tag === "Discovered" ? reach.issuer : undefined
      const direct = kindOfHost(url.hostname) === "loopback"
      return remember(JSON.stringify([direct, ca ?? null, issuer ?? null]), () => {
        const tls = { timeout: connectLimit, ...(ca === undefined ? {} : { ca }) }
        const options = {
          allowH2: false,
          connections: 8,
          connect: { ...tls, lookup: lookupWith(resolve, issuer) }
        }
        return direct
          ? new Agent(options)
          : new EnvHttpProxyAgent({ ...options, requestTls: tls, proxyTls: { timeout: connectLimit } })
      })
    },
    close: async () => {
      await Promise.all(Array.from(made.values(), (dispatcher) => dispatcher.destroy()))
    }
  }
}

/** The live layer; `resolve` is for tests. */
export const layerWith = (resolve: Resolve): Layer.Layer<Outbound> =>
  Layer.unwrap(
    Effect.map(
      Effect.acquireRelease(
        Effect.sync(() => makeDispatchers(resolve)),
        (dispatchers) => Effect.promise(dispatchers.close)
      ),
      (dispatchers) =>
        Outbound.layerTransport((request, url) =>
          fetchTransport((href, { body, ...init }) =>
            fetch(href, { ...init, body: body ?? null, dispatcher: dispatchers.for(request, url) })
          )(request, url)
        )
    )
  )

/** The live layer. */
export const layer: Layer.Layer<Outbound> = layerWith(systemResolve)
