/** Google ID tokens of people, of one Workspace domain where it is named. */
import { type Preset } from "./Preset.ts"

export const google: Preset = {
  name: "google",
  title: "Google ID tokens",
  parameters: {
    domain: { description: "the Workspace domain (`hd`) that is let in, or several", required: false, many: true }
  },
  traps: [
    "Without `domain` everybody with a Google account is let in as a person, also with an address of a company that has no account with Google: it was verified once, and may be somebody else's by now. Set `identities: { linkByEmail: never }` then.",
    "Old client libraries get `iss: accounts.google.com`, without `https://`: that is another issuer, and refused.",
    "Google's access tokens are opaque: send the ID token.",
    "Groups are not in the token: teams come from the directory.",
    "A service account's ID token has `azp` equal to `sub`: it is told apart."
  ],
  block: (given) => ({
    issuer: "https://accounts.google.com",
    jwks: "https://www.googleapis.com/oauth2/v3/certs",
    algorithms: ["RS256"],
    ...(given["domain"] === undefined ? {} : { require: { hd: given["domain"] } }),
    claims: { user: "sub", email: "email" }
  })
}
