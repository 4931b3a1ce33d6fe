/**
 * The schema of the whole configuration file: what decisions depend on
 * (`@jotgate/core/Settings`) and what the gateway adds to it (CONFIG.md).
 *
 * Decoded values are ready for use: durations are milliseconds, sizes bytes,
 * addresses host and port. Secrets are named, never held.
 */
import { upstreamKinds } from "@jotgate/core/ModelRoutes"
import {
  distinctServers,
  Duration,
  HeaderName,
  McpServer,
  PolicySettings,
  SecretReference,
  Settings,
  Size
} from "@jotgate/core/Settings"
import { Effect, Schema, SchemaGetter } from "effect"
import { isIP } from "node:net"
import { availableParallelism } from "node:os"
import { FreeHeader, IdentityHeader, Prefix } from "./GatewayHeaders.ts"

const withDefault = <S extends Schema.Top>(schema: S, value: S["Encoded"]) =>
  schema.pipe(Schema.withDecodingDefaultKey(Effect.succeed(value)))

/** Where a listener waits; port 0 takes a free one. */
export interface Address {
  /** A name or an address; IPv6 without brackets. */
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
}

const addressPattern = /^(?:\[([0-9A-Fa-f:.]+)\]|([^\s:[\]]+)):(\d{1,5})$/

/** `127.0.0.1:4181`, `[::1]:0`. */
export const ListenAddress = Schema.String.annotate({ expected: "an address such as 127.0.0.1:4180" }).check(
  Schema.makeFilter((text) => {
    const found = addressPattern.exec(text)
    return (found !== null && Number(found[3]) <= 65_535) || "must be an address such as 127.0.0.1:4180 or [::1]:4180"
  })
).pipe(
  Schema.decodeTo(Schema.Struct({ host: Schema.String, port: Schema.Number }), {
    decode: SchemaGetter.transform((text) => {
      const found = addressPattern.exec(text)
      return { host: found?.[1] ?? found?.[2] ?? "", port: Number(found?.[3] ?? 0) }
    }),
    encode: SchemaGetter.transform(({ host, port }) => `${host.includes(":") ? `[${host}]` : host}:${port}`)
  })
)

/** An address as it stands in a URL. */
export const addressText = ({ host, port }: Address): string => `${host.includes(":") ? `[${host}]` : host}:${port}`

const AddressRange = Schema.String.annotate({ expected: "an address or a CIDR range" }).check(
  Schema.makeFilter((text) => {
    const [address = "", bits, ...rest] = text.split("/")
    const family = isIP(address)
    const fits = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128))
    return (family !== 0 && fits && rest.length === 0) || "must be an address or a CIDR range such as 10.0.0.0/8"
  })
)

const HttpUrl = Schema.String.annotate({ expected: "a URL" }).check(
  Schema.makeFilter((text) => {
    const url = URL.canParse(text) ? new URL(text) : undefined
    if (url === undefined || !/^https?:$/.test(url.protocol)) {
      return "must be a URL that starts with http:// or https://"
    }
    if (url.username !== "" || url.password !== "") return "must not hold a user name or a password"
    return (url.search === "" && url.hash === "") || "must not have a query or a fragment"
  })
)

const Pattern = Schema.NonEmptyString
const Route = Schema.NonEmptyString

const KeyReference = Schema.String.annotate({ expected: "env:NAME or file:PATH" }).check(
  Schema.isPattern(/^(?:env:[A-Za-z_{}][A-Za-z0-9_{}]*|file:.+)$/s, { message: "must be env:NAME or file:PATH" })
)

/** The credential for an upstream: none, the client's own token, or a secret, chosen by team. */
export const UpstreamAuthorization = Schema.Union([
  Schema.Literals(["none", "passthrough"]),
  Schema.Struct({
    team: Schema.optionalKey(Schema.Union([KeyReference, Schema.Record(Schema.String, SecretReference)])),
    default: Schema.optionalKey(SecretReference)
  })
])

