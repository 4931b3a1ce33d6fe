/**
 * Where a request of ours may go.
 *
 * An address that the operator wrote may be anywhere. An address that a
 * document named (`jwks_uri`, an endpoint) must not lead inside the network:
 * it is refused on a loopback, private or link-local address, unless the
 * configured issuer is on an address of the same kind (threats C04, C08).
 * `http:` is for loopback addresses, elsewhere the operator must allow it.
 */
import * as IpNetwork from "effect/net/IpNetwork"
import * as NetAddress from "effect/net/NetAddress"
import * as Option from "effect/Option"
import * as Result from "effect/Result"

/** What an IP address is good for: `public` is everything that is routed on the internet. */
export type AddressKind = "public" | "loopback" | "private" | "linkLocal" | "reserved"

/** Who named the address; `issuer` is the host name of the configured issuer. */
export type Reach =
  | { readonly _tag: "Configured" }
  | {
    readonly _tag: "Discovered"
    /** The host name of the configured issuer. */
    readonly issuer: string
  }

/** Networks by their texts, read when an address is first looked for: a host whose keys are in its settings asks nobody. */
const within = (...texts: ReadonlyArray<string>) => {
  let networks: ReadonlyArray<IpNetwork.IpNetwork> | undefined
  return (address: NetAddress.IpAddress): boolean =>
    (networks ??= texts.map(IpNetwork.fromStringUnsafe)).some((it) => IpNetwork.contains(it, address))
}

const isPrivate = within(
  "10.0.0.0/8",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "100.64.0.0/10",
  "fc00::/7",
  "fec0::/10"
)

/** Addresses that no key server has: this network, protocol tests, documentation, translation prefixes, multicast, class E. */
const isReserved = within(
  "0.0.0.0/8",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.88.99.0/24",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/3",
  "::/96",
  "64:ff9b::/96",
  "64:ff9b:1::/48",
  "100::/64",
  "2001::/23",
  "2001:db8::/32",
  "2002::/16",
  "ff00::/8"
)

const kindOfIp = (address: NetAddress.IpAddress): AddressKind => {
  if (NetAddress.isIpv6Address(address)) {
    const mapped = NetAddress.fromIpv4Mapped(address)
    if (Option.isSome(mapped)) return kindOfIp(mapped.value)
  }
  if (NetAddress.isLoopback(address)) return "loopback"
  if (NetAddress.isLinkLocal(address)) return "linkLocal"
  return isPrivate(address) ? "private" : isReserved(address) ? "reserved" : "public"
}

/** The kind of an address given as text (no brackets); `undefined` when it is not an IP address. */
export const kindOfAddress = (text: string): AddressKind | undefined => {
  const bare = text.replace(/%.*$/s, "")
  const parsed = NetAddress.ipFromString(bare)
  return Result.isSuccess(parsed) ? kindOfIp(parsed.success) : undefined
}

/** The kind of the host part of a URL as `new URL` normalizes it; `undefined` for a name that only a look-up can place. */
export const kindOfHost = (hostname: string): AddressKind | undefined => {
  const name = hostname.replace(/\.$/, "").toLowerCase()
  return name === "localhost" || name.endsWith(".localhost")
    ? "loopback"
    : kindOfAddress(name.replace(/^\[(.*)\]$/, "$1"))
}

/** Whether a discovered target of this kind is open to an issuer whose own address is of kind `issuer`. */
export const mayReach = (target: AddressKind, issuer: AddressKind | undefined): boolean =>
  target === "public" || target === issuer

/** What `check` needs to know of a request. */
export interface TargetRules {
  readonly reach: Reach
  /** Whether `http:` is allowed elsewhere than on loopback. */
  readonly allowInsecure: boolean
}

/**
 * The URL of a request when it may be sent, else the reason in words.
 *
 * A host name passes here; the live layer judges the addresses that it
 * resolves to when it connects.
 */
export const check = (text: string, rules: TargetRules): Result.Result<URL, string> => {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined) return Result.fail("not a URL")
  if (url.protocol !== "https:" && url.protocol !== "http:") return Result.fail(`scheme ${url.protocol} is not https:`)
  if (url.username !== "" || url.password !== "") return Result.fail("credentials in the URL")
  const kind = kindOfHost(url.hostname)
  if (url.protocol === "http:" && kind !== "loopback" && !rules.allowInsecure) {
    return Result.fail("http: elsewhere than on loopback needs allowInsecure")
  }
  if (rules.reach._tag === "Discovered" && kind !== undefined && !mayReach(kind, kindOfHost(rules.reach.issuer))) {
    return Result.fail(`a discovered address may not be ${kind}`)
  }
  return Result.succeed(url)
}
