import type { Address } from "../config/GatewaySettings.ts"

/** What a snippet is made for. */
export interface SnippetOptions {
  /** Where the gate answers; for `litellm` its admin listener. */
  readonly gate: URL
  /** Where the gate is asked over gRPC; only Envoy can, and asks over HTTP without it. */
  readonly grpc?: Address
  /** What the proxy forwards to. */
  readonly upstream: URL
  /** Where the proxy listens. */
  readonly listen: Address
  /** Lower-case names of the headers that may carry the caller's token: `gateway.credentials`. */
  readonly credentials: ReadonlyArray<string>
  /** Lower-case names of the headers by which callers ask for a team: `policy.teamHeaders`. */
  readonly teamHeaders: ReadonlyArray<string>
  /** Further lower-case names under which the gate tells who is calling: `gateway.identityHeaders`. */
  readonly identityHeaders: ReadonlyArray<string>
}
