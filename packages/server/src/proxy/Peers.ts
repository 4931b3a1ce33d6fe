/**
 * Who is at the other end of a connection, and whether it is believed.
 *
 * Only the socket's own address counts; what a header says about it does not
 * (threat E05). An empty list believes nobody.
 */
import { BlockList, isIPv4 } from "node:net"

/** An address without the IPv4-in-IPv6 form; "" when the connection is gone. */
export const addressOf = (socket: { readonly remoteAddress?: string | undefined }): string => {
  const address = socket.remoteAddress ?? ""
  return address.startsWith("::ffff:") && isIPv4(address.slice(7)) ? address.slice(7) : address
}

/** Compiles addresses and CIDR ranges into "this address is one of them". */
export const compile = (ranges: ReadonlyArray<string>): (address: string) => boolean => {
  if (ranges.length === 0) return () => false
  const list = new BlockList()
  for (const range of ranges) {
    const slash = range.indexOf("/")
    const address = slash === -1 ? range : range.slice(0, slash)
    const family = isIPv4(address) ? "ipv4" : "ipv6"
    if (slash === -1) list.addAddress(address, family)
    else list.addSubnet(address, Number(range.slice(slash + 1)), family)
  }
  const known = new Map<string, boolean>()
  return (address) => {
    const verdict = known.get(address)
    if (verdict !== undefined) return verdict
    if (known.size >= 1024) known.clear()
    const believed = address !== "" && list.check(address, isIPv4(address) ? "ipv4" : "ipv6")
    known.set(address, believed)
    return believed
  }
}
