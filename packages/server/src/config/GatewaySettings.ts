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
import { Effect, type Result, Schema, SchemaGetter } from "effect"
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
  Schema.decodeTo(
    Schema.Struct({
      /** A name or an address; IPv6 without brackets. */
      host: Schema.String,
      /** 0 takes a free one. */
      port: Schema.Number
    }),
    {
      decode: SchemaGetter.transform((text) => {
        const found = addressPattern.exec(text)
        return { host: found?.[1] ?? found?.[2] ?? "", port: Number(found?.[3] ?? 0) }
      }),
      encode: SchemaGetter.transform(({ host, port }) => `${host.includes(":") ? `[${host}]` : host}:${port}`)
    }
  )
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
    /** The key of a team: `file:DIR/{team}`, or a map of team ids to secrets. */
    team: Schema.optionalKey(
      Schema.Union([KeyReference, Schema.Record(Schema.String, /** The secret of one team. */ SecretReference)])
    ),
    /** The key of callers whose team has none. */
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
  /** Where it is; the path of a request is put behind it. */
  url: HttpUrl,
  /** `none`, `passthrough` (the client's own token), or keys. */
  authorization: withDefault(UpstreamAuthorization, "none"),
  /** The header of the key; `authorization` sends `Bearer KEY`, any other the key alone. */
  header: withDefault(HeaderName, "authorization"),
  /** What happens without a key of the team: the default key, or 403. */
  onMissingTeamKey: withDefault(Schema.Literals(["default", "deny"]), "default"),
  /** What it is; narrows the places in which models are looked for to those that it reads, `any` is all. */
  kind: withDefault(Schema.Literals(upstreamKinds), "any"),
  /** How long it may take. */
  timeouts: withDefault(
    Schema.Struct({
      /** Until a connection is there. */
      connect: withDefault(Duration, "5s"),
      /** From the end of the request to the head of the answer. */
      headers: withDefault(Duration, "10m"),
      /** Between two pieces of an answer. */
      idle: withDefault(Duration, "10m")
    }),
    {}
  )
}

/** The upstream that takes every request which no entry of `upstreams` does. */
export const Upstream = Schema.Struct(upstreamFields)

const servedFields = {
  /** Where it is; without one the gateway's upstreams take its requests. */
  upstream: Schema.optionalKey(Upstream)
}
/** The schema of an MCP server with its upstream; editors show by this name what each key means. */
export interface ServedMcpServerSchema extends Schema.Struct<typeof McpServer.fields & typeof servedFields> {}
/** An MCP server, and where it is: without an upstream of its own the gateway's takes its requests. */
export const ServedMcpServer: ServedMcpServerSchema = Schema.Struct({ ...McpServer.fields, ...servedFields })

const matchFields = {
  /** Which requests it takes. */
  match: Schema.Struct({
    /** A route entry. */
    path: Schema.optionalKey(Route),
    /** A pattern of models. */
    model: Schema.optionalKey(Pattern)
  }).check(
    Schema.makeFilter((it) => it.path !== undefined || it.model !== undefined || "must name a path or a model")
  )
}
/** The schema of an upstream that takes some requests; editors show by this name what each key means. */
export interface MatchedUpstreamSchema extends Schema.Struct<typeof matchFields & typeof upstreamFields> {}
const MatchedUpstream: MatchedUpstreamSchema = Schema.Struct({ ...matchFields, ...upstreamFields })

