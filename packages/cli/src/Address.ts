/** Addresses and URLs that are typed as flags. */
import { type Address, ListenAddress } from "@jotgate/server/GatewaySettings"
import { Effect, Option, Schema } from "effect"
import { type Failure, failure } from "./Outcome.ts"

/** Whether a request was not even tried: browsers and `fetch` ask no port of their list (Fetch, "port blocking"). */
const isBlocked = (error: unknown): boolean =>
  error instanceof Error && error.cause instanceof Error && error.cause.message === "bad port"

/** Why nothing came back from `url`, by what `fetch` threw; `doubt` is what may be wrong where nobody is there. */
export const silence = (url: string, error: unknown, doubt = ""): string =>
  isBlocked(error)
    ? `${url}: browsers and fetch ask nobody at this port (https://fetch.spec.whatwg.org/#port-blocking): choose another`
    : `${url} does not answer${doubt}`

const decode = Schema.decodeUnknownOption(ListenAddress)

/** `--listen 127.0.0.1:8080`; absent stays absent. */
export const addressFlag = (
  flag: string,
  text: Option.Option<string>
): Effect.Effect<Address | undefined, Failure> =>
  Option.match(text, {
    onNone: () => Effect.succeed(undefined),
    onSome: (it) =>
      Option.match(decode(it), {
        onNone: () => failure(`--${flag}: ${it} is no address such as 127.0.0.1:8080`),
        onSome: (at) => Effect.succeed(at)
      })
  })

/** `--gate http://127.0.0.1:4180`; absent stays absent. */
export const urlFlag = (flag: string, text: Option.Option<string>): Effect.Effect<URL | undefined, Failure> =>
  Option.match(text, {
    onNone: () => Effect.succeed(undefined),
    onSome: (it) =>
      URL.canParse(it) && /^https?:$/.test(new URL(it).protocol)
        ? Effect.succeed(new URL(it))
        : failure(`--${flag}: ${it} is no URL that starts with http:// or https://`)
  })
