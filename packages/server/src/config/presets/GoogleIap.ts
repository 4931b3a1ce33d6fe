/** Google Identity-Aware Proxy: the assertion in `x-goog-iap-jwt-assertion`. */
import { type Preset } from "./Preset.ts"

export const googleIap: Preset = {
  name: "google-iap",
  title: "Google Identity-Aware Proxy",
  parameters: {
    domain: { description: "the Workspace domain (`hd`) that is let in, or several", required: false, many: true }
  },
  traps: [
    "The assertion stands in `x-goog-iap-jwt-assertion`: `gateway.credentials: [x-goog-iap-jwt-assertion]`.",
    "`audience` is the backend (`/projects/NUMBER/global/backendServices/ID`, on App Engine `/projects/NUMBER/apps/ID`), never a client id.",
    "The assertion has no `email_verified`; Google proved the address of its own accounts, so `linkByEmail: always`.",
    "External identities (Identity Platform) sign in with addresses that nobody has proved, and their `sub` begins with `securetoken.google.com/`: refused. To let them in, write the block with `claims: { user: sub }` and `identities: { linkByEmail: never }` beside the preset.",
    "A service account comes as its number with an address of `gserviceaccount.com`: it is told apart."
  ],
  block: (given) => ({
    issuer: "https://cloud.google.com/iap",
    jwks: "https://www.gstatic.com/iap/verify/public_key-jwk",
    algorithms: ["ES256"],
    ...(given["domain"] === undefined ? {} : { require: { hd: given["domain"] } }),
    serviceAccounts: { as: "apart", match: { email: "*.gserviceaccount.com" } },
    // There is no flag beside the address: Google has proved those of its own accounts, and no other ones.
    identities: { linkByEmail: "always" },
    claims: { user: { from: "sub", match: "^(accounts\\.google\\.com:.+)$", as: "$1" }, email: "email" }
  })
}
