/**
 * `jotgate decide`: asks a running gate for a decision, as any door would or in AuthZEN's words. Nothing is written.
 *
 * Exit 0 for an allow, 1 for a denial, 2 when nothing could be decided.
 */
import { Console, Effect, Option, Schema } from "effect"
import { Command, Flag } from "effect/cli"
import * as AdminClient from "../admin/AdminClient.ts"
import { place, text } from "../admin/AdminFlags.ts"
import { failure, Negative } from "../Outcome.ts"

const Answer = Schema.Struct({ allowed: Schema.Boolean })
const Evaluated = Schema.Struct({ decision: Schema.Boolean })

const isAllowed = Schema.decodeUnknownOption(Answer)
const isPermitted = Schema.decodeUnknownOption(Evaluated)

/** `TYPE:ID`. */
const typed = (flag: string, value: string) => {
  const colon = value.indexOf(":")
  return colon < 1
    ? failure(`--${flag} ${value}: write TYPE:ID, such as ${flag === "subject" ? "user:alice" : "model:gpt-4o"}`)
    : Effect.succeed({ type: value.slice(0, colon), id: value.slice(colon + 1) })
}

export const decide = Command.make(
  "decide",
  {
    token: text("token", "The caller's token; without it JOTGATE_TOKEN is asked"),
    method: Flag.String("method").pipe(
      Flag.withMetavar("METHOD"),
      Flag.withDescription("The method of the request"),
      Flag.withDefault("POST")
    ),
    path: text("path", "The path of the request; /v1/chat/completions unless said, or that of a tool's server"),
    model: text("model", "The model that the body names"),
    tool: text("tool", "The tool of an MCP server that is called: SERVER/NAME"),
    team: text("team", "The team that the caller asks for"),
    authzen: Flag.Boolean("authzen").pipe(
      Flag.withDescription("Ask as AuthZEN does, with --subject and --resource"),
      Flag.withDefault(false)
    ),
    subject: text("subject", "With --authzen: user:ID, team:ID, agent:ID or token:TOKEN"),
    action: Flag.String("action").pipe(
      Flag.withMetavar("NAME"),
      Flag.withDescription("With --authzen: call, or a method"),
      Flag.withDefault("call")
    ),
    resource: text("resource", "With --authzen: model:NAME, tool:SERVER/NAME or route:PATH"),
    agent: text("agent", "With --authzen: the agent that acts for the subject"),
    config: place.config,
    admin: place.admin,
    tokenEnv: place.tokenEnv
  },
  Effect.fn("decide")(function*(asked) {
    const ask = yield* AdminClient.running(asked)
    const [agent, path, team] = [asked.agent, asked.path, asked.team].map(Option.getOrUndefined)
    const evaluation = Effect.gen(function*() {
      if (Option.isNone(asked.subject) || Option.isNone(asked.resource)) {
        return yield* failure("--authzen needs --subject TYPE:ID and --resource TYPE:ID")
      }
      return {
        path: "/access/v1/evaluation",
        body: {
          subject: yield* typed("subject", asked.subject.value),
          action: { name: asked.action },
          resource: yield* typed("resource", asked.resource.value),
          context: {
            method: asked.method,
            ...(path === undefined ? {} : { path }),
            ...(team === undefined ? {} : { team }),
            ...(agent === undefined ? {} : { agent })
          }
        }
      }
    })
    const token = Option.getOrElse(asked.token, () => process.env["JOTGATE_TOKEN"] ?? "")
    const question = {
      path: "/decide",
      body: {
        method: asked.method,
        ...(Option.isSome(asked.tool)
          ? { tool: asked.tool.value, ...(path === undefined ? {} : { path }) }
          : { path: path ?? "/v1/chat/completions" }),
        headers: {
          ...(token === "" ? {} : { authorization: `Bearer ${token}` }),
          ...(team === undefined ? {} : { "x-team-id": team })
        },
        ...(Option.isNone(asked.model) ? {} : { body: { model: asked.model.value } }),
        trace: true,
        dry: true
      }
    }
    const answer = yield* ask({ method: "POST", from: "root", ...(asked.authzen ? yield* evaluation : question) })
    yield* Console.log(JSON.stringify(answer, null, 2))
    const allowed = asked.authzen
      ? Option.map(isPermitted(answer), (it) => it.decision)
      : Option.map(isAllowed(answer), (it) => it.allowed)
    if (Option.isNone(allowed)) return yield* failure("this is no admin listener of jotgate")
    if (!allowed.value) return yield* new Negative({ lines: [] })
  }, Effect.scoped)
).pipe(Command.withDescription("Ask a running gate for a decision; nothing is written"))
