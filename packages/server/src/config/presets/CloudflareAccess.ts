/** Cloudflare Access: the assertion in `cf-access-jwt-assertion`. */
import { addressOf, type Preset } from "./Preset.ts"

export const cloudflareAccess: Preset = {
  name: "cloudflare-access",
  title: "Cloudflare Access",
  parameters: { domain: { description: "https://acme.cloudflareaccess.com", required: true } },
  block: (given) => {
    const issuer = addressOf(given["domain"])
    return {
      issuer,
      jwks: `${issuer}/cdn-cgi/access/certs`,
      algorithms: ["RS256"],
      require: { type: "app" },
      // Access has proven the address to itself; there is no flag beside it.
      identities: { linkByEmail: "always" },
      claims: { user: "sub", email: "email", teams: "custom.groups" }
    }
  }
}
