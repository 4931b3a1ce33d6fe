/** GitLab as the provider at which people sign in: the ID token of an application of its own. */
import { signing, url } from "./GitLab.ts"
import type { Preset } from "./Preset.ts"

export const gitLabSignIn: Preset = {
  name: "gitlab-sign-in",
  title: "GitLab sign-in (people)",
  parameters: { url },
  traps: [
    "The ID token of an application (`audience` is its id), not its access token, which is opaque.",
    "Jobs have tokens of the same issuer and keys, and choose their own audience: only a `sub` that is a number, which a job's never is, is a person.",
    "Teams are the groups that somebody is a direct member of (`groups_direct`), as paths: `acme/red`. Groups above them are in UserInfo alone.",
    "`email` needs the scope `email`; without it the address is the one that the person shows in public, if any."
  ],
  block: (given) => ({
    ...signing(given),
    claims: { user: { from: "sub", match: "^([0-9]+)$", as: "$1" }, email: "email", teams: "groups_direct" }
  })
}
