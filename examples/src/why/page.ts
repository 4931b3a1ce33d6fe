/** "Why not?" in the host's own page: the steps of a dry decision, for the host's operators. */
import type { PromiseGate } from "@jotgate/core/Gate"
import type { Verdict } from "@jotgate/core/Verdict"

const escaped = (text: string): string => text.replace(/[&<>"']/g, (it) => `&#${it.charCodeAt(0)};`)

const signs = { ok: "✔", denied: "✘", skipped: "–", unavailable: "!", note: "→" } as const

const lineOf = ({ facts, outcome, step }: Verdict["steps"][number]): string =>
  `<li class="${outcome}">${signs[outcome]} <b>${escaped(step)}</b> <code>${escaped(JSON.stringify(facts))}</code></li>`

/** The page about one request; deciding again writes nothing. */
export const page = async (gate: Pick<PromiseGate, "decide">, asked: Request): Promise<string> => {
  const { allowed, code, decision, steps } = await gate.decide(asked, { steps: "always", dry: true })
  const title = allowed ? "This request is allowed" : `This request is denied: ${code}`
  return `<h1>${title}</h1><ol>${steps.map(lineOf).join("")}</ol><p>decision <code>${decision}</code></p>`
}
