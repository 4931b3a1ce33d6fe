/** Google Identity-Aware Proxy: the assertion in `x-goog-iap-jwt-assertion`. */
import { type Preset } from "./Preset.ts"

export const googleIap: Preset = {
  name: "google-iap",
  title: "Google Identity-Aware Proxy",
  parameters: {},
  block: () => ({
    issuer: "https://cloud.google.com/iap",
    jwks: "https://www.gstatic.com/iap/verify/public_key-jwk",
    algorithms: ["ES256"],
    // IAP has signed the person in itself; there is no flag beside the address.
    identities: { linkByEmail: "always" },
    claims: { user: "sub", email: "email" }
  })
}
