/**
 * The question of a decision, as it is kept in the store: who the token said is
 * calling (the mapped claims, and no others) and what was asked for, so that it
 * can be asked again with other rows or under another configuration.
 */
import type { Claims } from "@jotgate/core/Claims"
import type { Allowed } from "@jotgate/core/Decision"
import { resolvedBy } from "@jotgate/core/Decision"
import type { Denial } from "@jotgate/core/Errors"
import { isObject, type JsonObject, parse } from "@jotgate/core/Json"
import { mapped } from "@jotgate/core/MappedClaims"
import {
  type Asked,
  hasTraceId,
  knownModel,
  namesOf,
  noModel,
  noTool,
  type RequestedModel,
  type RequestedTool,
  severalModels,
  severalTools,
  toolKinds,
  toolsOf,
  unnamedModel,
  unseenTool
} from "@jotgate/core/Request"
import type { Noted } from "@jotgate/core/Trace"
import { Option, Result, Schema } from "effect"

/** The largest claims that are kept, in characters; a question with larger ones is not. */
const largestClaims = 16 * 1024
/** The longest name of an application that is kept, in characters. */
const longestClient = 256

/** What of MCP servers was asked for, where something could be: nothing, what is named, or what was not seen of a server. */
const KeptTools = Schema.Union([
  Schema.Struct({
    named: Schema.Array(
      Schema.Struct({ kind: Schema.Literals(toolKinds), server: Schema.String, name: Schema.String })
    )
  }),
  Schema.Struct({ unseen: Schema.String })
])

/** What was asked, whoever asked. */
const About = Schema.Struct({
  /** The id of the issuer. */
  issuer: Schema.String,
  method: Schema.String,
  path: Schema.String,
  team: Schema.NullOr(Schema.String),
  asks: Schema.Literals(["Known", "Several", "None", "Unnamed", "Unseen", "Conflict"]),
  models: Schema.Array(Schema.String),
  tools: Schema.optionalKey(KeptTools),
  /** There where an agent acts: whether the request named its trace, which some agents must. */
  traced: Schema.optionalKey(Schema.Boolean),
  /** The header that named the application, where one must: its name and value. */
  client: Schema.optionalKey(Schema.Tuple([Schema.String, Schema.String]))
})
type About = typeof About.Type

/** A kept question. */
export const KeptQuestion = Schema.Struct({ ...About.fields, claims: Schema.Record(Schema.String, Schema.Json) })
export type KeptQuestion = typeof KeptQuestion.Type

const keptTools = (tool: RequestedTool): typeof KeptTools.Type =>
  tool._tag === "Unseen" ? { unseen: tool.server } : { named: toolsOf(tool) }

/** Stands between what was asked and who asked: within a text its quotation marks would be escaped. */
const claimsFollow = `,"claims":`

const texts = new WeakMap<Claims, string>()

/** The last question of the holder of these claims. */
interface Last {
  readonly method: string
  readonly path: string
  readonly model: string | null
  readonly team: string | undefined
  readonly text: string
}
const lasts = new WeakMap<Claims, Last>()

/** An allowed decision is remembered with its claims, so their text is made once. */
const claimsText = (claims: Claims): string => {
  const known = texts.get(claims)
  if (known !== undefined) return known
  const text = JSON.stringify(mapped(claims))
  texts.set(claims, text)
  return text
}

/** The question as JSON, made once for a caller who asks the same again and again; `null` when no token was proven, or its claims are too large. */
export const questionText = (
  asked: Asked,
  { client, team }: { readonly team: string | undefined; readonly client: readonly [string, string] | undefined },
  result: Allowed | Denial,
  steps: ReadonlyArray<Noted>
): string | null => {
  const claims = result._tag === "Allowed" && result.principal.agent === undefined ? result.claims : undefined
  const { method, path, tool } = asked
  const model = asked.model._tag === "Known" ? asked.model.name : asked.model._tag === "None" ? null : undefined
  // Whatever else a question may say stands in none of these.
  if (claims === undefined || model === undefined || tool !== undefined || client !== undefined) {
    return textOf(asked, { client, team }, result, steps)
  }
  const last = lasts.get(claims)
  if (
    last !== undefined && last.path === path && last.model === model && last.method === method && last.team === team
  ) return last.text
  const text = textOf(asked, { client, team }, result, steps)
  if (text !== null) lasts.set(claims, { method, path, model, team, text })
  return text
}

