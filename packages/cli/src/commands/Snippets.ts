/** `jotgate snippets NAME`: one complete configuration of a program beside the gate, ready to run. */
import { lua, snippet, snippetNames, type SnippetOptions } from "@jotgate/server/Snippet"
import { Console, Effect, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { addressFlag, urlFlag } from "../Address.ts"
import { configFlag, load } from "../Configuration.ts"
import { failure } from "../Outcome.ts"

const optional = (name: string, metavar: string, what: string) =>
  Flag.String(name).pipe(Flag.withMetavar(metavar), Flag.withDescription(what), Flag.optional)

/** The programs that ask over gRPC; Envoy when it is told to. */
const asksOverGrpc: ReadonlySet<string> = new Set(["envoy", "envoy-gateway", "istio", "agentgateway"])

export const snippets = Command.make(
  "snippets",
  {
    name: Argument.Literals("name", snippetNames).pipe(
      Argument.withDescription(`The program: ${snippetNames.join(", ")}`)
    ),
    gate: optional("gate", "URL", "Where the gate answers"),
    upstream: optional("upstream", "URL", "What the program forwards to"),
    listen: optional("listen", "HOST:PORT", "Where the program listens"),
    grpc: optional(
      "grpc",
      "HOST:PORT",
      "Where envoy, envoy-gateway, istio or agentgateway asks the gate over gRPC (gateway.grpc)"
    ),
    config: configFlag,
    lua: Flag.Boolean("lua").pipe(
      Flag.withDescription("With haproxy: the Lua file that its configuration loads"),
      Flag.withDefault(false)
    )
  },
  Effect.fn("snippets")(function*(asked) {
    if (asked.lua && asked.name !== "haproxy") return yield* failure(`--lua belongs to haproxy, not to ${asked.name}`)
    if (Option.isSome(asked.grpc) && !asksOverGrpc.has(asked.name)) {
      return yield* failure(`--grpc belongs to ${[...asksOverGrpc].join(", ")}, not to ${asked.name}`)
    }
    const grpc = yield* addressFlag("grpc", asked.grpc)
    const gate = yield* urlFlag("gate", asked.gate)
    const upstream = yield* urlFlag("upstream", asked.upstream)
    const listen = yield* addressFlag("listen", asked.listen)
    const file = Option.isNone(asked.config) ? undefined : (yield* load(asked.config.value)).settings
    const named: Partial<SnippetOptions> = file === undefined ? {} : {
      credentials: file.gateway.credentials,
      teamHeaders: file.policy.teamHeaders,
      identityHeaders: Object.keys(file.gateway.identityHeaders)
    }
    const options: Partial<SnippetOptions> = {
      ...named,
      ...(gate === undefined ? {} : { gate }),
      ...(upstream === undefined ? {} : { upstream }),
      ...(listen === undefined ? {} : { listen }),
      ...(grpc === undefined ? {} : { grpc })
    }
    yield* Console.log((asked.lua ? lua(options) : snippet(asked.name, options)).trimEnd())
  })
).pipe(Command.withDescription("Print the configuration of a proxy or of LiteLLM beside the gate"))