/** How long an upstream may take, in milliseconds. */
export interface UpstreamTimeouts {
  /** Until a connection stands, in milliseconds. */
  readonly connect: number
  /** From the end of the request to the head of the answer: a model may think for minutes. */
  readonly headers: number
  /** Between two pieces of an answer. */
  readonly idle: number
}

/** What holds where nothing else is said. */
export const defaultTimeouts: UpstreamTimeouts = { connect: 5_000, headers: 600_000, idle: 600_000 }

const upstreamFields = {
  url: HttpUrl,
  authorization: withDefault(UpstreamAuthorization, "none"),
  header: withDefault(HeaderName, "authorization"),
  onMissingTeamKey: withDefault(Schema.Literals(["default", "deny"]), "default"),
  kind: withDefault(Schema.Literals(upstreamKinds), "any"),
  timeouts: withDefault(
    Schema.Struct({
      connect: withDefault(Duration, "5s"),
      headers: withDefault(Duration, "10m"),
      idle: withDefault(Duration, "10m")
    }),
    {}
  )
}

/** The upstream that takes every request which no entry of `upstreams` does. */
export const Upstream = Schema.Struct(upstreamFields)

/** An MCP server, and where it is: without an upstream of its own the gateway's takes its requests. */
export const ServedMcpServer = Schema.Struct({ ...McpServer.fields, upstream: Schema.optionalKey(Upstream) })

const MatchedUpstream = Schema.Struct({
  match: Schema.Struct({ path: Schema.optionalKey(Route), model: Schema.optionalKey(Pattern) }).check(
    Schema.makeFilter((it) => it.path !== undefined || it.model !== undefined || "must name a path or a model")
  ),
  ...upstreamFields
})

const Limits = Schema.Struct({
  body: withDefault(Size, "32MiB"),
  headers: withDefault(Size, "64KiB"),
  token: withDefault(Size, "16KiB"),
  stream: withDefault(Duration, "1h"),
  inFlight: withDefault(Schema.Int.check(Schema.isGreaterThan(0)), 2000),
  inFlightPerCaller: withDefault(Schema.Int.check(Schema.isGreaterThan(0)), 200),
  bodyTimeout: withDefault(Duration, "60s")
})

/** Most processes of one gate. */
const mostWorkers = 256

/** How many processes answer: a number, or as many as there are cores. */
const Workers = Schema.Union([
  Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: mostWorkers })),
  Schema.Literal("auto")
])
  .annotate({ expected: "a number of processes or auto" }).pipe(
    Schema.decodeTo(Schema.Int, {
      decode: SchemaGetter.transform((it) => it === "auto" ? Math.min(availableParallelism(), mostWorkers) : it),
      encode: SchemaGetter.transform((it) => it)
    })
  )

const Tls = Schema.Struct({ cert: SecretReference, key: SecretReference })

/**
 * Where proxies ask over gRPC: an address, which has the certificate of the gate, or one with a certificate of its own
 * (`null`: in clear), where `clientCa` may ask proxies for certificates of these authorities.
 */
const GrpcListener = Schema.Union([
  ListenAddress,
  Schema.Struct({
    listen: ListenAddress,
    tls: Schema.optionalKey(Schema.NullOr(Schema.Struct({
      ...Tls.fields,
      clientCa: Schema.optionalKey(SecretReference)
    })))
  })
])
/** Where the gate is asked over gRPC. */
export type GrpcListener = typeof GrpcListener.Type

/** The address of a gRPC listener. */
export const grpcAddress = (it: GrpcListener): Address => "listen" in it ? it.listen : it

/** Where the certificate of the gRPC listener is: its own, or the gate's; `null` without it, and where it is in clear. */
export const grpcTls = (
  { grpc, tls }: { readonly grpc: GrpcListener | null; readonly tls: typeof Tls.Type | null }
): (typeof Tls.Type & { readonly clientCa?: string }) | null =>
  grpc === null ? null : "listen" in grpc && grpc.tls !== undefined ? grpc.tls : tls

/** The same listener at another address. */
export const grpcAt = (it: GrpcListener, at: Address): GrpcListener => "listen" in it ? { ...it, listen: at } : at

