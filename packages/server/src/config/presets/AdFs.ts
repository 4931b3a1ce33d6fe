/** AD FS: access tokens carry an issuer that is only a name (`http://HOST/adfs/services/trust`). */
import { hostOf, type Preset } from "./Preset.ts"

export const adFs: Preset = {
  name: "adfs",
  title: "AD FS",
  parameters: { host: { description: "the federation service: adfs.acme.com", required: true } },
  traps: [
    "The issuer of access tokens is a name (`http://HOST/adfs/services/trust`); nothing is fetched there, and it needs no `allowInsecure`.",
    "Discovery calls that name `access_token_issuer`; where somebody has changed it, say it as `issuer` beside the preset.",
    "ID tokens have another issuer (`https://HOST/adfs`) and are refused.",
    "Groups are there only with an issuance rule that writes `group`.",
    "A user principal name can be given to another person: write a rule for an immutable `sub`."
  ],
  block: (given) => {
    const host = hostOf(given["host"])
    return {
      issuer: `http://${host}/adfs/services/trust`,
      jwks: `https://${host}/adfs/discovery/keys`,
      algorithms: ["RS256"],
      // A machine has no `sub` unless a rule writes one, which is then the client.
      serviceAccounts: { as: "apart", match: { sub: "{appid}" } },
      claims: { user: ["sub", "upn", "unique_name"], email: null, teams: ["group", "groups"], scopes: "scp" }
    }
  }
}
