/** GitLab CI: the ID token of a job (`id_tokens`). The project is who calls, its namespace the team. */
import { addressOf, type Preset } from "./Preset.ts"

/** Where an instance is, as a parameter. */
export const url: Preset["parameters"][string] = { description: "https://gitlab.com unless said", required: false }

/** What tokens of jobs and of people have in common: who signs them, and how. */
export const signing = (given: Parameters<Preset["block"]>[0]) => {
  const issuer = addressOf(given["url"] ?? "https://gitlab.com")
  return { issuer, jwks: `${issuer}/oauth/discovery/keys`, algorithms: ["RS256"] }
}

export const gitLab: Preset = {
  name: "gitlab",
  title: "GitLab CI jobs",
  parameters: {
    url,
    namespace: { description: "the namespaces (groups) whose jobs are let in", required: true, many: true }
  },
  traps: [
    "The token of a job (`id_tokens: { JWT: { aud: … } }`), not of a person: the project calls.",
    "`namespace` compares the whole path: name every group that is let in.",
    "A merge request out of a fork runs with the fork's `project_path` and `namespace_path`: it is not let in.",
    "Everybody who may push to a project can run a job in it; `require: { ref_protected: \"true\" }` keeps to protected branches and tags.",
    "A path can be given to another group after it was removed: `require: { namespace_id: \"72\" }` holds.",
    "`sub` can be put together otherwise by each project: it is not who calls here.",
    "People who sign in have tokens of the same issuer: those are `gitlab-sign-in`.",
    "`user_email` is the address of who started the job, not of who calls."
  ],
  block: (given) => ({
    ...signing(given),
    require: { namespace_path: given["namespace"] ?? [] },
    claims: { user: "project_path", email: null, team: "namespace_path" }
  })
}
