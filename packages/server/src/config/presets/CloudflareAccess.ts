/** Cloudflare Access: the assertion in `cf-access-jwt-assertion`. */
import { addressOf, type Preset } from "./Preset.ts"

export const cloudflareAccess: Preset = {
  name: "cloudflare-access",
  title: "Cloudflare Access",
  parameters: { domain: { description: "https://acme.cloudflareaccess.com", required: true } },
  traps: [
    "The assertion stands in `cf-access-jwt-assertion`: `gateway.credentials: [cf-access-jwt-assertion]`.",
    "`audience` is the application's AUD tag.",
    "Service tokens have an empty `sub` and are refused; to let them in: `claims: { user: [sub, common_name] }`.",
    "There is no `email_verified`; Access proved the address, so `linkByEmail: always`."
  ],
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
