/**
 * An explanation as text: one line for the verdict, one for each step, and for
 * a denial what would have been allowed.
 *
 * A fact that has no words here is printed as it is: nothing is left out.
 */
import type { Fact, Step } from "@jotgate/core/Trace"
import type { AnswerRecord } from "@jotgate/server/AnswerRecord"
import type { Explanation } from "./Explanation.ts"

type Facts = Step["facts"]

const marks: Readonly<Record<Step["outcome"], string>> = {
  ok: "✔",
  denied: "✘",
  skipped: "–",
  unavailable: "!",
  note: "·"
}

const plain = (fact: Fact | undefined): string => {
  if (fact === undefined || fact === null) return "none"
  if (typeof fact === "string") return fact
  if (Array.isArray(fact)) return `[${fact.map(plain).join(", ")}]`
  if (typeof fact === "object") return Object.entries(fact).map(([name, it]) => `${name} ${plain(it)}`).join(" ")
  return String(fact)
}

const isFacts = (fact: Fact): fact is { readonly [name: string]: Fact } =>
  typeof fact === "object" && fact !== null && !Array.isArray(fact)

const quoted = (fact: Fact | undefined): string => JSON.stringify(fact ?? [])

/** Facts as they are, apart from those that were said already. */
const rest = (facts: Facts, said: ReadonlyArray<string>): ReadonlyArray<string> =>
  Object.entries(facts).filter(([name]) => !said.includes(name)).map(([name, it]) => `${name} ${plain(it)}`)

const timeLeft = (seconds: Fact | undefined): string =>
  typeof seconds !== "number"
    ? "no expiry"
    : seconds < 120
    ? `${seconds} s left`
    : seconds < 7_200
    ? `${Math.floor(seconds / 60)} min left`
    : `${Math.floor(seconds / 3_600)} h left`

const token = (facts: Facts): ReadonlyArray<string> => {
  if (facts["reason"] !== undefined) return [plain(facts["reason"]).replaceAll("_", " "), ...rest(facts, ["reason"])]
  const signed = facts["algorithm"] === undefined
    ? plain(facts["verifiedBy"])
    : `${plain(facts["algorithm"])} kid ${plain(facts["kid"])}`
  return [
    signed,
    `issuer ${plain(facts["issuer"])}`,
    `audience ${
      Array.isArray(facts["audience"]) ? facts["audience"].map(plain).join(" or ") : plain(facts["audience"])
    }`,
    timeLeft(facts["secondsLeft"]),
    ...rest(facts, ["algorithm", "kid", "verifiedBy", "issuer", "audience", "secondsLeft"])
  ]
}

const claims = (facts: Facts): ReadonlyArray<string> => [
  Object.entries(facts).map(([name, it]) =>
    Array.isArray(it) && typeof it[0] === "string" && name !== "notes" && name !== "unread"
      ? `${name}=${it[0]} [${it.slice(1).map(plain).join(", ")}]`
      : `${name}=${plain(it)}`
  ).join("  ")
]

const why: Readonly<Record<string, string>> = {
  fits: "fits",
  model: "may not call the model",
  route: "may not use the route",
  passThrough: "does not list the pass-through route",
  unknown: "does not exist"
}

const team = (facts: Facts, model: string | null): ReadonlyArray<string> => {
  const candidates = Array.isArray(facts["candidates"]) ? facts["candidates"].filter(isFacts) : []
  const others = candidates.filter((it) => it["verdict"] !== "fits")
    .map((it) => `${plain(it["team"])} ${why[plain(it["verdict"])] ?? plain(it["verdict"])}: ${quoted(it["models"])}`)
  if (facts["team"] === null || facts["team"] === undefined) {
    return [...rest(facts, ["team", "candidates"]), ...others]
  }
  const chosen = plain(facts["team"])
  const source = plain(facts["source"])
  const how = source === "groups"
    ? `first of ${candidates.length} group${candidates.length === 1 ? "" : "s"} that may ${
      model === null ? "use this route" : `call ${model}`
    }`
    : `from the ${source}`
  return [
    facts["code"] === undefined ? `${chosen}: ${how}` : chosen,
    ...rest(facts, ["team", "source", "candidates", "models"]),
    ...others
  ]
}

const user = (facts: Facts): ReadonlyArray<string> => {
  if (facts["row"] === undefined) return rest(facts, [])
  const name = plain(facts["user"])
  return facts["row"] === true
    ? [`row ${name} (${plain(facts["role"])})`, ...rest(facts, ["row", "user", "role", "foundBy"])]
    : [`${name} has no row`, ...rest(facts, ["row", "user", "role"])]
}

const role = (facts: Facts): ReadonlyArray<string> =>
  facts["because"] === undefined
    ? rest(facts, [])
    : [`${plain(facts["role"])} (${plain(facts["because"])})`, ...rest(facts, ["role", "because"])]

/** Denials of what is not known, and what they mean (RULES D53). */
const unknown: Readonly<Record<string, string>> = {
  model_unnamed: "no model is named on a route that runs one",
  model_unseen: "what names the model is not seen at this door"
}

const model = (facts: Facts, { asked, code, team }: Context): ReadonlyArray<string> => {
  const why = unknown[code ?? ""]
  if (why !== undefined) {
    const looked = Array.isArray(facts["looked"]) ? `, looked at ${facts["looked"].map(plain).join(", ")}` : ""
    return [`${why}${looked}`, `may call ${quoted(facts["allowed"])}`, ...rest(facts, ["looked", "allowed"])]
  }
  if (facts["model"] === "ambiguous" && code === "request_ambiguous") {
    const at = Array.isArray(facts["at"]) ? facts["at"].map(plain).join(" and ") : undefined
    const told = at === undefined ? "the models can be read in more than one way" : `${at} name different models`
    return [told, ...rest(facts, ["model", "at"])]
  }
  if (facts["allowed"] === undefined) return rest(facts, [])
  if (asked === null) return ["none is named"]
  const list = team === undefined ? quoted(facts["allowed"]) : `${plain(team["team"])}.models ${quoted(team["models"])}`
  return [`${plain(facts["model"])} ∈ ${list}`, ...rest(facts, ["model", "allowed"])]
}

