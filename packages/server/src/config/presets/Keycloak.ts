/** Keycloak: access tokens of a realm, with its organizations. */
import { addressOf, type Preset, textOf } from "./Preset.ts"

export const keycloak: Preset = {
  name: "keycloak",
  title: "Keycloak",
  parameters: {
    url: { description: "https://id.acme.com, with /auth where it is served below that", required: true },
    realm: { description: "the name of the realm", required: true }
  },
  block: (given) => {
    const issuer = `${addressOf(given["url"])}/realms/${textOf(given["realm"])}`
    return {
      issuer,
      jwks: `${issuer}/protocol/openid-connect/certs`,
      // ID tokens are signed alike and name themselves in the claim `typ` alone.
      tokens: "access",
      serviceAccounts: { as: "apart", match: { preferred_username: "service-account-*" } },
      claims: {
        user: "sub",
        email: "email",
        teams: { from: "groups", match: "^/?(.+)$", as: "$1" },
        roles: "realm_access.roles",
        organizationAlias: "organization"
      }
    }
  }
}
