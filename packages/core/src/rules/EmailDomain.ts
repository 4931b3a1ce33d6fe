/**
 * The domain of an e-mail address, and the gate on it (RULES D6).
 *
 * An address with none or several `@` has no domain, so no list accepts it
 * (threat B15, CVE-2026-40574). Domains compare without case.
 */

/** The domain in lower case; `undefined` when the address has none. */
export const domainOf = (email: string): string | undefined => {
  const at = email.indexOf("@")
  if (at < 1 || at === email.length - 1 || email.includes("@", at + 1)) return undefined
  return email.slice(at + 1).toLowerCase()
}

/** Compiles the list of accepted domains; an empty list accepts everybody, also those without an address. */
export const compile = (domains: ReadonlyArray<string>): (email: string | undefined) => boolean => {
  if (domains.length === 0) return () => true
  const accepted = new Set(domains.map((domain) => domain.toLowerCase()))
  return (email) => {
    const domain = email === undefined ? undefined : domainOf(email)
    return domain !== undefined && accepted.has(domain)
  }
}
