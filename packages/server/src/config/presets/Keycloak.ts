/** Keycloak: access tokens of a realm, with its organizations. */
import { addressOf, type Preset, textOf } from "./Preset.ts"

export const keycloak: Preset = {
  name: "keycloak",
  title: "Keycloak",
  parameters: {
    url: { description: "https://id.acme.com, with /auth where it is served below that", required: true },
    realm: { description: "the name of the realm", required: true }
  },
  traps: [
    "ID tokens are signed by the same key with the same header; the claim `typ: ID` refuses them here.",
    "`aud` needs an audience mapper on the client; without one every token is refused.",
    "A service account's user name begins with `service-account-`.",
    "Light tokens have no audience, no `sub` and no groups, and UserInfo refuses them: use ordinary ones, or switch on \"Add to lightweight access token\" in the mappers of audience, `sub` and groups.",
    "The refresh token is a JWT too (HS512), and so are tokens of a client that is set to HS256: no key set has their key.",
    "`organization` names an alias; several are 403 `organization_ambiguous`, and it must be in the directory."
  ],
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
