/**
 * The schema of the whole configuration file: what decisions depend on
 * (`@jotgate/core/Settings`) and what the gateway adds to it (CONFIG.md).
 *
 * Decoded values are ready for use: durations are milliseconds, sizes bytes,
 * addresses host and port. Secrets are named, never held.
 */
import { withDefault } from "@jotgate/core/Fields"
import { distinctServers, Duration, PolicySettings, SecretReference, Settings, Size } from "@jotgate/core/Settings"
import { type Result, Schema, SchemaGetter } from "effect"
import { isIP } from "node:net"
import { availableParallelism } from "node:os"
import { FreeHeader, IdentityHeader, Prefix } from "./GatewayHeaders.ts"
import { HttpUrl, MatchedUpstream, ServedMcpServer, Upstream } from "./UpstreamSettings.ts"

export {
  defaultTimeouts,
  ServedMcpServer,
  Upstream,
  UpstreamAuthorization,
  type UpstreamTimeouts
} from "./UpstreamSettings.ts"

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

const Limits = Schema.Struct({
  /**
   * The largest request body.
   * @default "32MiB"
   */
  body: withDefault(Size, "32MiB"),
  /**
   * The largest head of a request.
   * @default "64KiB"
   */
  headers: withDefault(Size, "64KiB"),
  /**
   * The longest token.
   * @default "16KiB"
   */
  token: withDefault(Size, "16KiB"),
  /**
   * How long one answer may take.
   * @default "1h"
   */
  stream: withDefault(Duration, "1h"),
  /**
   * Requests at once; each upstream has a part of its own.
   * @default 2000
   */
  inFlight: withDefault(Schema.Int.check(Schema.isGreaterThan(0)), 2000),
  /**
   * Requests of one caller at once.
   * @default 200
   */
  inFlightPerCaller: withDefault(Schema.Int.check(Schema.isGreaterThan(0)), 200),
  /**
   * How long a request body may take to arrive.
   * @default "60s"
   */
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
  /**
   * Where the gate listens.
   * @default "0.0.0.0:4180"
   */
  listen: withDefault(ListenAddress, "0.0.0.0:4180"),
  /**
   * Where the admin listener listens.
   * @default "127.0.0.1:4181"
   */
  admin: withDefault(ListenAddress, "127.0.0.1:4181"),
  /**
   * What opens the admin listener; needed elsewhere than on loopback.
   * @default null
   */
  adminToken: withDefault(Schema.NullOr(SecretReference), null),
  /**
   * The certificate of the gate.
   * @default null
   */
  tls: withDefault(Schema.NullOr(Tls), null),
  /**
   * Headers that may carry the caller's token, and `websocket-protocol` for browsers.
   * @default ["authorization"]
   */
  credentials: withDefault(
    Schema.Array(FreeHeader).check(
      Schema.isMinLength(1, { message: "must name at least one" })
    ),
    ["authorization"]
  ),
  /**
   * The path below which the gate is mounted: taken away before judging and before the upstream.
   * @default ""
   */
  prefix: withDefault(Prefix, ""),
  /**
   * Processes that answer on the listeners: a number, or `auto` (one per core).
   * @default 1
   */
  workers: withDefault(Workers, 1),
  /**
   * Further headers that tell the upstream who is calling: an attribute, or `{ from: attribute, raw: true }` for its
   * bare text.
   */
  identityHeaders: withDefault(Schema.Record(FreeHeader, IdentityHeader), {}),
  /**
   * Addresses that may ask for forward authentication.
   * @default []
   */
  trustedProxies: withDefault(Schema.Array(AddressRange), []),
  /** Answers to proxies. */
  forwardAuth: withDefault(
    Schema.Struct({
      /**
       * Allow answers carry the upstream's Authorization.
       * @default false
       */
      authorization: withDefault(Schema.Boolean, false),
      /**
       * What a caller who may not call everything gets on a model route whose body the door cannot see: `deny`: 403
       * `model_unseen`; `pass`: allowed, and the next hop enforces `x-jotgate-models`.
       * @default "deny"
       */
      unseenModel: withDefault(Schema.Literals(["deny", "pass"]), "deny")
    }),
    {}
  ),
  /**
   * Where Envoy and the gateways that speak its ext_authz ask over gRPC, such as `127.0.0.1:4182`; with a certificate
   * of its own `{ listen: 127.0.0.1:4182, tls: … }`.
   * @default null
   */
  grpc: withDefault(Schema.NullOr(GrpcListener), null),
  /**
   * How long the gate goes on listening after it was told to stop.
   * @default "5s"
   */
  drain: withDefault(Duration, "5s"),
  /**
   * More host names of the admin listener.
   * @default []
   */
  hosts: withDefault(Schema.Array(Schema.NonEmptyString), []),
  /** What is refused as too much. */
  limits: withDefault(Limits, {}),
  /**
   * Browsers of these origins are answered.
   * @default null
   */
  cors: withDefault(
    Schema.NullOr(Schema.Struct({
      /** The origins. */
      origins: Schema.Array(Schema.NonEmptyString)
    })),
    null
  ),
  /**
   * Routes that may upgrade.
   * @default []
   */
  websocket: withDefault(Schema.Array(Schema.NonEmptyString), []),
  /**
   * Takes what no entry of `upstreams` does.
   * @default null
   */
  upstream: withDefault(Schema.NullOr(Upstream), null),
  /**
   * The first that matches takes the request.
   * @default []
   */
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
  /**
   * MCP servers behind the gate.
   * @default []
   */
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
      /**
       * Lines of the log on standard error: `text` (logfmt) or `json`, one message each.
       * @default "text"
       */
      format: withDefault(Schema.Literals(["text", "json"]), "text")
    }),
    {}
  ),
  /** Traces. */
  telemetry: withDefault(
    Schema.Struct({
      /**
       * The URL of a collector (OTLP over HTTP).
       * @default null
       */
      otlp: withDefault(Schema.NullOr(HttpUrl), null)
    }),
    {}
  ),
  /** One line for each decision. */
  audit: withDefault(
    Schema.Struct({
      /**
       * `stdout`, `file:PATH` or `none`.
       * @default "stdout"
       */
      to: withDefault(AuditTarget, "stdout"),
      /**
       * When lines cannot be written: they are dropped and counted, or requests are refused until they can be.
       * @default "drop"
       */
      onFull: withDefault(Schema.Literals(["drop", "refuse"]), "drop")
    }),
    {}
  ),
  /** Records of answers, found by their id and searched. */
  decisions: withDefault(
    Schema.Struct({
      /**
       * How many are kept in memory.
       * @default 10000
       */
      keep: withDefault(Schema.Int.check(Schema.isGreaterThanOrEqualTo(0)), 10_000),
      /**
       * Where they outlive the process: `directory` (its database), `sqlite:PATH` or `postgres://…`.
       * @default null
       */
      store: withDefault(Schema.NullOr(RecordStoreUrl), null),
      /**
       * How long they are kept there.
       * @default "720h"
       */
      life: withDefault(Duration, "30d"),
      /**
       * What of people is a pseudonym in records: `email`, whose part before the @ is hashed with a key.
       * @default []
       */
      redact: withDefault(Schema.Array(Schema.Literal("email")), []),
      /**
       * The key of `redact`; null: one that is made once and kept in `cache.dir`, for this machine alone.
       * @default null
       */
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
