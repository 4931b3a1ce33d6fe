/**
 * `jotgate explain`: what would be decided, and why; `jotgate explain d_…`: why something was. Nothing is written.
 *
 * Exit 0 for an allow, 1 for a denial, 2 when nothing could be decided.
 */
import * as NamedTool from "@jotgate/server/NamedTool"
import * as RowLines from "@jotgate/server/RowLines"
import { lineOf } from "@jotgate/server/SettingLines"
import type { Somebody } from "@jotgate/server/Supposition"
import { Console, Effect, FileSystem, Option, Result, Schema, Stdio, Stream } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { dirname, resolve } from "node:path"
import { place } from "../admin/AdminFlags.ts"
import { configFlag, loadSound, only } from "../Configuration.ts"
import * as DevClient from "../dev/DevClient.ts"
import { isDecisionId, oneOf } from "../Given.ts"
import { Failure, failure, Negative } from "../Outcome.ts"

const optional = (name: string, metavar: string, what: string) =>
  Flag.String(name).pipe(Flag.withMetavar(metavar), Flag.withDescription(what), Flag.optional)

const fromStdin = Effect.gen(function*() {
  const stdio = yield* Stdio.Stdio
  return (yield* Stream.mkString(Stream.decodeText(stdio.stdin))).trim()
}).pipe(Effect.catchTag("PlatformError", () => failure("--token -: standard input cannot be read")))

const Claims = Schema.fromJsonString(Schema.Record(Schema.String, Schema.Json))