const Limits = Schema.Struct({
  /** The largest request body. */
  body: withDefault(Size, "32MiB"),
  /** The largest head of a request. */
  headers: withDefault(Size, "64KiB"),
  /** The longest token. */
  token: withDefault(Size, "16KiB"),
  /** How long one answer may take. */
  stream: withDefault(Duration, "1h"),
  /** Requests at once; each upstream has a part of its own. */
  inFlight: withDefault(Schema.Int.check(Schema.isGreaterThan(0)), 2000),
  /** Requests of one caller at once. */
  inFlightPerCaller: withDefault(Schema.Int.check(Schema.isGreaterThan(0)), 200),
  /** How long a request body may take to arrive. */
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

const tlsFields = {
  /** The certificate chain. */
  cert: SecretReference,
  /** Its private key. */
  key: SecretReference
}
const Tls = Schema.Struct(tlsFields)

const clientFields = {
  /** The authorities of which proxies must show a certificate; left out: none is asked for. */
  clientCa: Schema.optionalKey(SecretReference)
}
/** The schema of the certificate of the gRPC listener; editors show by this name what each key means. */
export interface GrpcTlsSchema extends Schema.Struct<typeof tlsFields & typeof clientFields> {}
const GrpcTls: GrpcTlsSchema = Schema.Struct({ ...tlsFields, ...clientFields })

/**
 * Where proxies ask over gRPC: an address, which has the certificate of the gate, or one with a certificate of its own
 * (`null`: in clear), where `clientCa` may ask proxies for certificates of these authorities.
 */
const GrpcListener = Schema.Union([
  ListenAddress,
  Schema.Struct({
    /** The address. */
    listen: ListenAddress,
    /** The certificate of the listener; left out: that of the gate, null: none. */
    tls: Schema.optionalKey(Schema.NullOr(GrpcTls))
  })
])
/** Where the gate is asked over gRPC. */
export type GrpcListener = typeof GrpcListener.Type

/** The address of a gRPC listener. */
export const grpcAddress = (it: GrpcListener): Address => "listen" in it ? it.listen : it

/** Where the certificate of the gRPC listener is: its own, or the gate's; `null` without it, and where it is in clear. */
export const grpcTls = ({ grpc, tls }: Pick<Gateway, "grpc" | "tls">): typeof GrpcTls.Type | null =>
  grpc === null ? null : "listen" in grpc && grpc.tls !== undefined ? grpc.tls : tls

/** The same listener at another address. */
export const grpcAt = (it: GrpcListener, at: Address): GrpcListener => "listen" in it ? { ...it, listen: at } : at

/** Listeners, doors and upstreams (CONFIG.md `gateway`). */
export const Gateway = Schema.Struct({
  /** Where the gate listens. */
  listen: withDefault(ListenAddress, "0.0.0.0:4180"),
  /** Where the admin listener listens. */
  admin: withDefault(ListenAddress, "127.0.0.1:4181"),
  /** What opens the admin listener; needed elsewhere than on loopback. */
  adminToken: withDefault(Schema.NullOr(SecretReference), null),
  /** The certificate of the gate. */
  tls: withDefault(Schema.NullOr(Tls), null),
  /** Headers that may carry the caller's token, and `websocket-protocol` for browsers. */
  credentials: withDefault(
    Schema.Array(FreeHeader).check(
      Schema.isMinLength(1, { message: "must name at least one" })
    ),
    ["authorization"]
  ),
  /** The path below which the gate is mounted: taken away before judging and before the upstream. */
  prefix: withDefault(Prefix, ""),
  /** Processes that answer on the listeners: a number, or `auto` (one per core). */
  workers: withDefault(Workers, 1),
  /**
   * Further headers that tell the upstream who is calling: an attribute, or `{ from: attribute, raw: true }` for its
   * bare text.
   */
  identityHeaders: withDefault(Schema.Record(FreeHeader, IdentityHeader), {}),
  /** Addresses that may ask for forward authentication. */
  trustedProxies: withDefault(Schema.Array(AddressRange), []),
  /** Answers to proxies. */
  forwardAuth: withDefault(
    Schema.Struct({
      /** Allow answers carry the upstream's Authorization. */
      authorization: withDefault(Schema.Boolean, false),
      /**
       * What a caller who may not call everything gets on a model route whose body the door cannot see: `deny`: 403
       * `model_unseen`; `pass`: allowed, and the next hop enforces `x-jotgate-models`.
       */
      unseenModel: withDefault(Schema.Literals(["deny", "pass"]), "deny")
    }),
    {}
  ),
  /**
   * Where Envoy and the gateways that speak its ext_authz ask over gRPC, such as `127.0.0.1:4182`; with a certificate
   * of its own `{ listen: 127.0.0.1:4182, tls: … }`.
   */
  grpc: withDefault(Schema.NullOr(GrpcListener), null),
  /** How long the gate goes on listening after it was told to stop. */
  drain: withDefault(Duration, "5s"),
  /** More host names of the admin listener. */
  hosts: withDefault(Schema.Array(Schema.NonEmptyString), []),
  /** What is refused as too much. */
  limits: withDefault(Limits, {}),
  /** Browsers of these origins are answered. */
  cors: withDefault(
    Schema.NullOr(Schema.Struct({
      /** The origins. */
      origins: Schema.Array(Schema.NonEmptyString)
    })),
    null
  ),
  /** Routes that may upgrade. */
  websocket: withDefault(Schema.Array(Route), []),
  /** Takes what no entry of `upstreams` does. */
  upstream: withDefault(Schema.NullOr(Upstream), null),
  /** The first that matches takes the request. */
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

const policyFields = {
  /** MCP servers behind the gate. */
  mcp: withDefault(Schema.Array(ServedMcpServer).check(distinctServers), [])
}
/** The schema of the rules, with where MCP servers are; editors show by this name what each key means. */
export interface FilePolicySchema
  extends Schema.Struct<Omit<typeof PolicySettings.fields, "mcp"> & typeof policyFields>
{}
const FilePolicy: FilePolicySchema = Schema.Struct({ ...PolicySettings.fields, ...policyFields })

const fileFields = {
  /** The rules. */
  policy: withDefault(FilePolicy, {}),
  /** Listeners, doors and upstreams. */
  gateway: withDefault(Gateway, {}),
  /** Lines of the log. */
  log: withDefault(
    Schema.Struct({
      /** Lines of the log on standard error: `text` (logfmt) or `json`, one message each. */
      format: withDefault(Schema.Literals(["text", "json"]), "text")
    }),
    {}
  ),
  /** Traces. */
  telemetry: withDefault(
    Schema.Struct({
      /** The URL of a collector (OTLP over HTTP). */
      otlp: withDefault(Schema.NullOr(HttpUrl), null)
    }),
    {}
  ),
  /** One line for each decision. */
  audit: withDefault(
    Schema.Struct({
      /** `stdout`, `file:PATH` or `none`. */
      to: withDefault(AuditTarget, "stdout"),
      /** When lines cannot be written: they are dropped and counted, or requests are refused until they can be. */
      onFull: withDefault(Schema.Literals(["drop", "refuse"]), "drop")
    }),
    {}
  ),
  /** Records of answers, found by their id and searched. */
  decisions: withDefault(
    Schema.Struct({
      /** How many are kept in memory. */
      keep: withDefault(Schema.Int.check(Schema.isGreaterThanOrEqualTo(0)), 10_000),
      /** Where they outlive the process: `directory` (its database), `sqlite:PATH` or `postgres://…`. */
      store: withDefault(Schema.NullOr(RecordStoreUrl), null),
      /** How long they are kept there. */
      life: withDefault(Duration, "30d"),
      /** What of people is a pseudonym in records: `email`, whose part before the @ is hashed with a key. */
      redact: withDefault(Schema.Array(Schema.Literal("email")), []),
      /** The key of `redact`; null: one that is made once and kept in `cache.dir`, for this machine alone. */
      redactKey: withDefault(Schema.NullOr(SecretReference), null)
    }),
    {}
  )
}
/** The schema of the whole file; editors show by this name what each key means. */
export interface FileSchema extends Schema.Struct<Omit<typeof Settings.fields, "policy"> & typeof fileFields> {}
/** The whole file: what decisions depend on (issuers, policy, directory, cache), and what the gateway adds. */
export const FileSettings: FileSchema = Schema.Struct({ ...Settings.fields, ...fileFields })
export type FileSettings = typeof FileSettings.Type

/** Reads a parsed file; every finding at once, unknown keys among them. */
export const decodeFile: (input: unknown) => Result.Result<FileSettings, Schema.SchemaError> = Schema
  .decodeUnknownResult(FileSettings, { errors: "all", onExcessProperty: "error" })

/** Whether a host is this machine only. */
export const isLoopback = (host: string): boolean => /^(?:localhost|127(?:\.\d{1,3}){3}|::1|\[::1\])$/i.test(host)
