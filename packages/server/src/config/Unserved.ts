/**
 * What the configuration file may say and a gate without listeners does not do.
 *
 * Such a gate decides and does nothing else: it sends nothing on, holds no
 * connection, writes no line and keeps no record. A setting that is taken and not
 * obeyed could let somebody in, or leave out what an auditor counts on, so it is
 * refused, with what to do instead. Every key is obeyed or in this table: a new
 * one does not compile until it is classified.
 */
import type * as Settings from "@jotgate/core/Settings"
import { isDeepStrictEqual } from "node:util"
import type { FileSettings } from "./GatewaySettings.ts"

type Encoded = typeof FileSettings.Encoded
type EncodedGateway = NonNullable<Encoded["gateway"]>

/** What of `gateway` a gate without listeners obeys. */
export interface ObeyedGateway extends Pick<EncodedGateway, "credentials"> {
  /** What is refused as too much. */
  readonly limits?: Pick<NonNullable<EncodedGateway["limits"]>, "body" | "token">
}

/** What holds here without being said (none of them when there is nothing), and what to do instead of saying anything else. */
type Unserved = readonly [holds: ReadonlyArray<unknown>, instead: string]

type Table<A> = { readonly [Key in keyof A]-?: Unserved }

const listener = "the server of this program has its own"
const upstream = "nothing is sent on from here; the program sends what `decide` allows"
const record = "nothing is written here; give `log` among the options"

const gateway: Table<Omit<FileSettings["gateway"], keyof ObeyedGateway | "forwardAuth">> = {
  listen: [[], listener],
  admin: [[], listener],
  adminToken: [[null], listener],
  tls: [[null], listener],
  prefix: [[""], "give `decide` the path without it"],
  workers: [[1], listener],
  identityHeaders: [[{}], "make them of the verdict (`user`, `team`, `headers`)"],
  trustedProxies: [[[]], "no proxy asks here"],
  grpc: [[null], "no proxy asks here"],
  drain: [[], listener],
  hosts: [[[]], listener],
  cors: [[null], "answer browsers before you ask for a verdict"],
  websocket: [[[]], "which routes may upgrade is said by the program"],
  upstream: [[null], upstream],
  upstreams: [[[]], upstream]
}

const forwardAuth: Table<FileSettings["gateway"]["forwardAuth"]> = {
  authorization: [[false], "no proxy asks here"],
  unseenModel: [["deny"], "no proxy asks here; give `decide` the body"]
}

const limits: Table<Omit<FileSettings["gateway"]["limits"], keyof NonNullable<ObeyedGateway["limits"]>>> = {
  headers: [[], listener],
  stream: [[], listener],
  inFlight: [[], listener],
  inFlightPerCaller: [[], listener],
  bodyTimeout: [[], "limit it where the body is read"]
}

const log: Table<FileSettings["log"]> = { format: [[], record] }

const telemetry: Table<FileSettings["telemetry"]> = { otlp: [[null], record] }

const audit: Table<FileSettings["audit"]> = { to: [["none"], record], onFull: [["drop"], record] }

const decisions: Table<FileSettings["decisions"]> = {
  keep: [[0], record],
  store: [[null], record],
  life: [[], record],
  redact: [[[]], record],
  redactKey: [[null], record]
}

/** Every section that says nothing of decisions, with those inside `gateway`. */
const whole: Readonly<
  Record<Exclude<keyof FileSettings, keyof Settings.Settings>, Readonly<Record<string, Unserved>>>
> = { gateway, log, telemetry, audit, decisions }

const sections: Readonly<Record<string, Readonly<Record<string, Unserved>>>> = {
  ...whole,
  "gateway.forwardAuth": forwardAuth,
  "gateway.limits": limits
}

const memberOf = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined

const at = (settings: unknown, path: string): unknown => path.split(".").reduce(memberOf, settings)

/** One line for each setting that would not be obeyed. */
export const unserved = (settings: unknown): ReadonlyArray<string> => {
  const said = Object.entries(sections).flatMap(([section, keys]) =>
    Object.entries(keys).flatMap(([key, [holds, instead]]) => {
      const value = memberOf(at(settings, section), key)
      return value === undefined || holds.some((it) => isDeepStrictEqual(it, value))
        ? []
        : [`${section}.${key} is for \`jotgate serve\` alone; ${instead}`]
    })
  )
  const servers = at(settings, "policy.mcp")
  const sent = Array.isArray(servers)
    ? servers.flatMap((it, i) =>
      memberOf(it, "upstream") === undefined
        ? []
        : [`policy.mcp[${i}].upstream is for \`jotgate serve\` alone; ${upstream}`]
    )
    : []
  return [...said, ...sent]
}
