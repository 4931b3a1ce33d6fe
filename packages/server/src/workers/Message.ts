/**
 * What the processes of one gate say to each other: one owner, which listens for
 * administrators, keeps the records and fetches keys, and the workers, which
 * answer. Messages are structured clones; they go from process to process of one
 * program on one machine.
 */
import type { OutboundFailed } from "@jotgate/core/Outbound"
import type { Reach } from "@jotgate/core/Target"
import type { FileSettings } from "../config/GatewaySettings.ts"
import type { Address } from "../platform/Listener.ts"

/** What a worker serves. */
export interface Serving {
  readonly settings: FileSettings
  /** The line of each setting in its file, for the trace. */
  readonly lines: ReadonlyMap<string, number>
  /** What relative file names in secrets are relative to. */
  readonly base: string
  /** How long running requests get at the end, in milliseconds. */
  readonly grace: number
  /** Whether questions are kept with records. */
  readonly keepsQuestions: boolean
  /** Whether anybody reads records. */
  readonly keepsRecords: boolean
  /** Whether requests are refused at the moment, until lines can be written. */
  readonly refuses: boolean
}

/** An exchange that one process has for all. */
export interface Fetching {
  readonly url: string
  readonly reach: Reach
  readonly allowInsecure: boolean
  readonly accept: string
  readonly authorization: string | null
  readonly ca: string | null
}

/** How it ended. */
export type Fetched =
  | {
    readonly _tag: "Answer"
    readonly status: number
    readonly type: string
    readonly cacheControl: string | null
    readonly text: string
  }
  | { readonly _tag: "Failure"; readonly reason: OutboundFailed["reason"]; readonly detail: string }

/** From the owner to a worker; `id` is that of the answer. */
export type ToWorker =
  | { readonly _tag: "Serve"; readonly serving: Serving }
  | {
    readonly _tag: "Reload"
    readonly id: number
    readonly settings: FileSettings
    readonly lines: ReadonlyMap<string, number>
  }
  | { readonly _tag: "Figures"; readonly id: number }
  | { readonly _tag: "Refuses"; readonly refuses: boolean }
  | { readonly _tag: "Refresh"; readonly id: number; readonly issuer: string }
  | { readonly _tag: "Drop"; readonly id: number; readonly issuer: string; readonly kid: string | null }
  | { readonly _tag: "Fetched"; readonly id: number; readonly at: number; readonly fetched: Fetched }
  /** Whose sessions of MCP servers are, as digests. */
  | { readonly _tag: "Taken"; readonly sessions: ReadonlyArray<readonly [session: string, caller: string]> }
  /** `lingers`: balancers are to notice first; otherwise another worker has taken its place. */
  | { readonly _tag: "Stop"; readonly lingers: boolean }

/** From a worker to the owner. */
export type ToOwner =
  | { readonly _tag: "Here" }
  | { readonly _tag: "Ready"; readonly gate: Address; readonly grpc: Address | null }
  | { readonly _tag: "Failed"; readonly message: string; readonly listen: (Address & { readonly code: string }) | null }
  | { readonly _tag: "Records"; readonly lines: string; readonly questions: ReadonlyArray<string | null> }
  | { readonly _tag: "Fetch"; readonly id: number; readonly newerThan: number; readonly fetching: Fetching }
  | { readonly _tag: "Done"; readonly id: number; readonly text: string; readonly failed: boolean }
  | { readonly _tag: "Took"; readonly session: string; readonly caller: string }
  | { readonly _tag: "Wounded" }
  | { readonly _tag: "Gone" }

const isTagged = (it: unknown): it is { readonly _tag: string } =>
  typeof it === "object" && it !== null && "_tag" in it && typeof it._tag === "string"

/** Whether a message is one of the owner's: others of this machine have no channel to a worker. */
export const isToWorker = (it: unknown): it is ToWorker => isTagged(it)

/** Whether a message is one of a worker's. */
export const isToOwner = (it: unknown): it is ToOwner => isTagged(it)
