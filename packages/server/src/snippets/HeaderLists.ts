/** The header names that the configurations of every proxy list. */
import { identityHeaders, ourHeaders } from "@jotgate/core/IdentityHeaders"
import { modelHeaders } from "@jotgate/core/ModelPlace"
import { mirroredHeaders } from "../mcp/MirroredHeaders.ts"
import { credentialHeaders } from "../proxy/HeaderName.ts"
import type { SnippetOptions } from "./SnippetOptions.ts"

type Names = ReadonlyArray<string>

const unique = (...names: Names): Names => [...new Set(names)]

/** Every name that the gate can set, in an answer or towards an upstream. */
export const ours = ({ identityHeaders: further }: SnippetOptions): Names => unique(...ourHeaders, ...further)

/** What goes to the upstream. */
export const identity = ({ identityHeaders: further }: SnippetOptions): Names => unique(...identityHeaders, ...further)

/** A regular expression (RE2, and any other) for every spelling of every name that only the gate may set. */
export const spelling = "x[^a-z0-9]+jotgate[^a-z0-9].*"

const isAuthorization = (name: string): boolean => name === "authorization"

const subprotocol = "websocket-protocol"

/** The caller's credentials, the one in `Authorization` apart; none goes to the upstream. */
export const otherCredentials = ({ credentials }: SnippetOptions): Names =>
  unique(...credentialHeaders, ...credentials).filter((it) => !isAuthorization(it) && it !== subprotocol)

/** What the gate must be told of the caller's headers, `Authorization` apart. */
export const told = (options: SnippetOptions): Names =>
  unique(
    ...otherCredentials(options),
    ...(options.credentials.includes(subprotocol) ? ["sec-websocket-protocol"] : []),
    ...options.teamHeaders,
    ...modelHeaders,
    ...mirroredHeaders,
    "content-type",
    "content-encoding",
    "x-request-id",
    "accept"
  )

/** Headers that some upstream takes another path or method from. */
export const rewriting: Names = [
  "x-http-method-override",
  "x-http-method",
  "x-method-override",
  "x-original-url",
  "x-original-uri",
  "x-original-method",
  "x-rewrite-url",
  "x-forwarded-uri",
  "x-forwarded-method",
  "x-forwarded-prefix"
]

/** `host:port` of a URL; the port is written out. */
export const hostPort = (url: URL): string => `${url.hostname}:${portOf(url)}`

/** The port of a URL. */
export const portOf = (url: URL): number => url.port === "" ? url.protocol === "https:" ? 443 : 80 : Number(url.port)

/** A URL without its final slash. */
export const bare = (url: URL): string => url.href.replace(/\/$/, "")
