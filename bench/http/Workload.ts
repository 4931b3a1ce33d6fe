/**
 * What a gate at work is asked: `people` with a token each, `groups` groups in a token, rows for all of them in the
 * directory. One person in one group is the workload that flatters every cache.
 */
import { Issuer } from "@jotgate/core/testing"
import { Effect } from "effect"
import { writeFileSync } from "node:fs"
import { join } from "node:path"

export interface Workload {
  readonly people: number
  /** Groups that a token names; the last of them may call the model. */
  readonly groups: number
}

const iss = "https://idp.test"
const audience = "llm-gateway"
/** Teams that there are besides those of one person. */
const TEAMS = 50

/** What `serve` is started with, and the tokens of everybody. */
export interface Served {
  /** The path of the configuration file. */
  readonly config: string
  readonly tokens: ReadonlyArray<string>
}

const groupsOf = (person: number, groups: number): ReadonlyArray<string> =>
  Array.from({ length: groups }, (_, at) => `team-${(person * 7 + at) % (TEAMS + groups)}`)

/** A team may call the model when its number says so, so that the choice among groups has something to look for. */
const team = (at: number, groups: number) => ({
  id: `team-${at}`,
  alias: `Team ${at}`,
  models: groups === 1 || at % 3 === 0 ? ["gpt-4o*"] : ["claude-*"]
})

/** Writes configuration and directory file into `folder`, with default settings but for addresses; signs the tokens. */
export const write = (
  folder: string,
  { groups, people }: Workload,
  { audit, upstream }: { readonly audit: "stdout" | "none"; readonly upstream: string }
): Effect.Effect<Served> =>
  Effect.gen(function*() {
    const idp = yield* Issuer.make(iss, ["ES256"])
    const exp = Math.floor(Date.now() / 1000) + 6 * 3600
    const tokens = yield* Effect.forEach(Array.from({ length: people }, (_, at) => at), (at) =>
      idp.token({
        now: exp - 6 * 3600,
        claims: {
          sub: `u-${at}`,
          aud: audience,
          email: `u-${at}@acme.test`,
          email_verified: true,
          groups: groupsOf(at, groups),
          exp
        }
      }))
    const config = join(folder, "jotgate.json")
    writeFileSync(
      join(folder, "directory.json"),
      JSON.stringify({
        users: Array.from({ length: people }, (_, at) => ({
          id: `u-${at}`,
          email: `u-${at}@acme.test`,
          role: "internal_user"
        })),
        teams: Array.from({ length: TEAMS + groups }, (_, at) => team(at, groups))
      })
    )
    writeFileSync(
      config,
      JSON.stringify({
        issuers: [{
          id: "idp",
          issuer: iss,
          audience: [audience],
          jwks: [idp.jwks],
          claims: { user: "sub", email: "email", teams: "groups" }
        }],
        directory: { url: `sqlite:${folder}/directory.db`, file: join(folder, "directory.json") },
        cache: { dir: join(folder, "cache") },
        gateway: {
          listen: "127.0.0.1:0",
          admin: "127.0.0.1:0",
          grpc: "127.0.0.1:0",
          trustedProxies: ["127.0.0.1"],
          upstream: { url: upstream, authorization: { default: "env:UPSTREAM_KEY" } }
        },
        audit: { to: audit }
      })
    )
    return { config, tokens }
  })
