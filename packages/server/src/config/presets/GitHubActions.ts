/** GitHub Actions: the OIDC token of a workflow. The repository is who calls, its owner the team. */
import { type Preset } from "./Preset.ts"

export const gitHubActions: Preset = {
  name: "github-actions",
  title: "GitHub Actions",
  parameters: {
    owner: { description: "the organizations whose workflows are let in", required: true, many: true }
  },
  traps: [
    "Needs `permissions: id-token: write` and `audience` in the request for the token.",
    "The repository calls; to narrow it, `require: { repository: acme/app, ref: refs/heads/main }`.",
    "An owner's name can be taken over after a deletion: `require: { repository_owner_id: … }` holds."
  ],
  block: (given) => ({
    issuer: "https://token.actions.githubusercontent.com",
    jwks: "https://token.actions.githubusercontent.com/.well-known/jwks",
    algorithms: ["RS256"],
    require: { repository_owner: given["owner"] ?? [] },
    claims: { user: "repository", email: null, team: "repository_owner" }
  })
}
