/** Addresses and URLs that are typed as flags. */
import { type Address, ListenAddress } from "@jotgate/server/GatewaySettings"
import { Effect, Option, Schema } from "effect"
import { type Failure, failure } from "./Outcome.ts"

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
