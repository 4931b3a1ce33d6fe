/**
 * The messages of AuthZEN's Authorization API 1.0: what a body asks, and what is wrong with it.
 *
 * Members that nobody knows are ignored (§6.1: forward compatibility); what is required and missing, or of another type,
 * is refused with its place, and so are the properties that a decision depends on: teams that cannot be read are not
 * no teams (RULES D53). Nothing here knows people, teams or models.
 */
import { findings, pathText } from "@jotgate/core/SchemaFindings"
import { Result, Schema } from "effect"

const Properties = Schema.optionalKey(Schema.NullOr(Schema.Record(Schema.String, Schema.Unknown)))

const text = Schema.optionalKey(Schema.String)
/** A list, or one text with a space between each two. */
const texts = Schema.optionalKey(Schema.Union([Schema.Array(Schema.String), Schema.String]))

/** What a person's token would say; other properties are ignored. */
const Token = Schema.Struct({ issuer: text, subject: text, teams: texts, scopes: texts })

/** At which MCP server a tool is; other properties are ignored. */
const Place = Schema.Struct({ server: text })

/** Who asks, or is asked about. */
export const Subject = Schema.Struct({
  type: Schema.String,
  id: Schema.String,
  properties: Schema.optionalKey(Schema.NullOr(Token))
})
export type Subject = typeof Subject.Type

/** What is to be done: `call`, or a method. */
export const Action = Schema.Struct({ name: Schema.NonEmptyString, properties: Properties })
export type Action = typeof Action.Type

/** What it is done to. */
export const Resource = Schema.Struct({
  type: Schema.String,
  id: Schema.String,
  properties: Schema.optionalKey(Schema.NullOr(Place))
})
export type Resource = typeof Resource.Type

/** What of the context a decision depends on; other members are ignored. */
export const Situation = Schema.Struct({
  method: text,
  path: text,
  team: text,
  /** The agent that acts for the subject. */
  agent: text
})
export type Situation = typeof Situation.Type

const context = Schema.optionalKey(Schema.NullOr(Situation))

/** One question. */
export const Evaluation = Schema.Struct({ subject: Subject, action: Action, resource: Resource, context })
export type Evaluation = typeof Evaluation.Type

/** How many questions one message may hold. */
export const maxEvaluations = 1000

/** When the rest of several questions need no answer. */
export const semantics = ["execute_all", "deny_on_first_deny", "permit_on_first_permit"] as const
export type Semantic = (typeof semantics)[number]

const Batch = Schema.Struct({
  evaluations: Schema.optionalKey(
    Schema.Array(Schema.Unknown).check(Schema.isMaxLength(maxEvaluations))
  ),
  options: Schema.optionalKey(
    Schema.NullOr(Schema.Struct({ evaluations_semantic: Schema.optionalKey(Schema.Literals(semantics)) }))
  )
})

const page = Schema.optionalKey(Schema.NullOr(Schema.Struct({
  token: Schema.optionalKey(Schema.String),
  next_token: Schema.optionalKey(Schema.String),
  limit: Schema.optionalKey(Schema.Int.check(Schema.isGreaterThan(0)))
})))

/** Subjects are searched among rows, whose properties are their own. */
const anySubject = Schema.Struct({ type: Schema.String, properties: Properties })
const anyResource = Schema.Struct({ type: Schema.String, properties: Resource.fields.properties })

/** Which subjects may do something. */
export const SubjectSearch = Schema.Struct({ subject: anySubject, action: Action, resource: Resource, context, page })
export type SubjectSearch = typeof SubjectSearch.Type
/** To what a subject may do something. */
export const ResourceSearch = Schema.Struct({ subject: Subject, action: Action, resource: anyResource, context, page })
export type ResourceSearch = typeof ResourceSearch.Type
/** What a subject may do to something. */
export const ActionSearch = Schema.Struct({ subject: Subject, resource: Resource, context, page })
export type ActionSearch = typeof ActionSearch.Type

/** The answer to one question. */
export const Answer = Schema.Struct({
  decision: Schema.Boolean,
  context: Schema.optionalKey(Schema.Record(Schema.String, Schema.Unknown))
})

/** The answers to several questions, or to the only one. */
export const Answers = Schema.Union([Schema.Struct({ evaluations: Schema.Array(Answer) }), Answer])

const next = Schema.Struct({ next_token: Schema.String, count: Schema.Int })

/** A page of subjects or resources. */
export const FoundEntities = Schema.Struct({
  results: Schema.Array(Schema.Struct({ type: Schema.String, id: Schema.String })),
  page: next
})

/** What may be done. */
export const FoundActions = Schema.Struct({ results: Schema.Array(Schema.Struct({ name: Schema.String })), page: next })

/** One thing that is wrong with a message: `subject.id: is missing`. */
export type Faulty = string

const reading = <A>(schema: Schema.ConstraintDecoder<A>) => {
  const decode = Schema.decodeUnknownResult(schema)
  return (value: unknown): Result.Result<A, Faulty> =>
    Result.mapError(decode(value), (error) => {
      const [first] = findings(error.issue)
      const place = first === undefined || first.path.length === 0 ? "the body" : pathText(first.path)
      return `${place} ${first?.message ?? "is not what it should be"}`
    })
}

export const readEvaluation = reading(Evaluation)
export const readSubjectSearch = reading(SubjectSearch)
export const readResourceSearch = reading(ResourceSearch)
export const readActionSearch = reading(ActionSearch)

const readBatch = reading(Batch)

/** What a message with several questions asks; `undefined` in place of the list: it is one question after all. */
export interface Questions {
  readonly semantic: Semantic
  readonly evaluations: ReadonlyArray<Result.Result<Evaluation, Faulty>> | undefined
}

type Members = Readonly<Record<string, unknown>>

const isMembers = (value: unknown): value is Members =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/**
 * A member of one question over the default for all: it takes the default's place as a whole, except that what every
 * such member must have is taken from the default where it lacks it.
 */
const over = (own: unknown, fallback: unknown): unknown => {
  if (own === undefined) return fallback
  if (!isMembers(own) || !isMembers(fallback)) return own
  const { id, name, type } = fallback
  const required = { ...(type === undefined ? {} : { type }), ...(id === undefined ? {} : { id }) }
  return { ...required, ...(name === undefined ? {} : { name }), ...own }
}

/** Reads a message that may hold several questions. */
export const readQuestions = (body: unknown): Result.Result<Questions, Faulty> =>
  Result.map(readBatch(body), ({ evaluations = [], options }) => {
    const semantic = options?.evaluations_semantic ?? "execute_all"
    if (evaluations.length === 0 || !isMembers(body)) return { semantic, evaluations: undefined }
    const { action, context, resource, subject } = body
    return {
      semantic,
      evaluations: evaluations.map((own, at) => {
        if (!isMembers(own)) return Result.fail(`evaluations[${at}] must be a map`)
        const of = { subject: over(own["subject"], subject), action: over(own["action"], action) }
        const about = { ...of, resource: over(own["resource"], resource), context: own["context"] ?? context }
        return readEvaluation(Object.fromEntries(Object.entries(about).filter(([, it]) => it !== undefined)))
      })
    }
  })
