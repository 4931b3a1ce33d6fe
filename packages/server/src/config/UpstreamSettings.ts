/**
 * The schema of upstreams: where a request goes on to, with which credential, and how long that may take.
 */
import { withDefault } from "@jotgate/core/Fields"
import { upstreamKinds } from "@jotgate/core/ModelRoutes"
import { Duration, HeaderName, McpServer, SecretReference } from "@jotgate/core/Settings"
import { Schema } from "effect"

/** A URL of the web, without credentials, query and fragment. */
export const HttpUrl = Schema.String.annotate({ expected: "a URL" }).check(
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
  /**
   * `none`, `passthrough` (the client's own token), or keys.
   * @default "none"
   */
  authorization: withDefault(UpstreamAuthorization, "none"),
  /**
   * The header of the key; `authorization` sends `Bearer KEY`, any other the key alone.
   * @default "authorization"
   */
  header: withDefault(HeaderName, "authorization"),
  /**
   * What happens without a key of the team: the default key, or 403.
   * @default "default"
   */
  onMissingTeamKey: withDefault(Schema.Literals(["default", "deny"]), "default"),
  /**
   * What it is; narrows the places in which models are looked for to those that it reads, `any` is all.
   * @default "any"
   */
  kind: withDefault(Schema.Literals(upstreamKinds), "any"),
  /** How long it may take. */
  timeouts: withDefault(
    Schema.Struct({
      /**
       * Until a connection is there.
       * @default "5s"
       */
      connect: withDefault(Duration, "5s"),
      /**
       * From the end of the request to the head of the answer.
       * @default "10m"
       */
      headers: withDefault(Duration, "10m"),
      /**
       * Between two pieces of an answer.
       * @default "10m"
       */
      idle: withDefault(Duration, "10m")
    }),
    {}
  )
}

/** The schema of an upstream; editors show by this name what each key means. */
export interface UpstreamSchema extends Schema.Struct<typeof upstreamFields> {}
/** The upstream that takes every request which no entry of `upstreams` does. */
export const Upstream: UpstreamSchema = Schema.Struct(upstreamFields)

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
/** An upstream, and which requests it takes. */
export const MatchedUpstream: MatchedUpstreamSchema = Schema.Struct({ ...matchFields, ...upstreamFields })
