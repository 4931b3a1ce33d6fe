/** `jotgate snippets NAME`: one complete configuration of a program beside the gate, ready to run. */
import { ListenAddress } from "@jotgate/server/GatewaySettings"
import { lua, snippet, snippetNames, type SnippetOptions } from "@jotgate/server/Snippet"
import { Console, Effect, Option, Schema } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { failure } from "../Outcome.ts"

const url = (flag: string, text: Option.Option<string>) =>
  Option.match(text, {
    onNone: () => Effect.succeed(undefined),
    onSome: (it) =>
      URL.canParse(it) && /^https?:$/.test(new URL(it).protocol)
        ? Effect.succeed(new URL(it))
        : failure(`--${flag}: ${it} is no URL that starts with http:// or https://`)
  })

const decodeAddress = Schema.decodeUnknownOption(ListenAddress)

const address = (text: Option.Option<string>) =>
  Option.match(text, {
    onNone: () => Effect.succeed(undefined),
    onSome: (it) =>
      Option.match(decodeAddress(it), {
        onNone: () => failure(`--listen: ${it} is no address such as 127.0.0.1:8080`),
        onSome: (at) => Effect.succeed(at)
      })
  })

const optional = (name: string, metavar: string, what: string) =>
  Flag.String(name).pipe(Flag.withMetavar(metavar), Flag.withDescription(what), Flag.optional)

export const snippets = Command.make(
  "snippets",
  {
    name: Argument.Literals("name", snippetNames).pipe(Argument.withDescription("The program")),
    gate: optional("gate", "URL", "Where the gate answers"),
    upstream: optional("upstream", "URL", "What the program forwards to"),
    listen: optional("listen", "HOST:PORT", "Where the program listens"),
    lua: Flag.Boolean("lua").pipe(
      Flag.withDescription("With haproxy: the Lua file that its configuration loads"),
      Flag.withDefault(false)
    )
  },
  Effect.fn("snippets")(function*(asked) {
    if (asked.lua && asked.name !== "haproxy") return yield* failure(`--lua belongs to haproxy, not to ${asked.name}`)
    const gate = yield* url("gate", asked.gate)
    const upstream = yield* url("upstream", asked.upstream)
    const listen = yield* address(asked.listen)
    const options: Partial<SnippetOptions> = {
      ...(gate === undefined ? {} : { gate }),
      ...(upstream === undefined ? {} : { upstream }),
      ...(listen === undefined ? {} : { listen })
    }
    yield* Console.log((asked.lua ? lua(options) : snippet(asked.name, options)).trimEnd())
  })
).pipe(Command.withDescription("Print the configuration of a proxy or of LiteLLM beside the gate"))
