/** GitHub Actions: the OIDC token of a workflow. The repository is who calls, its owner the team. */
import { type Preset } from "./Preset.ts"

export const gitHubActions: Preset = {
  name: "github-actions",
  title: "GitHub Actions",
  parameters: {
    owner: { description: "the organizations whose workflows are let in", required: true, many: true }
  },
  block: (given) => ({
    issuer: "https://token.actions.githubusercontent.com",
    jwks: "https://token.actions.githubusercontent.com/.well-known/jwks",
    algorithms: ["RS256"],
    require: { repository_owner: given["owner"] ?? [] },
    claims: { user: "repository", email: null, team: "repository_owner" }
  })
}
