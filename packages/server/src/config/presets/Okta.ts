/** Okta: a custom authorization server, or (`server: org`) the ID tokens of the org server. */
import { addressOf, type Preset, textOf } from "./Preset.ts"

export const okta: Preset = {
  name: "okta",
  title: "Okta",
  parameters: {
    domain: { description: "https://acme.okta.com", required: true },
    server: { description: "the id of the authorization server (default), or org", required: false }
  },
  traps: [
    "`sub` is the login and can be given to another person; `uid` is the person.",
    "The org server's access tokens cannot be verified by anybody but Okta: `server: org` takes its ID tokens only.",
    "`groups` is there only when the server has a groups claim for the scope.",
    "Client credentials: `sub` is the client id in `cid`, told apart as a service."
  ],
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
