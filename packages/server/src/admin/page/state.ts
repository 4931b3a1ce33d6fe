/** Issuers: keys with their ages, last errors, and what tokens were refused for. Runs in the browser. */
import type { Kit } from "./kit.ts"

export const trust = ({ at, body, element, get, list, moment, records, rowsOf, span, text }: Kit) => {
  const issuers = async () => {
    const items = records((await get("/admin/v1/issuers")).items)
    at("issuers", HTMLDivElement).replaceChildren(...items.map((it) => {
      const card = element("div", "", "card")
      const facts = element("dl")
      facts.append(...rowsOf([
        ["issuer", it.issuer],
        ["keys", records(it.keys).map((key) => `${text(key.kid) || "no kid"} (${list(key.algorithms)})`)],
        ["fetched", it.ageSeconds === null ? "never" : `${span(Number(it.ageSeconds))} ago`],
        ["next fetch", it.nextRefreshSeconds === null ? "" : `in ${span(Number(it.nextRefreshSeconds))}`],
        ["last error", it.lastError],
        ["unknown keys", Number(it.unknownKeys) === 0 ? "" : `${text(it.unknownKeys)} tokens refused`]
      ]))
      const state = it.ready !== true ? ["no keys", "deny"] : it.stale === true ? ["stale", "wait"] : ["ready", "allow"]
      card.append(element("h3", text(it.id)), element("span", state[0], `pill ${state[1]}`), facts)
      return card
    }))
    const refused = records((await get("/admin/v1/decisions?status=401&since=1h&limit=1000")).items)
    const causes = new Map<string, { count: number; last: string; issuer: string }>()
    for (const it of refused) {
      const cause = text(it.cause) || text(it.code)
      const key = `${cause}\n${text(it.issuer)}`
      const known = causes.get(key)
      causes.set(key, { count: (known?.count ?? 0) + 1, last: known?.last ?? moment(it.time), issuer: text(it.issuer) })
    }
    body("refusals").replaceChildren(...[...causes].map(([key, it]) => {
      const line = element("tr")
      const cells = [
        (key.split("\n")[0] ?? "").replaceAll("_", " "),
        it.issuer || "not known",
        String(it.count),
        it.last
      ]
      line.append(...cells.map((words) => element("td", words)))
      return line
    }))
    at("refusals-note", HTMLParagraphElement).textContent = causes.size === 0 ? "None." : ""
  }
  return { enter: issuers }
}

/** The configuration in force, and what another one would change. Runs in the browser. */
export const settings = ({ at, body, element, get, isRecord, moment, onSubmit, post, records, rowsOf, text }: Kit) => {
  const notes = (lines: unknown): ReadonlyArray<HTMLElement> =>
    Array.isArray(lines) ? lines.map((it) => element("p", text(it), "finding")) : []
  const configuration = async () => {
    const status = await get("/admin/v1/config/status")
    const reload = isRecord(status.lastReload) ? status.lastReload : undefined
    at("config-status", HTMLDListElement).replaceChildren(...rowsOf([
      ["file", text(status.file) || "none: these settings come from a program"],
      ["version", status.version],
      ["since", moment(status.since)],
      [
        "last reload",
        reload === undefined
          ? "none since the start"
          : `${moment(reload.time)}: ${reload.inForce === true ? "in force" : "refused, what was stays"}`
      ]
    ]))
    const warnings = notes(status.warnings)
    at("config-warnings", HTMLDivElement).replaceChildren(
      ...(reload?.inForce === false ? [element("h4", "Why the last file was refused"), ...notes(reload.findings)] : []),
      ...(warnings.length === 0 ? [] : [element("h4", "Worth a look"), ...warnings])
    )
    at("config", HTMLPreElement).textContent = JSON.stringify(await get("/admin/v1/config"), null, 2)
  }
  const pasted = () => ({ text: at("config-text", HTMLTextAreaElement).value })
  const say = (kind: string, words: string, more: ReadonlyArray<HTMLElement> = []) => {
    const state = element("p")
    state.append(element("span", words, `pill ${kind}`))
    at("findings", HTMLDivElement).replaceChildren(state, ...more)
    at("changes", HTMLTableElement).hidden = true
  }
  const validate = async () => {
    const answer: unknown = await (await post("/admin/v1/config/validate", pasted())).json()
    const found = isRecord(answer) ? records(answer.findings) : []
    const isValid = isRecord(answer) && answer.valid === true
    say(
      isValid ? "allow" : "deny",
      !isValid ? "cannot be used" : found.length === 0 ? "sound" : "sound, something to look at",
      found.map((it) =>
        element("p", `${text(it.line)}:${text(it.column)} ${text(it.path)}: ${text(it.message)}`, "finding")
      )
    )
  }
  const saying = (it: unknown): string =>
    !isRecord(it)
      ? ""
      : it.allowed === true
      ? `allowed ${it.team === null ? "without a team" : `in ${text(it.team)}`}`
      : text(it.code)
  const plan = async () => {
    const response = await post("/admin/v1/config/plan", pasted())
    const answer: unknown = await response.json()
    if (!isRecord(answer)) return
    if (!response.ok) {
      const faults = records(answer.errors).map((it) => element("p", text(it.message), "finding"))
      return say("deny", faults.length === 0 ? text(answer.detail) : "cannot be used", faults)
    }
    const groups = [["lost", "deny"], ["gained", "allow"], ["moved", "wait"]] as const
    const count = groups.map(([name]) => records(answer[name]).length)
    say(
      count[0] === 0 ? "allow" : "deny",
      `${text(answer.asked)} questions: ${count[0]} lose, ${count[1]} gain, ${count[2]} change team${
        Number(answer.hidden) > 0 ? `, of ${text(answer.hidden)} it is not known (decisions.redact)` : ""
      }`,
      [element("p", text(answer.kept), "note")]
    )
    at("changes", HTMLTableElement).hidden = count.every((it) => it === 0)
    body("changes").replaceChildren(...groups.flatMap(([name, kind]) =>
      records(answer[name]).map((it) => {
        const line = element("tr")
        const after = element("td")
        after.append(element("span", saying(it.after), `pill ${kind}`))
        const asked = `${text(it.tool) || text(it.model) || text(it.path)}${
          it.count === 1 ? "" : `, ${text(it.count)} times`
        }`
        line.append(
          ...[it.agent === null ? text(it.who) : `${text(it.who)} by ${text(it.agent)}`, asked, saying(it.before)].map((
            words
          ) => element("td", words)),
          after
        )
        return line
      })
    ))
  }
  onSubmit("validate", validate)
  const button = at("plan", HTMLButtonElement)
  button.addEventListener("click", () => {
    button.disabled = true
    plan().catch((error: unknown) => say("wait", String(error))).finally(() => {
      button.disabled = false
    })
  })
  return { enter: configuration }
}
