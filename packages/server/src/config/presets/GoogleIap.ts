/** Google Identity-Aware Proxy: the assertion in `x-goog-iap-jwt-assertion`. */
import { type Preset } from "./Preset.ts"

export const googleIap: Preset = {
  name: "google-iap",
  title: "Google Identity-Aware Proxy",
  parameters: {},
  traps: [
    "The assertion stands in `x-goog-iap-jwt-assertion`: `gateway.credentials: [x-goog-iap-jwt-assertion]`.",
    "`audience` is the backend: `/projects/NUMBER/global/backendServices/ID`, never a client id.",
    "The assertion has no `email_verified`; IAP proved the address, so `linkByEmail: always`."
  ],
  block: () => ({
    issuer: "https://cloud.google.com/iap",
    jwks: "https://www.gstatic.com/iap/verify/public_key-jwk",
    algorithms: ["ES256"],
    // IAP has signed the person in itself; there is no flag beside the address.
    identities: { linkByEmail: "always" },
    claims: { user: "sub", email: "email" }
  })
}
