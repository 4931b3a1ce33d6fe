/**
 * An explanation as text: one line for the verdict, one for each step, and for
 * a denial what would have been allowed.
 */
import type { Step } from "@jotgate/core/Step"
import { isPrinted, lines } from "@jotgate/core/StepText"
import { printable } from "../admin/Columns.ts"
import type { Explanation } from "./Explanation.ts"
import type { Explained } from "./RecordSource.ts"

const told = (lines: ReadonlyArray<string>): string => lines.map(printable).join("\n")

/** Whom the token names, when nobody was looked up yet. */
const named = (steps: ReadonlyArray<Step>): string => {
  const claim = steps.find((it) => it.step === "claims")?.facts.user
  return (typeof claim === "string" ? /"(.*)"$/.exec(claim)?.[1] : undefined) ?? "nobody"
}

/** The steps of a record; those that were worked out today say so. */
const stepsOf = ({ again, model, steps = [] }: Explained, file: string | undefined): ReadonlyArray<string> =>
  again === undefined
    ? lines(steps.filter(isPrinted), model, file)
    : [
      ` asked again with the rows and rules of now: ${again.status} ${again.code ?? "allow"}`,
      ...lines(again.steps.filter(isPrinted), model, file)
    ]

/** An agent and whom it acts for; on its own it is who is calling. */
const actingFor = (agent: string, who: string): string =>
  who === "nobody" || who === agent ? `agent ${agent}` : `${who} by agent ${agent}`

/** A record of the past, line by line; `file` is the configuration that the lines of rules are in, where it is known. */
export const recordText = (it: Explained, file?: string): string => {
  const who = it.user ?? it.claimed?.email ?? it.claimed?.user ?? "nobody"
  const head = [
    `${it.status} ${it.verdict}${it.verdict === "allow" && it.code !== null ? `, then ${it.code}` : ""}`,
    ...(it.verdictCode === null ? [] : [it.verdictCode]),
    `${it.agent === null ? who : actingFor(it.agent, who)}${it.team === null ? "" : ` → team ${it.team}`}`,
    ...(it.tool === null && it.tools === undefined ? [] : [`tool ${it.tools?.join(", ") ?? it.tool}`]),
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
  return told([head.join("   "), ` · ${about.join(", ")}`, ...stepsOf(it, file)])
}

/** The explanation, line by line; `file` is the configuration that the lines of rules are in. */
export const explanationText = ({ decision, millis, question, steps }: Explanation, file?: string): string => {
  const person = decision.user?.email ?? decision.user?.id ?? named(steps)
  const who = decision.agent === undefined ? person : actingFor(decision.agent.id, person)
  const head = [
    `${decision.status} ${decision.allowed ? "allow" : decision.status === 503 ? "cannot decide" : "deny"}`,
    ...(decision.code === null ? [] : [decision.code]),
    `${who}${decision.team === null ? "" : ` → team ${decision.team.id}`}${decision.admin ? " (admin)" : ""}`,
    ...(decision.tool === undefined ? [] : [`tool ${decision.tool}`]),
    ...(decision.model === null ? [] : [`model ${decision.model}`]),
    `${question.method} ${decision.route}`,
    `${millis.toFixed(1)} ms`,
    decision.decision
  ].join("   ")
  return told([head, ...lines(steps, decision.model, file)])
}
