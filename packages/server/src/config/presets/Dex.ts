/** Dex: its access tokens are of the same shape as its ID tokens, for the client that asked. */
import { addressOf, type Preset } from "./Preset.ts"

export const dex: Preset = {
  name: "dex",
  title: "Dex",
  parameters: {
    url: { description: "the issuer: https://dex.acme.com, with the path it is served below", required: true }
  },
  traps: [
    "Access tokens and ID tokens are alike; both are taken. `audience` is the client that asks, or the one that it asks for with the scope `audience:server:client_id:ID`.",
    "`sub` is made of the person's id and the connector's: the same person through two connectors is two.",
    "`email_verified` is what the connector says; behind `authproxy` every address counts as verified.",
    "`groups` needs the scope `groups` and a connector that has them; dex's own passwords have none.",
    "The key set says how long it may be kept, up to the next rotation: an unknown key is looked for all the same."
  ],
  block: (given) => {
    const issuer = addressOf(given["url"])
    return {
      issuer,
      jwks: `${issuer}/keys`,
      algorithms: ["RS256"],
      claims: { user: "sub", email: "email", teams: "groups" }
    }
  }
}
