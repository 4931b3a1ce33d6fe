/**
 * What a header name stands for on its way through the gate, however it is spelt (threat E02).
 */

import { canonical, isPassedOn } from "@jotgate/core/HeaderNames"
import { isOurs } from "../config/GatewayHeaders.ts"

/** Credential headers that some upstream reads; the caller's are dropped (threat E11). */
export const credentialHeaders: ReadonlyArray<string> = [
  "authorization",
  "x-api-key",
  "api-key",
  "x-litellm-api-key",
  "x-goog-api-key",
  "ocp-apim-subscription-key"
]

/** Headers that end at the next hop (RFC 9110 §7.6.1). */
export const hopByHop: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "proxy-authenticate",
  "proxy-authorization",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "http2-settings"
])

/** Headers by which a caller could have the upstream read another method, path or address than the one that was judged (threat E05). */
const rewriting: ReadonlyArray<string> = [
  "x-http-method-override",
  "x-http-method",
  "x-method-override",
  "x-original-url",
  "x-original-uri",
  "x-original-method",
  "x-original-host",
  "x-rewrite-url",
  "x-forwarded-uri",
  "x-forwarded-method",
  "x-forwarded-path",
  "x-forwarded-prefix",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-port",
  "x-forwarded-proto",
  "x-forwarded-scheme",
  "x-forwarded-server",
  "x-forwarded-ssl",
  "x-envoy-original-path",
  "x-envoy-original-method",
  "x-real-ip",
  "forwarded"
]

/** What the gate writes itself. */
const replaced: ReadonlyArray<string> = ["host", "content-length", "expect", "x-request-id"]

/** Headers that `Connection` cannot take away: the judgement rests on them. */
export const indispensable: ReadonlySet<string> = new Set([
  "content-type",
  "content-encoding",
  "content-length",
  "host"
])

/** Headers that say how a body is read: the caller may set them for its own body, not for what is sent on. */
const describing: ReadonlySet<string> = new Set(["content-type", "content-encoding"])

/** How many spellings are remembered, and how long they may be: names are chosen by the caller. */
const remembered = 2048
const longest = 128

/** The same verdicts without working out again those about names that came before. */
const remembering = (verdictOf: (name: string) => boolean): (name: string) => boolean => {
  const verdicts = new Map<string, boolean>()
  return (name) => {
    const known = verdicts.get(name)
    if (known !== undefined) return known
    const verdict = verdictOf(name)
    if (name.length > longest) return verdict
    if (verdicts.size >= remembered) verdicts.clear()
    verdicts.set(name, verdict)
    return verdict
  }
}

/**
 * Compiles a predicate "this header of a request does not go to the upstream".
 * `dropped` are the names that this deployment adds: team headers and further
 * credential headers.
 */
export const requestFilter = (dropped: Iterable<string>): (name: string) => boolean => {
  const names = new Set([
    ...hopByHop,
    ...rewriting,
    ...replaced,
    ...credentialHeaders,
    ...Array.from(dropped, canonical)
  ])
  return remembering((name) => {
    const it = canonical(name)
    return names.has(it) || isOurs(it) || (describing.has(it) && isPassedOn(name))
  })
}

/** Compiles "some server reads this name as one of `listed`, or as one of ours, but it is none of `listed`" (threat E02). */
export const isOtherSpelling = (listed: Iterable<string>): (name: string) => boolean => {
  const exact = new Set(Array.from(listed, (it) => it.toLowerCase()))
  const names = new Set(Array.from(exact, canonical))
  return remembering((name) => {
    const it = canonical(name)
    return (isOurs(it) || names.has(it)) && !exact.has(name.toLowerCase())
  })
}

/**
 * Compiles the search for a header that the proxy in front of a door would pass on although an upstream could read it
 * as ours (threat E02). The proxies replace the names in `listed` exactly; another spelling of them, and any other
 * name of ours, is the caller's. Gives the name that was sent, `undefined` when there is none.
 */
export const spoofOf = (
  listed: Iterable<string>
): (rawHeaders: ReadonlyArray<string>) => string | undefined => {
  const isSpoof = isOtherSpelling(listed)
  return (rawHeaders) => {
    for (let i = 0; i < rawHeaders.length; i += 2) {
      const name = rawHeaders[i] ?? ""
      if (isSpoof(name)) return name
    }
    return undefined
  }
}

/** Whether this header or trailer of an upstream's answer stays here: hop-by-hop, or one that only the gate may set. */
export const isHeldBack = remembering((name) => {
  const it = canonical(name)
  return hopByHop.has(it) || isOurs(it)
})
