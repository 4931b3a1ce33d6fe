/** Auth0: access tokens of an API. Claims of one's own stand below a name that is a URL. */
import { addressOf, type Preset, textOf } from "./Preset.ts"

const escaped = (name: string): string => name.replaceAll(".", "\\.")

export const auth0: Preset = {
  name: "auth0",
  title: "Auth0",
  parameters: {
    domain: { description: "https://acme.eu.auth0.com", required: true },
    prefix: { description: "the URL in front of claims that an Action adds: https://acme.com/", required: false }
  },
  traps: [
    "The issuer ends in a slash.",
    "With a custom domain the tokens name it as their issuer: `domain` is the one at which clients ask.",
    "`groups` and `roles` are names that Auth0 keeps to itself: what an Action adds stands below a URL (`https://acme.com/groups`); name it as `prefix`, ending as the claims do (`https://acme.com/`).",
    "Who signs in through an Auth0 organization has `org_id`: it must be one of the directory, or `claims: { organization: null }`.",
    "Both profiles of access tokens are taken: Auth0's own (`azp`) and that of RFC 9068 (`typ: at+jwt`, `client_id`).",
    "Without an `audience` in the request Auth0 makes an opaque token: that is refused.",
    "Machines have `sub: CLIENT@clients`, told apart as a service."
  ],
  block: (given) => {
    const domain = addressOf(given["domain"])
    const prefix = escaped(textOf(given["prefix"]))
    return {
      issuer: `${domain}/`,
      jwks: `${domain}/.well-known/jwks.json`,
      tokens: "access",
      serviceAccounts: { as: "apart", match: { sub: "*@clients" } },
      claims: {
        user: "sub",
        email: `${prefix}email`,
        emailVerified: `${prefix}email_verified`,
        teams: `${prefix}groups`,
        roles: `${prefix}roles`,
        organization: "org_id"
      }
    }
  }
}
