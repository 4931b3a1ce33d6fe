/**
 * What the steps of a decision tell, as types: one interface a step.
 *
 * Facts are for the operator. They name rules, values and rows; none holds a
 * token, a signature or a secret, and what does not apply is left out. Values
 * out of a token are escaped and cut. Times are Unix seconds.
 */
import type { Change } from "./Change.ts"
import type { Code } from "./Errors.ts"
import type { Fact, Plain, Texts } from "./Fact.ts"

/** What a claim was read as: `PATH "VALUE"`, or a list of the path and the entries, of which at most 20 are shown. */
export type ClaimFact = string | Texts

/** What every step may tell: the rule that decided. */
export interface CommonFacts {
  /** Why the step denies. */
  readonly code?: Code
  /** The path of the setting that decided, such as `policy.teamRoutes`. */
  readonly rule?: string
  /** The line of that setting in the configuration file, from 1. */
  readonly line?: number
}

/** Whether the request can be read in one way only. */
export interface RequestStepFacts extends CommonFacts {
  /** What can be read in more than one way. */
  readonly cause?: string
}

/** Where a credential was looked for. */
export interface CredentialFacts extends CommonFacts {
  /** The headers that were looked at, in lower case. */
  readonly looked?: Texts
  /** Which credentials do not agree, or what is wrong with the one that is there. */
  readonly cause?: string
}

/** What proves the token; or why it is not believed, with the values that were compared (RFC 7515, RFC 7519, RFC 8725). */
export interface TokenFacts extends CommonFacts {
  /** Why the token is refused, one of a closed set such as `expired`, `signature` or `unknown_key`. */
  readonly reason?: string
  /** The id of the issuer in the settings; of a token that no issuer is known for, its `iss`. */
  readonly issuer?: string
  /** The algorithm of the signature (`alg`). */
  readonly algorithm?: Fact
  /** The id of the key (`kid`); `null` when the token names none. */
  readonly kid?: Fact
  /** What proved a token that has no signature of its own: `Introspection` or `UserInfo`. */
  readonly verifiedBy?: string
  /** The audiences that the issuer's tokens must have one of. */
  readonly audience?: string | Texts
  /** Seconds until the token ends; `null` when it never does. */
  readonly secondsLeft?: number | null
  /** What went wrong when the issuer was asked. */
  readonly error?: Fact
  /** How old the keys are that are held, in seconds; `null` when there are none. */
  readonly keyAgeSeconds?: number | null
  /** How many keys were tried. */
  readonly keysTried?: number
  /** The length of the token in characters. */
  readonly length?: number
  /** The largest length, in characters. */
  readonly limit?: number
  /** Which part of the token cannot be read: `header` or `payload`. */
  readonly part?: string
  /** The claim that is wrong. */
  readonly claim?: Fact
  /** The path of the claim that is wrong. */
  readonly path?: string
  /** What was expected in place of `found`. */
  readonly expected?: Fact
  /** What stands there. */
  readonly found?: Fact
  /** What is wrong, in words. */
  readonly cause?: string
  /** When the token ends. */
  readonly exp?: Fact
  /** When the token was issued. */
  readonly iat?: Fact
  /** When the token begins. */
  readonly nbf?: Fact
  /** The time at which it was judged. */
  readonly now?: number
  /** By how many seconds a time is off. */
  readonly difference?: number
  /** How many seconds clocks may differ. */
  readonly skew?: number
  /** For how many seconds the token is meant to live. */
  readonly lifetime?: number
  /** For how many seconds a token of this issuer may live. */
  readonly maxLifetime?: number
  /** The algorithm that the header names. */
  readonly alg?: Fact
  /** The encryption that the header names: encrypted tokens are not read. */
  readonly enc?: Fact
  /** The extensions that the header calls critical (RFC 7515 §4.1.11). */
  readonly crit?: Fact
  /** Whether the header says that the payload is not encoded (RFC 7797). */
  readonly b64?: Fact
  /** The ids of the keys that are known. */
  readonly known?: Texts
  /** Whether keys of the set could not be used and were left out. */
  readonly dropped?: boolean
  /** By what the deny list takes the token back: its id, its subject, its key, or when it was issued. */
  readonly by?: string
  /** The deny list takes back what was issued before this. */
  readonly issuedBefore?: Fact
  /** Until when the entry of the deny list holds. */
  readonly until?: Fact
  /** The issuer that the token names (`iss`). */
  readonly iss?: Fact
  /** The subject that the token or the issuer's answer names (`sub`). */
  readonly sub?: Fact
  /** The audiences that the token names (`aud`). */
  readonly aud?: Fact
  /** The client that the token names (`client_id`, RFC 9068). */
  readonly client_id?: Fact
  /** The status of the issuer's answer. */
  readonly status?: number
}

