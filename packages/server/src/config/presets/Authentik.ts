/** Authentik: one issuer for each provider. */
import { addressOf, type Preset, textOf } from "./Preset.ts"

export const authentik: Preset = {
  name: "authentik",
  title: "Authentik",
  parameters: {
    url: { description: "https://auth.acme.com", required: true },
    application: { description: "the slug of the application", required: true }
  },
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