const route = (facts: Facts): ReadonlyArray<string> =>
  facts["method"] === undefined
    ? rest(facts, [])
    : [`${plain(facts["method"])} ${plain(facts["route"])}`, ...rest(facts, ["method", "route"])]

/** What a step's words need besides its facts. */
interface Context {
  readonly asked: string | null
  /** The code of the step, when it denies. */
  readonly code?: string | undefined
  /** The configuration file, before the line of a rule. */
  readonly file: string | undefined
  /** The facts of the chosen team. */
  readonly team: Facts | undefined
}

const wordsOf = (step: Step["step"], facts: Facts, context: Context): ReadonlyArray<string> => {
  switch (step) {
    case "token":
      return token(facts)
    case "claims":
      return claims(facts)
    case "role":
      return role(facts)
    case "team":
      return team(facts, context.asked)
    case "user":
      return user(facts)
    case "model":
      return model(facts, context)
    case "route":
      return route(facts)
    default:
      return rest(facts, [])
  }
}

const sentences = ({ facts, step }: Step, context: Context): string => {
  // The code stands in the first line.
  const { code, line, rule, ...said } = facts
  const place = line === undefined || line === null
    ? ""
    : ` (${context.file === undefined ? "line " : `${context.file}:`}${plain(line)})`
  const own = typeof code === "string" ? { ...context, code } : context
  return [...wordsOf(step, said, own), ...(rule === undefined ? [] : [`rule ${plain(rule)}${place}`])].join(", ")
}

/** What would have been allowed instead, one change each. */
const hints = ({ changes, missing }: Facts): ReadonlyArray<string> =>
  missing !== undefined
    ? [` · hint         ${plain(missing)}`]
    : (Array.isArray(changes) ? changes.filter(isFacts) : []).map((it) => ` → ${plain(it["text"])}`)

/** Whom the token names, when nobody was looked up yet. */
const named = (steps: ReadonlyArray<Step>): string => {
  const claim = steps.find((it) => it.step === "claims")?.facts["user"]
  return (typeof claim === "string" ? /"(.*)"$/.exec(claim)?.[1] : undefined) ?? "nobody"
}

/** A line for each step. */
const stepLines = (
  steps: ReadonlyArray<Step>,
  asked: string | null,
  file: string | undefined
): ReadonlyArray<string> => {
  const team = steps.find((it) => it.step === "team" && it.outcome === "ok")?.facts
  return steps.flatMap((it) =>
    it.step === "hint"
      ? hints(it.facts)
      : [` ${marks[it.outcome]} ${it.step.padEnd(12)} ${sentences(it, { asked, team, file })}`.trimEnd()]
  )
}

const isStep = (it: NonNullable<AnswerRecord["steps"]>[number]): it is Step => it.outcome in marks

/** A record of the past, line by line. */
export const recordText = (it: AnswerRecord): string => {
  const who = it.user ?? it.claimed?.email ?? it.claimed?.user ?? "nobody"
  const head = [
    `${it.status} ${it.verdict}${it.verdict === "allow" && it.code !== null ? `, then ${it.code}` : ""}`,
    ...(it.verdictCode === null ? [] : [it.verdictCode]),
    `${who}${it.team === null ? "" : ` → team ${it.team}`}`,
    ...(it.model === null && it.models === undefined ? [] : [`model ${it.models?.join(", ") ?? it.model}`]),
    `${it.method} ${it.route}`,
    it.time,
    it.decision
  ]
  const upstream = it.upstream === null
    ? []
    : [
      `upstream ${it.upstream.name} ${it.upstream.status ?? "did not answer"}${
        it.upstream.firstByteMillis === null ? "" : ` after ${it.upstream.firstByteMillis.toFixed(0)} ms`
      }`
    ]
  const about = [
    `door ${it.door}`,
    ...(it.issuer === null ? [] : [`issuer ${it.issuer}`]),
    ...(it.claimed === null || it.claimed.teams.length === 0 ? [] : [`token's teams ${it.claimed.teams.join(", ")}`]),
    ...(it.cause === null ? [] : [`cause ${it.cause}`]),
    ...upstream,
    ...(it.aborted === true ? ["the caller did not take it whole"] : []),
    ...(it.dry === true ? ["a question that changed nothing"] : [])
  ]
  return [
    head.join("   "),
    ` · ${about.join(", ")}`,
    ...stepLines((it.steps ?? []).filter(isStep), it.model, undefined)
  ]
    .join("\n")
}

/** The explanation, line by line; `file` is the configuration that the lines of rules are in. */
export const explanationText = ({ decision, millis, question, steps }: Explanation, file?: string): string => {
  const who = decision.user?.email ?? decision.user?.id ?? named(steps)
  const head = [
    `${decision.status} ${decision.allowed ? "allow" : decision.status === 503 ? "cannot decide" : "deny"}`,
    ...(decision.code === null ? [] : [decision.code]),
    `${who}${decision.team === null ? "" : ` → team ${decision.team.id}`}${decision.admin ? " (admin)" : ""}`,
    ...(decision.model === null ? [] : [`model ${decision.model}`]),
    `${question.method} ${decision.route}`,
    `${millis.toFixed(1)} ms`,
    decision.decision
  ].join("   ")
  return [head, ...stepLines(steps, decision.model, file)].join("\n")
}
