/**
 * The rows that every case of `DirectorySuite` begins with, and texts that some
 * database refuses, cuts, folds or interprets.
 */
import {
  AgentId,
  EndUserId,
  makeAgent,
  makeEndUser,
  makeMembership,
  makeOrganization,
  makeTeam,
  makeUser,
  ModelGroupId,
  OrganizationId,
  TeamId,
  UserId
} from "../directory/Directory.ts"
import type { Rows } from "../directory/MemoryRows.ts"

export const user = (id: string) => UserId.make(id)
export const team = (id: string) => TeamId.make(id)
export const organization = (id: string) => OrganizationId.make(id)
export const group = (id: string) => ModelGroupId.make(id)

/** Texts that some database refuses, cuts, folds or interprets. */
export const hostile: ReadonlyArray<string> = [
  "U-1",
  "u-1 ",
  " u-1",
  "u-1\0",
  "u-1\0x",
  "u\ud800-1",
  "u\u00ad-1",
  "u\u20101",
  "%",
  "u-_",
  "u-1' OR '1'='1",
  "' OR 1=1--",
  "u-1'; DROP TABLE users;--",
  "u-1\\",
  "null",
  "__proto__"
]

/** The rows that every case begins with. */
export const rows: Rows = {
  organizations: [
    makeOrganization({
      id: organization("acme"),
      alias: "Acme",
      models: ["gpt-*"],
      maxBudget: 12.5,
      spend: 0.25,
      tools: ["github/*"]
    }),
    makeOrganization({ id: organization("twin-1"), alias: "Twin" }),
    makeOrganization({ id: organization("twin-2"), alias: "Twin" })
  ],
  modelGroups: [
    { id: group("cheap"), models: ["gpt-4o-mini", "claude-haiku-*"] },
    { id: group("none"), models: [] }
  ],
  teams: [
    makeTeam({
      id: team("red"),
      alias: "Red",
      organization: organization("acme"),
      models: ["gpt-4o*", "größe \"x\" 日本 😀"],
      modelGroups: [group("cheap")],
      modelAliases: { fast: "gpt-4o-mini", "a.b": "c" },
      passThroughRoutes: ["/bria/*"],
      maxBudget: 100,
      spend: 99.5,
      tools: ["github/get_*", "!github/get_secret", "日本 😀/x"],
      prompts: [],
      resources: ["files/file:///docs/*"]
    }),
    makeTeam({ id: team("blue"), alias: "Blue", blocked: true, deniedPassThroughRoutes: ["/bria/admin", "/x/*"] }),
    makeTeam({ id: team("twin-a"), alias: "Twin" }),
    makeTeam({ id: team("twin-b"), alias: "Twin" }),
    makeTeam({ id: team("日本 😀"), alias: "é" })
  ],
  users: [
    makeUser({
      id: user("u-1"),
      email: "Alice@Acme.com",
      subjects: [{ namespace: "", subject: "okta|1" }, { namespace: "okta", subject: "00u1" }],
      role: "internal_user",
      teams: [team("red"), team("blue")],
      tokenTeams: [team("blue")],
      models: ["gpt-4o"],
      maxBudget: 10,
      spend: 1.5,
      prompts: ["chat/*", "!chat/admin"]
    }),
    makeUser({ id: user("u-2"), email: "alice@acme.com", role: "nobody-knows", blocked: true }),
    makeUser({ id: user("u-3"), email: null, subjects: [{ namespace: "azure", subject: "00u1" }] }),
    makeUser({ id: user("é"), email: "kim@acme.com", active: false })
  ],
  endUsers: [makeEndUser({ id: EndUserId.make("c-1"), models: ["gpt-4o*"], blocked: true, maxBudget: 1, spend: 2 })],
  agents: [
    makeAgent({
      id: AgentId.make("scout"),
      name: "Scout 日本 😀",
      modelGroups: [group("cheap")],
      requireTraceId: true,
      teams: [team("red"), team("nowhere")],
      tools: [],
      resources: ["*"]
    }),
    makeAgent({ id: AgentId.make("plain") })
  ],
  memberships: [
    makeMembership({
      user: user("u-1"),
      team: team("red"),
      role: "admin",
      models: ["gpt-4o"],
      maxBudget: 5,
      spend: 4,
      tools: ["github/get_repo"]
    }),
    makeMembership({ user: user("u-1"), team: team("blue"), origin: "token" })
  ]
}