/** What was read from which claim, what was odd, and what nothing reads. */
export interface ClaimsFacts extends CommonFacts {
  /** The claim with the user. */
  readonly user?: ClaimFact
  /** The claim with the address. */
  readonly email?: ClaimFact
  /** The claim with one team, by id. */
  readonly team?: ClaimFact
  /** The claim with one team, by name. */
  readonly teamAlias?: ClaimFact
  /** The claim with several teams. */
  readonly teams?: ClaimFact
  /** The claim with the organization, by id. */
  readonly organization?: ClaimFact
  /** The claim with the organization, by name. */
  readonly organizationAlias?: ClaimFact
  /** The claim with the customer of the caller. */
  readonly endUser?: ClaimFact
  /** The claim with the object whose roles count. */
  readonly object?: ClaimFact
  /** The claim with the roles of the token. */
  readonly roles?: ClaimFact
  /** The claim with roles of people. */
  readonly userRoles?: ClaimFact
  /** The claim with the scopes. */
  readonly scopes?: ClaimFact
  /** How many teams there are, where only the first are shown. */
  readonly teamsCount?: number
  /** How many roles there are, where only the first are shown. */
  readonly rolesCount?: number
  /** How many roles of people there are, where only the first are shown. */
  readonly userRolesCount?: number
  /** How many scopes there are, where only the first are shown. */
  readonly scopesCount?: number
  /** Whether the token is of a service, which has no person's row. */
  readonly service?: boolean
  /** Whether the issuer left the groups out because they are too many. */
  readonly overage?: boolean
  /** What was odd, one sentence each. */
  readonly notes?: Texts
  /** The paths of claims that nothing reads, without their values. */
  readonly unread?: Texts
}

/** The answer of the host's own hook or rule. */
export interface CustomFacts extends CommonFacts {
  /** What it said. */
  readonly reason?: string
}

/** The role of the token, and why it has it; or what that role or the token's issuer may not. */
export interface RoleFacts extends CommonFacts {
  /** The role; `null` when the token has none. */
  readonly role?: string | null
  /** Why: `admin scope`, `team claim`, `user claim`, `allowed user role`, `role mapping` or `nothing`. */
  readonly because?: string
  /** The value of the claim that was mapped to the role. */
  readonly value?: string | null
  /** The roles that the token names. */
  readonly roles?: Texts
  /** The model that may not be called. */
  readonly model?: string
  /** The patterns of models that may be called. */
  readonly models?: Texts
  /** The path that may not be used. */
  readonly route?: string
}

/** What the scopes of the token leave. */
export interface ScopeFacts extends CommonFacts {
  /** The scopes that the token has and rules are about. */
  readonly held?: Texts
  /** The model that may not be called. */
  readonly model?: string
  /** The patterns of models that may be called. */
  readonly models?: Texts
  /** The path that may not be used. */
  readonly route?: string
}

/** Who acts for the caller, and the lists that narrow what may be called. */
export interface AgentFacts extends CommonFacts {
  /** The agent that acts. */
  readonly agent?: string | null
  /** The application of the identity provider that is the agent. */
  readonly client?: string | null
  /** Why it may not act. */
  readonly reason?: string
  /** All agents that act, outermost first (RFC 8693 §4.1). */
  readonly chain?: Texts
  /** The patterns of models of each agent that has some. */
  readonly models?: ReadonlyArray<Texts>
  /** The patterns of tools of each agent that has some. */
  readonly tools?: ReadonlyArray<Texts>
  /** The team in which it may not act. */
  readonly team?: string | null
  /** The claim that should name who acts. */
  readonly claim?: string
  /** What stands in that claim. */
  readonly found?: string
}

/** Routes of admins. */
export interface AdminFacts extends CommonFacts {
  /** The path that is for admins. */
  readonly route?: string
}