const textOf = (
  asked: Asked,
  { client, team }: { readonly team: string | undefined; readonly client: readonly [string, string] | undefined },
  result: Allowed | Denial,
  steps: ReadonlyArray<Noted>
): string | null => {
  const found = result._tag === "Allowed" ? undefined : resolvedBy(steps)
  const claims = result._tag === "Allowed" ? result.claims : undefined
  const text = claims === undefined ? JSON.stringify(found?.claims?.()) : claimsText(claims)
  if (text === undefined || text.length > largestClaims) return null
  const about: About = {
    issuer: claims?.issuer.id ?? found?.issuer ?? "",
    method: asked.method,
    path: asked.path,
    team: team ?? null,
    asks: asked.model._tag,
    models: namesOf(asked.model),
    ...(asked.tool === undefined ? {} : { tools: keptTools(asked.tool) }),
    ...(client === undefined ? {} : { client: [client[0], client[1].slice(0, longestClient)] }),
    ...((result._tag === "Allowed" ? result.principal : found)?.agent === undefined
      ? {}
      : { traced: hasTraceId(asked) })
  }
  return `${JSON.stringify(about).slice(0, -1)}${claimsFollow}${text}}`
}

const toolOf = (tools: typeof KeptTools.Type): RequestedTool =>
  "unseen" in tools ? unseenTool(tools.unseen) : tools.named.length === 0 ? noTool : severalTools(tools.named)

/** The model that a kept question asks for. */
const modelOf = ({ asks, models }: About): RequestedModel => {
  switch (asks) {
    case "Known":
      return knownModel(models[0] ?? "")
    case "Several":
      return severalModels(models)
    case "Unnamed":
      return unnamedModel
    case "Unseen":
      return { _tag: "Unseen", names: models, enforced: false }
    default:
      return noModel
  }
}

/** A kept question as a door asks it; `teamHeader` carries the team that was asked for. */
export const requestOf = (question: About, teamHeader: string | undefined): Asked => {
  const { client = [], method, path, team, tools } = question
  return {
    method,
    path,
    rawHeaders: [...(team === null || teamHeader === undefined ? [] : [teamHeader, team]), ...client],
    model: modelOf(question),
    ...(tools === undefined ? {} : { tool: toolOf(tools) })
  }
}

/** A kept question that is asked anew. */
export interface Posed {
  readonly about: About
  readonly asked: Asked
  readonly claims: JsonObject
}

/** How many different requests a reader remembers. */
const mostAbout = 10_000

const aboutOf = Schema.decodeUnknownOption(Schema.fromJsonString(About))

/** Reads a kept question from its text; `None` for what is none. */
export const readQuestion = Schema.decodeUnknownOption(Schema.fromJsonString(KeptQuestion))

/**
 * Reads kept questions from their texts: what many people asked is read once, and of each of them the claims alone.
 * `undefined` for what is no question.
 */
export const reader = (teamHeader: string | undefined): (text: string) => Posed | undefined => {
  const known = new Map<string, Omit<Posed, "claims">>()
  const read = (about: About): Omit<Posed, "claims"> => ({ about, asked: requestOf(about, teamHeader) })
  const headOf = (head: string): Omit<Posed, "claims"> | undefined => {
    const found = known.get(head)
    if (found !== undefined) return found
    const about = Option.getOrUndefined(aboutOf(`${head}}`))
    if (about === undefined) return undefined
    const made = read(about)
    if (known.size >= mostAbout) known.clear()
    known.set(head, made)
    return made
  }
  return (text) => {
    const at = text.indexOf(claimsFollow)
    const head = at === -1 ? undefined : headOf(text.slice(0, at))
    const claims = head === undefined
      ? undefined
      : Result.getOrUndefined(parse(text.slice(at + claimsFollow.length, -1)))
    if (head !== undefined && claims !== undefined && isObject(claims)) return { ...head, claims }
    // Written by another hand: its members are in another order.
    const whole = Option.getOrUndefined(readQuestion(text))
    return whole === undefined ? undefined : { ...read(whole), claims: whole.claims }
  }
}
