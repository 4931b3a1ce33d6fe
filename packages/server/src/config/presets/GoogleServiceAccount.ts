/** Google service accounts: ID tokens that a workload asks for itself. */
import { type Preset } from "./Preset.ts"

export const googleServiceAccount: Preset = {
  name: "google-service-account",
  title: "Google service accounts",
  parameters: {
    accounts: { description: "the addresses of the service accounts that are let in", required: true, many: true }
  },
  traps: [
    "The accounts that are let in are named by address, and the token must prove it (`email_verified`).",
    "`sub` is the account's number: a row is linked by it."
  ],
  block: (given) => ({
    issuer: "https://accounts.google.com",
    jwks: "https://www.googleapis.com/oauth2/v3/certs",
    algorithms: ["RS256"],
    require: { email: given["accounts"] ?? [] },
    serviceAccounts: "asUsers",
    claims: { user: "sub", email: "email" }
  })
}
