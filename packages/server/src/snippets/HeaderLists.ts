/** The header names that the configurations of every proxy list. */
import { credentialHeaders } from "../proxy/HeaderName.ts"
import { identityHeaders } from "../proxy/IdentityHeaders.ts"

/** Every name that the gate can set, in an answer or towards an upstream. */
export const ours: ReadonlyArray<string> = [...identityHeaders, "x-jotgate-status", "x-jotgate-code"]

/** What goes to the upstream. */
export const identity: ReadonlyArray<string> = identityHeaders

/** The caller's credentials, the one in `Authorization` apart. */
export const otherCredentials: ReadonlyArray<string> = credentialHeaders.filter((it) => it !== "authorization")

/** The headers by which callers ask for a team. */
export const teamHeaders: ReadonlyArray<string> = ["x-team-id", "x-litellm-team-id"]

/** Headers that some upstream takes another path or method from. */
export const rewriting: ReadonlyArray<string> = [
  "x-http-method-override",
  "x-http-method",
  "x-method-override",
  "x-original-url",
  "x-rewrite-url"
]

/** `host:port` of a URL; the port is written out. */
export const hostPort = (url: URL): string => `${url.hostname}:${portOf(url)}`

/** The port of a URL. */
export const portOf = (url: URL): number => url.port === "" ? url.protocol === "https:" ? 443 : 80 : Number(url.port)

/** A URL without its final slash. */
export const bare = (url: URL): string => url.href.replace(/\/$/, "")