/** One of the token's teams, and whether it fits the request. */
interface Candidate {
  /** Its id. */
  readonly team: string
  /** Whether it fits, or which of its lists does not. */
  readonly verdict: "fits" | "silent" | "model" | "tool" | "route" | "passThrough" | "unknown"
  /** The patterns of its models, where they decided. */
  readonly models?: Texts
}

/** One of the token's teams, and whether it fits the request. */
export type CandidateFact = Plain<Candidate>

/** On whose behalf the request is made. */
export interface TeamFacts extends CommonFacts {
  /** The team; `null` when there is none. */
  readonly team?: string | null
  /** Where the team came from: a claim, a header, the settings or the memberships. */
  readonly source?: string | null
  /** The patterns of the team's models; empty: every model. */
  readonly models?: Texts
  /** The teams that were to choose from. */
  readonly candidates?: ReadonlyArray<CandidateFact>
  /** The user's memberships, or how many they are. */
  readonly memberships?: number | Texts
  /** The team that the request's header asks for. */
  readonly header?: string
  /** The object whose roles count, where teams are read from them. */
  readonly object?: string
  /** The teams that the token names. */
  readonly teams?: Texts
  /** The name that was looked up. */
  readonly alias?: string | null
  /** Whether the team was made by this decision. */
  readonly created?: boolean
  /** The names that were looked up. */
  readonly aliases?: Texts
  /** The groups of the token, of which at most 20 are shown. */
  readonly groups?: Texts
  /** How many of the groups are teams. */
  readonly exist?: number
  /** The path that the team may not use. */
  readonly route?: string
  /** The model that the team may not call. */
  readonly model?: string | null
  /** The teams that the issuer may name. */
  readonly granted?: Texts
  /** The teams that the token names and its issuer may not. */
  readonly denied?: Texts
}

/** The organization of the token, or that of the team when it is another. */
export interface OrganizationFacts extends CommonFacts {
  /** The id of the organization; `null` when there is none. */
  readonly organization?: string | null
  /** Its name. */
  readonly alias?: string | null
  /** What the token names: `several` where it names more than one. */
  readonly named?: string
  /** The team that is of another organization. */
  readonly team?: string
  /** The organization of that team. */
  readonly teamOrganization?: string | null
  /** The organization of the token. */
  readonly tokenOrganization?: string
}

/** The domain of the address. */
export interface EmailFacts extends CommonFacts {
  /** The address; `null` when there is none. */
  readonly email?: string | null
  /** The domains that are let in. */
  readonly accepted?: Texts
}

/** The person's row. */
export interface UserFacts extends CommonFacts {
  /** The user's id, or the subject that nobody has. */
  readonly user?: string
  /** Whether there is a row. */
  readonly row?: boolean
  /** The role of the row. */
  readonly role?: string | null
  /** By what the row was found: its id, its subject or its address. */
  readonly foundBy?: string
  /** Whether an address that nothing proves is all that names the person. */
  readonly unproven?: boolean
  /** The namespace of the subject. */
  readonly namespace?: string
  /** The address that was looked up. */
  readonly email?: string | null
  /** `false` when the person was deactivated. */
  readonly active?: boolean
}

/** The customer of the caller. */
export interface EndUserFacts extends CommonFacts {
  /** Its id. */
  readonly endUser?: string
}

/** Whether anybody resulted; or which question the directory did not answer. */
export interface PrincipalFacts extends CommonFacts {
  /** The question that was not answered, such as `teams`. */
  readonly operation?: string
}

/** The models that were asked for, and those that may be called. */
export interface ModelFacts extends CommonFacts {
  /** The model that was asked for; `Unseen`, `Unnamed` or `Conflict` where none is known. */
  readonly model?: string
  /** The places that name a model. */
  readonly at?: string | Texts
  /** The places that were looked at when none names one. */
  readonly looked?: Texts
  /** The patterns of models that the caller may call. */
  readonly allowed?: Texts
  /** The patterns of the list that the model is not on. */
  readonly models?: Texts
  /** The team whose list it is. */
  readonly team?: string
  /** The agent whose list it is. */
  readonly agent?: string
  /** The customer whose list it is. */
  readonly endUser?: string
  /** What callers without a team may (`policy.withoutTeam`). */
  readonly withoutTeam?: string
}

/** A list that a tool is not on. */
interface Lacking {
  /** Whose list it is, such as `team` or `scope`. */
  readonly level: string
  /** The path of the rule, or the id of the row. */
  readonly name: string
  /** The patterns of the list. */
  readonly patterns: Texts
}

