/** Amazon Cognito: access tokens of a user pool, which name a client and no audience. */
import { type Preset, textOf } from "./Preset.ts"

export const cognito: Preset = {
  name: "cognito",
  title: "Amazon Cognito",
  parameters: {
    region: { description: "eu-central-1", required: true },
    pool: { description: "the id of the user pool: eu-central-1_AbCdEfGhI", required: true }
  },
  traps: [
    "Access tokens have no `aud`: `audience` is the app client's id, and `client_id` must be it.",
    "ID tokens are for the client and are refused (`token_use`).",
    "Flags are texts (`\"true\"`), which count.",
    "The address is in ID tokens only: `enrich: userinfo` brings it, where the scope `openid` is granted."
  ],
  block: (given) => {
    const issuer = `https://cognito-idp.${textOf(given["region"])}.amazonaws.com/${textOf(given["pool"])}`
    return {
      issuer,
      jwks: `${issuer}/.well-known/jwks.json`,
      algorithms: ["RS256"],
      // The client stands for the audience, and an ID token is for the client itself.
      audience: "any",
      require: { client_id: given["audience"] ?? [], token_use: "access" },
      claims: { user: "sub", email: "email", teams: "cognito:groups" }
    }
  }
}
