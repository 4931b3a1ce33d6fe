/**
 * `jotgate explain`: what would be decided, and why. Nothing is written.
 *
 * Exit 0 for an allow, 1 for a denial, 2 when nothing could be decided.
 */
import { Console, Effect, Option, Stdio, Stream } from "effect"
import { Command, Flag } from "effect/cli"
import { dirname, resolve } from "node:path"
import { configFlag, loadSound, only } from "../Configuration.ts"
import * as DevClient from "../dev/DevClient.ts"
import { Failure, failure, Negative } from "../Outcome.ts"

const optional = (name: string, metavar: string, what: string) =>
  Flag.String(name).pipe(Flag.withMetavar(metavar), Flag.withDescription(what), Flag.optional)

const fromStdin = Effect.gen(function*() {
  const stdio = yield* Stdio.Stdio
  return (yield* Stream.mkString(Stream.decodeText(stdio.stdin))).trim()
}).pipe(Effect.catchTag("PlatformError", () => failure("--token -: standard input cannot be read")))

const header = (text: string) => {
  const colon = text.indexOf(":")
  return colon <= 0
    ? failure(`--header ${text}: write NAME: VALUE`)
    : Effect.succeed([text.slice(0, colon).trim(), text.slice(colon + 1).trim()])
}

export const explain = Command.make(
  "explain",
  {
    file: configFlag,
    token: optional("token", "TOKEN", "The token; - reads standard input, without it JOTGATE_TOKEN is asked"),
    person: optional("person", "ID", "Somebody of jotgate dev instead of a token"),
    model: optional("model", "NAME", "The model that the body names"),
    path: Flag.String("path").pipe(
      Flag.withAlias("route"),
      Flag.withMetavar("PATH"),
      Flag.withDescription("The path of the request"),
      Flag.withDefault("/v1/chat/completions")
    ),
    method: Flag.String("method").pipe(
      Flag.withMetavar("METHOD"),
      Flag.withDescription("The method of the request"),
      Flag.withDefault("POST")
    ),
    team: optional("team", "ID", "The team that the caller asks for"),
    headers: Flag.String("header").pipe(
      Flag.withMetavar("NAME: VALUE"),
      Flag.withDescription("A header of the request; may be repeated"),
      Flag.atLeast(0)
    ),
    json: Flag.Boolean("json").pipe(Flag.withDescription("Print the decision as JSON"), Flag.withDefault(false))
  },
  Effect.fn("explain")(function*({ file, headers, json, method, model, path, person, team, token }) {
    const name = yield* only(Option.none(), file)
    const config = yield* loadSound(name)
    const { settings } = config
    if (!path.startsWith("/")) return yield* failure("--path must start with a slash")
    const [teamHeader] = settings.policy.teamHeaders
    if (Option.isSome(team) && teamHeader === undefined) {
      return yield* failure("--team: policy.teamHeaders names no header to ask for a team")
    }
    const issuer = settings.issuers[0]?.issuer ?? ""
    const credential = Option.isSome(person)
      ? yield* DevClient.tokenFrom(issuer, person.value)
      : Option.match(token, { onNone: () => process.env["JOTGATE_TOKEN"], onSome: (it) => it })
    const sent = credential === "-" ? yield* fromStdin : credential
    const pairs = yield* Effect.forEach(headers, header)
    const [carrier = "authorization"] = settings.gateway.credentials
    const question = {
      method: method.toUpperCase(),
      target: path,
      headers: [
        ...pairs.flat(),
        ...(sent === undefined || sent === "" ? [] : [carrier, carrier === "authorization" ? `Bearer ${sent}` : sent]),
        ...(Option.isSome(team) && teamHeader !== undefined ? [teamHeader, team.value] : [])
      ],
      model: Option.getOrUndefined(model)
    }
    const [{ dry }, Explanation, { explanationText }] = yield* Effect.promise(() =>
      Promise.all([
        import("../Running.ts"),
        import("../explain/Explanation.ts"),
        import("../explain/ExplanationText.ts")
      ])
    )
    const { auth } = yield* dry({ config, env: process.env, base: dirname(resolve(name)) })
    const it = yield* Explanation.explain(auth, question)
    yield* Console.log(json ? JSON.stringify(it.decision, null, 2) : explanationText(it))
    if (it.decision.allowed) return
    if (it.decision.status < 500) return yield* new Negative({ lines: [] })
    return yield* new Failure({ lines: [`cannot decide: ${it.decision.code ?? it.decision.status}`] })
  }, Effect.scoped)
).pipe(Command.withDescription("Say what would be decided, and why; nothing is written"))