/** Listeners, doors and upstreams (CONFIG.md `gateway`). */
export const Gateway = Schema.Struct({
  listen: withDefault(ListenAddress, "0.0.0.0:4180"),
  admin: withDefault(ListenAddress, "127.0.0.1:4181"),
  adminToken: withDefault(Schema.NullOr(SecretReference), null),
  tls: withDefault(Schema.NullOr(Tls), null),
  credentials: withDefault(
    Schema.Array(FreeHeader).check(
      Schema.isMinLength(1, { message: "must name at least one" })
    ),
    ["authorization"]
  ),
  prefix: withDefault(Prefix, ""),
  workers: withDefault(Workers, 1),
  identityHeaders: withDefault(Schema.Record(FreeHeader, IdentityHeader), {}),
  trustedProxies: withDefault(Schema.Array(AddressRange), []),
  forwardAuth: withDefault(
    Schema.Struct({
      authorization: withDefault(Schema.Boolean, false),
      unseenModel: withDefault(Schema.Literals(["deny", "pass"]), "deny")
    }),
    {}
  ),
  grpc: withDefault(Schema.NullOr(GrpcListener), null),
  drain: withDefault(Duration, "5s"),
  hosts: withDefault(Schema.Array(Schema.NonEmptyString), []),
  limits: withDefault(Limits, {}),
  cors: withDefault(Schema.NullOr(Schema.Struct({ origins: Schema.Array(Schema.NonEmptyString) })), null),
  websocket: withDefault(Schema.Array(Route), []),
  upstream: withDefault(Schema.NullOr(Upstream), null),
  upstreams: withDefault(Schema.Array(MatchedUpstream), [])
})
export type Gateway = typeof Gateway.Type

const AuditTarget = Schema.String.annotate({ expected: "stdout, file:PATH or none" }).check(
  Schema.isPattern(/^(?:stdout|none|file:.+)$/s, { message: "must be stdout, file:PATH or none" })
)

const RecordStoreUrl = Schema.String.annotate({ expected: "directory, sqlite:PATH or postgres://…" }).check(
  Schema.isPattern(/^(?:directory|sqlite:.+|postgres(?:ql)?:\/\/.+)$/s, {
    message: "must be directory, sqlite:PATH or postgres://…"
  })
)

/** The whole file. */
export const FileSettings = Schema.Struct({
  ...Settings.fields,
  policy: withDefault(
    Schema.Struct({
      ...PolicySettings.fields,
      mcp: withDefault(Schema.Array(ServedMcpServer).check(distinctServers), [])
    }),
    {}
  ),
  gateway: withDefault(Gateway, {}),
  log: withDefault(Schema.Struct({ format: withDefault(Schema.Literals(["text", "json"]), "text") }), {}),
  telemetry: withDefault(Schema.Struct({ otlp: withDefault(Schema.NullOr(HttpUrl), null) }), {}),
  audit: withDefault(
    Schema.Struct({
      to: withDefault(AuditTarget, "stdout"),
      onFull: withDefault(Schema.Literals(["drop", "refuse"]), "drop")
    }),
    {}
  ),
  decisions: withDefault(
    Schema.Struct({
      keep: withDefault(Schema.Int.check(Schema.isGreaterThanOrEqualTo(0)), 10_000),
      store: withDefault(Schema.NullOr(RecordStoreUrl), null),
      life: withDefault(Duration, "30d"),
      redact: withDefault(Schema.Array(Schema.Literal("email")), []),
      redactKey: withDefault(Schema.NullOr(SecretReference), null)
    }),
    {}
  )
})
export type FileSettings = typeof FileSettings.Type

/** Reads a parsed file; every finding at once, unknown keys among them. */
export const decodeFile = Schema.decodeUnknownResult(FileSettings, { errors: "all", onExcessProperty: "error" })

/** Whether a host is this machine only. */
export const isLoopback = (host: string): boolean => /^(?:localhost|127(?:\.\d{1,3}){3}|::1|\[::1\])$/i.test(host)