/** A list that a tool is not on. */
export type LackingFact = Plain<Lacking>

/** What of an MCP server was asked for, and what may be used; or who lacks it, and in one sentence why. */
export interface ToolFacts extends CommonFacts {
  /** `SERVER/NAME`; `null` when nothing is named. */
  readonly tool?: string | null
  /** `tool`, `prompt` or `resource`. */
  readonly kind?: string
  /** The server that is asked. */
  readonly server?: string
  /** The patterns of tools that the caller may use. */
  readonly allowed?: Texts
  /** What has a list and lacks it: rules by their path, rows by their id. */
  readonly lacking?: ReadonlyArray<LackingFact>
  /** Whether nothing that is said about the caller lists it. */
  readonly unlisted?: boolean
  /** Every scope that the token lacks. */
  readonly missing?: Texts
  /** The teams that were to choose from. */
  readonly candidates?: ReadonlyArray<CandidateFact>
  /** Why, in one sentence. */
  readonly text?: string
}

/** The route. */
export interface RouteFacts extends CommonFacts {
  /** The path without its query. */
  readonly route?: string
  /** The method, in upper case. */
  readonly method?: string
  /** `null`: there is no team whose routes would count. */
  readonly team?: null
}

/** Whose spend is above its maximum. */
export interface LimitsFacts extends CommonFacts {
  /** Whose: `team`, `organization`, `user`, `member` or `endUser`. */
  readonly of?: string
  /** What was spent, in US dollars. */
  readonly spend?: number | null
  /** The most that may be spent, in US dollars. */
  readonly maxBudget?: number | null
}

/** The application that asks, on MCP routes. */
export interface ClientFacts extends CommonFacts {
  /** The claim or header that names it. */
  readonly from?: string | null
  /** Its name; `null` when there is none. */
  readonly client?: string | null
}

/** What is written after an allow. */
export interface WritesFacts extends CommonFacts {
  /** One sentence for each write. */
  readonly writes?: Texts
}

/** What would have allowed a denied request. */
export interface HintFacts extends CommonFacts {
  /** The changes, the nearest first. */
  readonly changes?: ReadonlyArray<Change>
  /** Why it is not known what would have allowed it. */
  readonly missing?: string
}

/** The facts of each step, by its name, in the order in which a decision takes the steps. */
export interface StepFacts {
  /** Whether the request can be read in one way only. */
  readonly request: Plain<RequestStepFacts>
  /** Which headers were looked at for a credential. */
  readonly credential: Plain<CredentialFacts>
  /** What proves the token, or why it is not believed. */
  readonly token: Plain<TokenFacts>
  /** What was read from which claim. */
  readonly claims: Plain<ClaimsFacts>
  /** The answer of the host's own hook. */
  readonly custom: Plain<CustomFacts>
  /** The role of the token. */
  readonly role: Plain<RoleFacts>
  /** What the scopes of the token leave. */
  readonly scope: Plain<ScopeFacts>
  /** Who acts for the caller. */
  readonly agent: Plain<AgentFacts>
  /** Routes of admins. */
  readonly admin: Plain<AdminFacts>
  /** On whose behalf the request is made. */
  readonly team: Plain<TeamFacts>
  /** The organization of the token. */
  readonly organization: Plain<OrganizationFacts>
  /** The domain of the address. */
  readonly email: Plain<EmailFacts>
  /** The person's row. */
  readonly user: Plain<UserFacts>
  /** The customer of the caller. */
  readonly endUser: Plain<EndUserFacts>
  /** Whether anybody resulted. */
  readonly principal: Plain<PrincipalFacts>
  /** The models that were asked for, and those that may be called. */
  readonly model: Plain<ModelFacts>
  /** What of an MCP server was asked for, and what may be used. */
  readonly tool: Plain<ToolFacts>
  /** The route. */
  readonly route: Plain<RouteFacts>
  /** Whose spend is above its maximum. */
  readonly limits: Plain<LimitsFacts>
  /** The application that asks, on MCP routes. */
  readonly client: Plain<ClientFacts>
  /** The answer of the host's own rule. */
  readonly rule: Plain<CustomFacts>
  /** What is written after an allow. */
  readonly writes: Plain<WritesFacts>
  /** What would have allowed a denied request. */
  readonly hint: Plain<HintFacts>
}