/** The claims in a file; `-` is standard input. */
const claimsIn = (file: string) =>
  Effect.gen(function*() {
    const files = yield* FileSystem.FileSystem
    const text = file === "-" ? yield* fromStdin : yield* files.readFileString(file)
    return yield* Schema.decodeUnknownEffect(Claims)(text)
  }).pipe(
    Effect.catchTag("PlatformError", () => failure(`--claims ${file}: cannot be read`)),
    Effect.catchTag("SchemaError", () => failure(`--claims ${file}: must be the claims as one JSON object`))
  )

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
    named: Argument.String("decision").pipe(
      Argument.withDescription("A decision of the past, by its id (d_…)"),
      Argument.optional
    ),
    token: optional("token", "TOKEN", "The token; - reads standard input, without it JOTGATE_TOKEN is asked"),
    decision: optional("decision", "ID", "A decision of the past, as a flag"),
    claims: optional("claims", "FILE", "The claims of a token, as JSON, instead of the token"),
    issuer: optional("issuer", "ID", "Whose claims --claims are; not needed where they have their iss"),
    user: optional("user", "ID", "A row of the directory instead of a token, with its teams or those of --team"),
    person: optional("person", "ID", "Somebody of jotgate dev instead of a token"),
    agent: optional(
      "agent",
      "ID",
      "The agent that acts for --claims, --user or --person, or on its own; a chain with commas, outermost first"
    ),
    scopes: Flag.String("scope").pipe(
      Flag.withMetavar("SCOPE"),
      Flag.withDescription("With --user, or an agent on its own: a scope of the token; may be repeated"),
      Flag.atLeast(0)
    ),
    model: optional("model", "NAME", "The model that the body names"),
    tool: optional("tool", "SERVER/NAME", "The tool of an MCP server that is called"),
    prompt: optional("prompt", "SERVER/NAME", "The prompt of an MCP server that is got"),
    resource: optional("resource", "SERVER/URI", "The resource of an MCP server that is read"),
    path: Flag.String("path").pipe(
      Flag.withAlias("route"),
      Flag.withMetavar("PATH"),
      Flag.withDescription("The path of the request; default that of the tool's server, else /v1/chat/completions"),
      Flag.optional
    ),
    method: Flag.String("method").pipe(
      Flag.withMetavar("METHOD"),
      Flag.withDescription("The method of the request"),
      Flag.withDefault("POST")
    ),
    team: optional("team", "ID", "The team that the caller asks for; with --user, the team of the token"),
    headers: Flag.String("header").pipe(
      Flag.withMetavar("NAME: VALUE"),
      Flag.withDescription("A header of the request; may be repeated"),
      Flag.atLeast(0)
    ),
    admin: place.admin,
    tokenEnv: place.tokenEnv,
    json: Flag.Boolean("json").pipe(Flag.withDescription("Print the decision as JSON"), Flag.withDefault(false))
  },
  Effect.fn("explain")(function*(
    {
      admin,
      agent,
      claims,
      decision: flag,
      file,
      headers,
      issuer: ofIssuer,
      json,
      method,
      model,
      named: given,
      path: givenPath,
      person,
      prompt,
      resource,
      scopes,
      team,
      token,
      tokenEnv,
      tool,
      user
    }
  ) {
    if (Option.isSome(given) && !isDecisionId(given.value)) {
      return yield* failure(
        `${given.value} is not the id of a decision (d_…): for a person give --user ID (a row), --person ID (of jotgate dev), --claims FILE or --token TOKEN`
      )
    }
    const decision = yield* oneOf(given, flag, "the decision once: as an argument or with --decision")
    if (Option.isSome(decision)) {
      const RecordSource = yield* Effect.promise(() => import("../explain/RecordSource.ts"))
      const { recordText } = yield* Effect.promise(() => import("../explain/ExplanationText.ts"))
      const source = yield* RecordSource.connect({ config: file, admin, tokenEnv, direct: false })
      const past = yield* RecordSource.withSteps(source, yield* source.find(decision.value))
      return yield* Console.log(json ? JSON.stringify(past, null, 2) : recordText(past, Option.getOrUndefined(file)))
    }
    if ([claims, user, token, person].filter(Option.isSome).length > 1) {
      return yield* failure("who? Give one of --token, --claims, --user and --person")
    }
    if (Option.isSome(agent) && Option.isSome(token)) {
      return yield* failure("--agent: a token says itself who acts; give its claims with --claims to suppose another")
    }
    const name = yield* only(Option.none(), file)
    const config = yield* loadSound(name)
    const { settings } = config
    const named = yield* Result.match(
      NamedTool.read(
        {
          tool: Option.getOrUndefined(tool),
          prompt: Option.getOrUndefined(prompt),
          resource: Option.getOrUndefined(resource)
        },
        settings.policy.mcp
      ),
      { onFailure: failure, onSuccess: (it) => Effect.succeed(it) }
    )
    const path = Option.getOrElse(givenPath, () => named?.path ?? "/v1/chat/completions")
    if (!path.startsWith("/")) return yield* failure("--path must start with a slash")
    const [teamHeader] = settings.policy.teamHeaders
    if (Option.isSome(team) && teamHeader === undefined) {
      return yield* failure("--team: policy.teamHeaders names no header to ask for a team")
    }
    const issuer = settings.issuers[0]?.issuer ?? ""
    const isAgentAlone = Option.isSome(agent) && [claims, user, person].every(Option.isNone)
    const credential = isAgentAlone
      ? undefined
      : Option.isSome(person)
      ? yield* DevClient.tokenFrom(issuer, [person.value, ...Option.toArray(agent)].join("+"))
      : Option.match(token, { onNone: () => process.env["JOTGATE_TOKEN"], onSome: (it) => it })
    // As people paste it: with the scheme of its header, or a line end.
    const sent = (credential === "-" ? yield* fromStdin : credential)?.trim().replace(/^bearer +/i, "")
    const pairs = yield* Effect.forEach(headers, header)
    const [carrier = "authorization"] = settings.gateway.credentials
    const question = {
      method: method.toUpperCase(),
      target: path,
      headers: [
        ...pairs.flat(),
        ...(sent === undefined || sent === "" ? [] : [carrier, carrier === "authorization" ? `Bearer ${sent}` : sent]),
        ...(Option.isSome(team) && Option.isNone(user) && teamHeader !== undefined ? [teamHeader, team.value] : [])
      ],
      model: Option.getOrUndefined(model),
      tool: named?.tool
    }
    const [{ dry }, Explanation, { explanationText }] = yield* Effect.promise(() =>
      Promise.all([
        import("../Running.ts"),
        import("../explain/Explanation.ts"),
        import("../explain/ExplanationText.ts")
      ])
    )
    const agents = Option.getOrUndefined(agent)?.split(",")
    const about: Somebody | undefined = Option.isSome(claims)
      ? { claims: yield* claimsIn(claims.value), issuer: Option.getOrUndefined(ofIssuer), agents }
      : Option.isSome(user)
      ? { user: user.value, teams: Option.isSome(team) ? [team.value] : undefined, agents, scopes }
      : isAgentAlone && agents !== undefined
      ? { agents, scopes }
      : undefined
    const { auth, rows, supposing } = yield* dry({ config, env: process.env, base: dirname(resolve(name)) })
    if (!json && settings.directory.file !== null) yield* Console.log(rows)
    const explained = about === undefined || supposing === undefined
      ? yield* Explanation.explain(auth, question)
      : yield* Explanation.explainFor(supposing, about, question)
    const { file: rowsFile } = settings.directory
    const it = Explanation.remedied(
      explained,
      lineOf(
        settings.issuers.map((it) => it.id),
        config.lines,
        rowsFile === null ? undefined : RowLines.make(rowsFile)
      )
    )
    yield* Console.log(json ? JSON.stringify(it.decision, null, 2) : explanationText(it, name))
    if (it.decision.allowed) return
    if (it.decision.status < 500) return yield* new Negative({ lines: [] })
    return yield* new Failure({ lines: [`cannot decide: ${it.decision.code ?? it.decision.status}`] })
  }, Effect.scoped)
).pipe(Command.withDescription("Say what would be decided, and why; nothing is written"))
