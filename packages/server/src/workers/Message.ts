/**
 * What the processes of one gate say to each other: one owner, which listens for
 * administrators, keeps the records and fetches keys, and the workers, which
 * answer. Messages are structured clones; they go from process to process of one
 * program on one machine. One that has another shape, as a program of another
 * release would send it whose files took the place of this one's, is none.
 */
import { OutboundFailed } from "@jotgate/core/Outbound"
import { Schema } from "effect"
import type { FileSettings } from "../config/GatewaySettings.ts"

const Address = Schema.Struct({ host: Schema.String, port: Schema.Number })

/** An exchange that one process has for all. */
const Fetching = Schema.Struct({
  url: Schema.String,
  reach: Schema.Union([
    Schema.TaggedStruct("Configured", {}),
    Schema.TaggedStruct("Discovered", { issuer: Schema.String })
  ]),
  allowInsecure: Schema.Boolean,
  accept: Schema.String,
  authorization: Schema.NullOr(Schema.String),
  ca: Schema.NullOr(Schema.String)
})
export type Fetching = typeof Fetching.Type

/** How it ended. */
const Fetched = Schema.Union([
  Schema.TaggedStruct("Answer", {
    status: Schema.Number,
    type: Schema.String,
    cacheControl: Schema.NullOr(Schema.String),
    text: Schema.String
  }),
  Schema.TaggedStruct("Failure", { reason: OutboundFailed.fields.reason, detail: Schema.String })
])
export type Fetched = typeof Fetched.Type

const isObject = (it: unknown): boolean => typeof it === "object" && it !== null

/** The owner has read them from the file, or refused them. */
const Settings = Schema.declare((it): it is FileSettings => isObject(it))
const Lines = Schema.declare((it): it is ReadonlyMap<string, number> => it instanceof Map)

/** What a worker serves. */
const Serving = Schema.Struct({
  settings: Settings,
  /** The line of each setting in its file, for the trace. */
  lines: Lines,
  /** What relative file names in secrets are relative to. */
  base: Schema.String,
  /** How long running requests get at the end, in milliseconds. */
  grace: Schema.Number,
  /** Whether questions are kept with records. */
  keepsQuestions: Schema.Boolean,
  /** Whether anybody reads records. */
  keepsRecords: Schema.Boolean,
  /** Whether requests are refused at the moment, until lines can be written. */
  refuses: Schema.Boolean
})
export type Serving = typeof Serving.Type

/** From the owner to a worker; `id` is that of the answer. */
const ToWorker = Schema.Union([
  Schema.TaggedStruct("Serve", { serving: Serving }),
  Schema.TaggedStruct("Reload", { id: Schema.Number, settings: Settings, lines: Lines }),
  Schema.TaggedStruct("Figures", { id: Schema.Number }),
  Schema.TaggedStruct("Refuses", { refuses: Schema.Boolean }),
  Schema.TaggedStruct("Refresh", { id: Schema.Number, issuer: Schema.String }),
  Schema.TaggedStruct("Drop", { id: Schema.Number, issuer: Schema.String, kid: Schema.NullOr(Schema.String) }),
  Schema.TaggedStruct("Fetched", { id: Schema.Number, at: Schema.Number, fetched: Fetched }),
  /** Whose sessions of MCP servers are, as digests. */
  Schema.TaggedStruct("Taken", { sessions: Schema.Array(Schema.Tuple([Schema.String, Schema.String])) }),
  /** `lingers`: balancers are to notice first; otherwise another worker has taken its place. */
  Schema.TaggedStruct("Stop", { lingers: Schema.Boolean })
])
export type ToWorker = typeof ToWorker.Type

/** From a worker to the owner. */
const ToOwner = Schema.Union([
  Schema.TaggedStruct("Here", {}),
  Schema.TaggedStruct("Ready", { gate: Address, grpc: Schema.NullOr(Address) }),
  Schema.TaggedStruct("Failed", {
    message: Schema.String,
    listen: Schema.NullOr(Schema.Struct({ ...Address.fields, code: Schema.String }))
  }),
  Schema.TaggedStruct("Records", {
    lines: Schema.String,
    questions: Schema.Array(Schema.NullOr(Schema.String))
  }),
  Schema.TaggedStruct("Fetch", { id: Schema.Number, newerThan: Schema.Number, fetching: Fetching }),
  Schema.TaggedStruct("Done", { id: Schema.Number, text: Schema.String, failed: Schema.Boolean }),
  Schema.TaggedStruct("Took", { session: Schema.String, caller: Schema.String }),
  Schema.TaggedStruct("Wounded", {}),
  Schema.TaggedStruct("Gone", {})
])
export type ToOwner = typeof ToOwner.Type

/** Whether a message is one of the owner's: others of this machine have no channel to a worker. */
export const isToWorker = Schema.is(ToWorker)

/** Whether a message is one of a worker's. */
export const isToOwner = Schema.is(ToOwner)
