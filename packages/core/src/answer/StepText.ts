/**
 * The steps of a decision as people read them, a line for each: the one place
 * that puts facts into words.
 *
 * A fact that has no words here is printed as it is: nothing is left out. Steps
 * of records whose facts were cut are printed as well.
 */
import type { Fact, Outcome } from "../Step.ts"

type Facts = { readonly [name: string]: Fact }

/** A step that is printed, of whatever program wrote it. */
export interface Printed {
  readonly step: string
  readonly outcome: Outcome
  readonly facts: Facts
}

/** What stands before a step. */
const marks: Readonly<Record<Outcome, string>> = {
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

/** Whether a team fits a request, in words, by what its step says of it. */
export const verdicts: Readonly<Record<string, string>> = {
  fits: "fits",
  model: "may not call the model",
  tool: "does not list the tool",
  silent: "says nothing of tools",
  route: "may not use the route",
  passThrough: "does not list the pass-through route",
  unknown: "does not exist"
}

const team = (facts: Facts, model: string | null): ReadonlyArray<string> => {
  const candidates = Array.isArray(facts["candidates"]) ? facts["candidates"].filter(isFacts) : []
  const others = candidates.filter((it) => it["verdict"] !== "fits")
    .map((it) =>
      `${plain(it["team"])} ${verdicts[plain(it["verdict"])] ?? plain(it["verdict"])}: ${quoted(it["models"])}`
    )
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
  if (facts["unproven"] === true) {
    return ["only an address names the person, and nothing proves it", ...rest(facts, ["unproven"])]
  }
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
    const told = facts["reason"] === undefined
      ? "the models can be read in more than one way"
      : plain(facts["reason"])
    return [told, ...rest(facts, ["model", "at", "reason"])]
  }
  if (facts["allowed"] === undefined) return rest(facts, [])
  if (asked === null) return ["none is named"]
  const list = team === undefined ? quoted(facts["allowed"]) : `${plain(team["team"])}.models ${quoted(team["models"])}`
  return [`${plain(facts["model"])} ∈ ${list}`, ...rest(facts, ["model", "allowed"])]
}

/** A list that lacks what is asked for. */
const lacking = (it: Facts): string => `${plain(it["level"])} ${plain(it["name"])} lists ${quoted(it["patterns"])}`

const tool = (facts: Facts): ReadonlyArray<string> => {
  if (facts["allowed"] !== undefined) {
    return facts["tool"] === null
      ? ["none is asked for", `may use ${quoted(facts["allowed"])}`, ...rest(facts, ["tool", "allowed"])]
      : [`${plain(facts["tool"])} ∈ ${quoted(facts["allowed"])}`, ...rest(facts, ["tool", "allowed"])]
  }
  const lists = Array.isArray(facts["lacking"]) ? facts["lacking"].filter(isFacts).map(lacking) : []
  const said = ["text", "lacking", "unlisted", "tool", "kind", "candidates"]
  return facts["text"] === undefined ? rest(facts, []) : [plain(facts["text"]), ...lists, ...rest(facts, said)]
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

/** Denials of a row that may do nothing, and the fact that names it. */
const blocking: Readonly<Record<string, string>> = {
  team_blocked: "team",
  user_blocked: "user",
  end_user_blocked: "endUser"
}

const wordsOf = (step: string, facts: Facts, context: Context): ReadonlyArray<string> => {
  const blocked = blocking[context.code ?? ""]
  if (blocked !== undefined && facts[blocked] !== undefined) {
    const is = facts["active"] === false ? "has left" : "is blocked"
    return [`${plain(facts[blocked])} ${is}`, ...rest(facts, [blocked, "active"])]
  }
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
    case "tool":
      return tool(facts)
    case "route":
      return route(facts)
    default:
      return rest(facts, [])
  }
}

const sentences = ({ facts, step }: Printed, context: Context): string => {
  // The code stands in the first line.
  const { code, line, rule, ...said } = facts
  const place = line === undefined || line === null
    ? ""
    : ` (${context.file === undefined ? "line " : `${context.file}:`}${plain(line)})`
  const own = typeof code === "string" ? { ...context, code } : context
  return [...wordsOf(step, said, own), ...(rule === undefined ? [] : [`rule ${plain(rule)}${place}`])].join(", ")
}

/** What would have been allowed instead, one change each; of an operator's, with the setting and where it stands. */
const hints = ({ changes, missing }: Facts, file: string | undefined): ReadonlyArray<string> => [
  ...(missing === undefined ? [] : [` · hint         ${plain(missing)}`]),
  ...(Array.isArray(changes) ? changes.filter(isFacts) : []).map((it) => {
    const { change, line, setting, text } = it
    const at = typeof it["file"] === "string" ? it["file"] : file
    if (change !== "operator") return ` → ${plain(text)}`
    const place = line !== undefined
      ? `, ${at === undefined ? "line " : `${at}:`}${plain(line)}`
      : file === undefined
      ? ""
      : `, not said in ${file}`
    return ` → operator: ${plain(text)}${typeof setting === "string" ? ` (${setting}${place})` : ""}`
  })
]

/**
 * A line for each step. `model` is what was asked for as one text, `file` the configuration that the lines of rules are
 * in.
 */
export const lines = (
  steps: ReadonlyArray<Printed>,
  model: string | null,
  file: string | undefined
): ReadonlyArray<string> => {
  const team = steps.find((it) => it.step === "team" && it.outcome === "ok")?.facts
  return steps.flatMap((it) =>
    it.step === "hint"
      ? hints(it.facts, file)
      : [` ${marks[it.outcome]} ${it.step.padEnd(12)} ${sentences(it, { asked: model, team, file })}`.trimEnd()]
  )
}

/** Whether a step of a record is one that can be printed. */
export const isPrinted = (it: { readonly outcome: string }): it is Printed => it.outcome in marks
