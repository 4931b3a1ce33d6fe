/** GitHub Actions: the OIDC token of a workflow. The repository is who calls, its owner the team. */
import { hostOf, type Preset, textOf } from "./Preset.ts"

const cloud = "https://token.actions.githubusercontent.com"

export const gitHubActions: Preset = {
  name: "github-actions",
  title: "GitHub Actions",
  parameters: {
    owner: { description: "the organizations whose workflows are let in", required: true, many: true },
    enterprise: { description: "the slug of the enterprise, where it has an issuer of its own", required: false },
    host: { description: "the host of a GitHub Enterprise Server", required: false }
  },
  traps: [
    "Needs `permissions: id-token: write` and `audience` in the request for the token.",
    "The repository calls; to narrow it, `require: { repository: acme/app, ref: refs/heads/main }`.",
    "`sub` is not who calls here: newer repositories write ids into it (`repo:acme@65/app@74:…`), and it can be customized.",
    "An owner's name can be taken over after a deletion: `require: { repository_owner_id: … }` holds."
  ],
  block: (given) => {
    const issuer = given["host"] !== undefined
      ? `https://${hostOf(given["host"])}/_services/token`
      : given["enterprise"] !== undefined
      ? `${cloud}/${textOf(given["enterprise"])}`
      : cloud
    return {
      issuer,
      jwks: `${issuer}/.well-known/jwks`,
      algorithms: ["RS256"],
      require: { repository_owner: given["owner"] ?? [] },
      claims: { user: "repository", email: null, team: "repository_owner" }
    }
  }
}
