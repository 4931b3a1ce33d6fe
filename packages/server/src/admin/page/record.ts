/**
 * One decision as a page that needs no script: what was answered, and every step.
 * Whatever comes from a record is escaped.
 */
import { verdicts } from "@jotgate/core/StepText"
import type { AnswerRecord } from "../../record/AnswerRecord.ts"

const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll("\"", "&quot;")

const shown = (it: unknown): string => escaped(typeof it === "string" ? it : JSON.stringify(it) ?? "")

const row = (name: string, value: unknown): string =>
  value === null || value === undefined || value === "" ? "" : `<dt>${name}</dt><dd>${shown(value)}</dd>`

const signs: Readonly<Record<string, string>> = { ok: "✔", denied: "✖", unavailable: "!", skipped: "–", note: "·" }

const isObject = (it: unknown): it is Readonly<Record<string, unknown>> => typeof it === "object" && it !== null

/** A fact in words. */
const readable = (it: unknown): string =>
  Array.isArray(it)
    ? it.map(readable).join(it.some(isObject) ? "; " : ", ") || "none"
    : isObject(it)
    ? Object.entries(it).map(([name, one]) =>
      name === "verdict"
        ? `${verdicts[String(one)] ?? String(one)}${it["models"] === undefined ? "" : ":"}`
        : readable(one)
    ).join(" ")
    : it === null
    ? "none"
    : String(it)

const fact = (name: string, value: unknown): string =>
  `<span class="fact"><i>${escaped(name)}</i> ${escaped(readable(value))}</span>`

/** One change that would have allowed it, in words; an operator's with the setting. */
const change = (it: unknown): string => {
  if (!isObject(it)) return ""
  const line = typeof it["line"] === "number" ? `, line ${it["line"]}` : ""
  const setting = typeof it["setting"] === "string" ? ` ${fact("setting", `${it["setting"]}${line}`)}` : ""
  const text = readable(it["text"] ?? "")
  // The command that does it ends the sentence.
  const [, sentence, command] = /^(.*: )(jotgate .*)\.$/s.exec(text) ?? []
  const said = command === undefined ? escaped(text) : `${escaped(sentence ?? "")}<code>${escaped(command)}</code>`
  return `<span class="sentence">${said}${setting}</span>`
}

/** What would have allowed it. */
const hint = ({ changes, missing }: Readonly<Record<string, unknown>>): string =>
  `${Array.isArray(changes) ? changes.map(change).join("") : ""}${
    missing === undefined ? "" : escaped(readable(missing))
  }`

const step = ({ facts, outcome, step }: NonNullable<AnswerRecord["steps"]>[number]): string => {
  if (step === "hint") {
    return `<li class="hint"><span class="sign" role="img" aria-label="what would allow it">→</span><span class="name">would help</span><span class="said">${
      hint(facts)
    }</span></li>`
  }
  const said = Object.entries(facts).map(([name, it]) => fact(name, it))
  return `<li class="${escaped(outcome)}"><span class="sign" role="img" aria-label="${escaped(outcome)}">${
    signs[outcome] ?? "·"
  }</span><span class="name">${escaped(step)}</span><span class="said">${said.join(" ")}</span></li>`
}

const documentOf = (title: string, body: string): string =>
  `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escaped(title)}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/page.css">
</head>
<body>
<header><h1><span class="mark" aria-hidden="true"></span>jotgate</h1><nav aria-label="Views"><a href="/">Console</a></nav></header>
<main>${body}</main>
</body>
</html>
`

/** The page of a record. */
export const recordPage = (it: AnswerRecord): string =>
  documentOf(
    it.decision,
    `<div class="card"><h2 class="title">One decision</h2>
<div class="verdict ${it.verdict === "deny" ? "deny" : it.status >= 400 ? "wait" : "allow"}">${it.status} ${
      escaped(it.code ?? it.verdict)
    }</div>
<dl>${
      [
        row("decision", it.decision),
        row("time", it.time),
        row("who", it.user ?? it.claimed?.email ?? it.claimed?.user),
        row("token's teams", it.claimed?.teams.join(", ")),
        row("team", it.team),
        row("agent", it.agent),
        row("tool", it.tools?.join(", ") ?? it.tool),
        row("model", it.models?.join(", ") ?? it.model),
        row("request", `${it.method} ${it.route}`),
        row("door", it.door),
        row("cause", it.cause),
        row("upstream", it.upstream?.name),
        row("request id", it.requestId)
      ].join("")
    }</dl>
<ol>${(it.steps ?? []).map(step).join("")}</ol></div>`
  )

/** The page of a record that is not there; `why` says how long they are kept. */
export const noRecordPage = (why: string): string =>
  documentOf("No record", `<div class="card"><h2 class="title">No record</h2><p>${escaped(why)}</p></div>`)
