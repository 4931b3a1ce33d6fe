/** Zitadel: roles are an object whose member names are the roles. */
import { addressOf, type Preset } from "./Preset.ts"

export const zitadel: Preset = {
  name: "zitadel",
  title: "Zitadel",
  parameters: { url: { description: "https://acme.zitadel.cloud", required: true } },
  traps: [
    "Roles are an object, `{ role: { orgId: domain } }`: the member names are the roles.",
    "They are in the token only with \"assert roles on authentication\" or the scope `urn:zitadel:iam:org:project:roles`.",
    "Access tokens must be set to JWT; `audience` is the project's id."
  ],
  block: (given) => {
    const issuer = addressOf(given["url"])
    const roles = "urn:zitadel:iam:org:project:roles"
    return {
      issuer,
      jwks: `${issuer}/oauth/v2/keys`,
      claims: {
        user: "sub",
        email: "email",
        teams: { from: roles, keys: true },
        roles: { from: roles, keys: true },
        organization: "urn:zitadel:iam:user:resourceowner:id"
      }
    }
  }
}
