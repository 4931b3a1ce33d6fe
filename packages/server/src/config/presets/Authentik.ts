/** Authentik: one issuer for each provider. */
import { addressOf, type Preset, textOf } from "./Preset.ts"

export const authentik: Preset = {
  name: "authentik",
  title: "Authentik",
  parameters: {
    url: { description: "https://auth.acme.com", required: true },
    application: { description: "the slug of the application", required: true }
  },
  traps: [
    "Each provider has an issuer of its own (\"Each provider has a different issuer\"); the global mode is another issuer.",
    "`email_verified` is false unless a scope mapping says otherwise: the address does not link.",
    "Client credentials act as `ak-NAME-client_credentials`, told apart as a service."
  ],
  block: (given) => {
    const issuer = `${addressOf(given["url"])}/application/o/${textOf(given["application"])}/`
    return {
      issuer,
      jwks: `${issuer}jwks/`,
      serviceAccounts: { as: "apart", match: { preferred_username: "ak-*-client_credentials" } },
      claims: { user: "sub", email: "email", teams: "groups" }
    }
  }
}
