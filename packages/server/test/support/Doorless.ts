/** A deployment of which only the limits count. */
import { Effect } from "effect"
import type { Deployment, Doors } from "../../src/Deployment.ts"
import { compile } from "../../src/mcp/McpServers.ts"

export const doorsOf = (limits: Doors["limits"]): Deployment => ({
  auth: {
    authenticate: () => Effect.die("nobody asks"),
    admit: () => Effect.die("nobody asks"),
    decide: () => Effect.die("nobody asks"),
    suppose: () => Effect.die("nobody asks"),
    teamAskedFor: () => undefined,
    clientAskedFor: () => undefined
  },
  doors: {
    drops: () => false,
    spoofOf: () => undefined,
    isSpoof: () => false,
    prefix: "",
    identity: [],
    credentials: new Set(),
    teamHeaders: new Set(),
    believes: () => false,
    answersAuthorization: false,
    enforcesModels: false,
    kindOf: () => "any",
    limits,
    origins: undefined,
    upgrades: () => false,
    mcp: compile([], ""),
    upstreams: undefined
  },
  issuers: [],
  scopes: [],
  keys: Effect.succeed([]),
  directory: Effect.void,
  remembers: 0
})
