/** Okta: a custom authorization server, or (`server: org`) the ID tokens of the org server. */
import { addressOf, type Preset, textOf } from "./Preset.ts"

export const okta: Preset = {
  name: "okta",
  title: "Okta",
  parameters: {
    domain: { description: "https://acme.okta.com", required: true },
    server: { description: "the id of the authorization server (default), or org", required: false }
  },
  block: (given) => {
    const domain = addressOf(given["domain"])
    const server = textOf(given["server"] ?? "default")
    return server === "org"
      ? {
        issuer: domain,
        jwks: `${domain}/oauth2/v1/keys`,
        claims: { user: "sub", email: "email", teams: "groups" }
      }
      : {
        issuer: `${domain}/oauth2/${server}`,
        jwks: `${domain}/oauth2/${server}/v1/keys`,
        tokens: "access",
        // Client credentials: `sub` is the client, and the client is in `cid`.
        serviceAccounts: { as: "apart", match: { sub: "{cid}" } },
        claims: { user: ["uid", "sub"], email: null, teams: "groups", scopes: "scp" }
      }
  }
}
