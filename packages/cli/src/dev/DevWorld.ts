/**
 * Who and what there is in `jotgate dev`: three people, an admin, two teams, an
 * agent, an MCP server, and the configuration that a first file would hold.
 */

/** A person of dev, with the claims of their tokens. */
export interface Person {
  readonly id: string
  readonly note: string
  readonly role: "internal_user" | "proxy_admin"
  readonly teams: ReadonlyArray<string>
}

export const people: ReadonlyArray<Person> = [
  { id: "alice", note: "in the teams red and blue", role: "internal_user", teams: ["red", "blue"] },
  { id: "bob", note: "in the team blue", role: "internal_user", teams: ["blue"] },
  { id: "carol", note: "in no team", role: "internal_user", teams: [] },
  { id: "admin", note: "an admin", role: "proxy_admin", teams: [] }
]

/** The audience that dev's tokens carry. */
export const audience = "llm-gateway"

/** The agent that acts for people: `alice+agent-7` is alice with this agent acting. */
export const agent = "agent-7"

/** The claims of a person's token, besides issuer and times. */
export const claimsOf = ({ id, teams }: Person) => ({
  sub: id,
  email: `${id}@acme.test`,
  email_verified: true,
  aud: audience,
  ...(teams.length === 0 ? {} : { groups: teams })
})

/** The rows that dev's directory begins with, in the form of a directory file. */
export const rows = {
  teams: [
    {
      id: "red",
      alias: "Red",
      models: ["gpt-4o*"],
      tools: ["github/get_repo", "github/list_repos", "github/create_issue"]
    },
    { id: "blue", alias: "Blue", models: ["gpt-4o-mini", "claude-*", "text-embedding-3-small"] }
  ],
  users: people.map(({ id, role }) => ({
    id,
    email: `${id}@acme.test`,
    role,
    ...(id === "carol" ? { models: ["gpt-4o-mini"] } : {})
  })),
  agents: [{ id: agent, tools: ["github/get_*"] }],
  memberships: people.flatMap(({ id, teams }) => teams.map((team) => ({ user: id, team })))
}

/** What dev runs with, as the value of a configuration file. */
export const configuration = (at: {
  readonly issuer: string
  readonly upstream: string
  readonly tools: string
  readonly database: string
  readonly cache: string
  readonly gate: string
  readonly admin: string
}) => ({
  issuers: [{
    id: "dev",
    issuer: at.issuer,
    audience: [audience],
    claims: { user: "sub", email: "email", teams: "groups", agent: { actor: "act" } }
  }],
  policy: { mcp: [{ server: "github", path: "/mcp/github", upstream: { url: at.tools } }] },
  directory: { url: `sqlite:${at.database}` },
  cache: { dir: at.cache },
  gateway: {
    listen: at.gate,
    admin: at.admin,
    trustedProxies: ["127.0.0.1", "::1"],
    drain: "0s",
    upstream: { url: at.upstream }
  },
  audit: { to: "none" },
  decisions: { store: "directory" }
})
