/**
 * What the views of the console share. It runs in the browser: the functions of
 * this folder are served as their own source text, so each uses nothing from
 * outside itself but the browser and what it is given. What is shown is set as
 * text, never as markup, and asked of the API that everybody has.
 */

/** An object of JSON. */
export type Json = Record<string, unknown>

/** Makes the kit; `verdicts` says in words whether a team fits. */
export const kit = (verdicts: Readonly<Record<string, string>>) => {
  const at = <E extends Element>(id: string, kind: new () => E): E => {
    const found = document.getElementById(id)
    if (!(found instanceof kind)) throw new Error(`the page has no ${id}`)
    return found
  }
  const input = (id: string): HTMLInputElement => at(id, HTMLInputElement)
  const isRecord = (it: unknown): it is Json => typeof it === "object" && it !== null && !Array.isArray(it)
  const records = (it: unknown): ReadonlyArray<Json> => Array.isArray(it) ? it.filter(isRecord) : []
  const text = (it: unknown): string =>
    typeof it === "string" ? it : it === null || it === undefined ? "" : JSON.stringify(it)
  const list = (it: unknown): string => Array.isArray(it) ? it.map(text).join(", ") : text(it)
  const element = (name: string, words = "", kind = ""): HTMLElement => {
    const made = document.createElement(name)
    made.textContent = words
    if (kind !== "") made.className = kind
    return made
  }
  const svg = (name: string, attributes: Record<string, string | number>): SVGElement => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name)
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value))
    return made
  }
  const readable = (it: unknown): string =>
    Array.isArray(it)
      ? it.map((one) => readable(one)).join(it.some(isRecord) ? "; " : ", ") || "none"
      : isRecord(it)
      ? Object.entries(it).map(([name, one]) =>
        name === "verdict"
          ? `${verdicts[text(one)] ?? text(one)}${it.models === undefined ? "" : ":"}`
          : readable(one)
      ).join(" ")
      : it === null
      ? "none"
      : text(it)
  const signs: Record<string, string> = { ok: "✔", denied: "✖", unavailable: "!", skipped: "–", note: "·" }

  /** The credential of whoever is here, and the name of the file in force as far as they may see it. */
  const session = { credential: "", file: "" }
  const send = async (path: string, init: RequestInit = {}): Promise<Response> => {
    const response = await fetch(path, {
      ...init,
      headers: {
        ...(init.body === undefined ? {} : { "content-type": "application/json" }),
        ...(session.credential === "" ? {} : { authorization: `Bearer ${session.credential}` })
      }
    })
    at("admin-field", HTMLFormElement).hidden = response.status !== 401 && response.status !== 403
    return response
  }
  const get = async (path: string): Promise<Json> => {
    const response = await send(path)
    const answer: unknown = await response.json()
    if (response.ok && isRecord(answer)) return answer
    throw new Error(isRecord(answer) ? text(answer.detail ?? answer.title) : `answered ${response.status}`)
  }
  const post = (path: string, body: unknown): Promise<Response> =>
    send(path, { method: "POST", body: JSON.stringify(body) })

  // One decision, wherever it is shown.
  const stepLines = (steps: unknown): ReadonlyArray<HTMLElement> =>
    records(steps).map((step) => {
      const outcome = text(step.outcome)
      const isHint = step.step === "hint"
      const line = element("li", "", isHint ? "hint" : outcome)
      const sign = element("span", isHint ? "→" : signs[outcome] ?? "·", "sign")
      sign.setAttribute("aria-label", isHint ? "what would allow it" : outcome)
      sign.setAttribute("role", "img")
      const said = element("span", "", "said")
      const facts = isRecord(step.facts) ? step.facts : {}
      if (isHint) {
        // What the caller could do, then what an operator would change, and where.
        for (const it of records(facts.changes)) {
          // The command that does it ends the sentence.
          const [, sentence, command] = /^(.*: )(jotgate .*)\.$/s.exec(text(it.text)) ?? []
          const change = element("span", sentence ?? text(it.text), "sentence")
          if (command !== undefined) change.append(element("code", command))
          if (it.change === "operator" && typeof it.setting === "string") {
            const fact = element("span", "", "fact")
            // A row of directory.file stands there, a setting in the configuration.
            const file = text(it.file) || session.file
            const place = typeof it.line !== "number" ? "" : file === "" ? `, line ${it.line}` : `, ${file}:${it.line}`
            fact.append(element("i", "setting"), ` ${it.setting}${place}`)
            change.append(" ", fact)
          }
          said.append(change)
        }
        said.append(text(facts.missing))
      } else {
        // A sentence says first what the facts are the parts of.
        if (typeof facts.text === "string") said.append(element("span", facts.text, "sentence"), " ")
        for (const [name, value] of Object.entries(facts)) {
          if (name === "text" || (name === "unlisted" && value === false)) continue
          const fact = element("span", "", "fact")
          fact.append(element("i", name), ` ${readable(value)} `)
          said.append(fact)
        }
      }
      line.append(sign, element("span", isHint ? "would help" : text(step.step), "name"), said)
      return line
    })
  const rowsOf = (rows: ReadonlyArray<readonly [string, unknown]>): ReadonlyArray<HTMLElement> =>
    rows.flatMap(([name, value]) => {
      const words = list(value)
      return words === "" ? [] : [element("dt", name), element("dd", words)]
    })
  const pill = (it: Json): HTMLElement => {
    const status = Number(it.status)
    const kind = status >= 500 || status === 499 ? "wait" : status >= 400 ? "deny" : "allow"
    return element("span", `${status}${it.code === null ? "" : ` ${text(it.code)}`}`, `pill ${kind}`)
  }
  const body = (id: string): HTMLTableSectionElement =>
    at(id, HTMLTableElement).tBodies[0] ?? new HTMLTableSectionElement()
  /** The heads of a table's columns. */
  const head = (id: string, names: ReadonlyArray<string>) => {
    const line = element("tr")
    for (const name of names) {
      const cell = element("th", name)
      cell.setAttribute("scope", "col")
      line.append(cell)
    }
    at(id, HTMLTableElement).tHead?.replaceChildren(line)
  }
  /** So many seconds, as a person says it. */
  const span = (seconds: number): string =>
    seconds < 120
      ? `${Math.round(seconds)} s`
      : seconds < 7_200
      ? `${Math.round(seconds / 60)} min`
      : `${Math.round(seconds / 3_600)} h`
  /** A moment in the zone of whoever looks, as a list tells it: without the day where it is today. */
  const clock = (it: unknown): string => {
    const time = new Date(text(it))
    // The Swedish way of writing is that of ISO 8601.
    return time.toDateString() === new Date().toDateString()
      ? time.toLocaleTimeString("sv")
      : time.toLocaleString("sv")
  }
  /** The zone in which moments are told. */
  const zone = (): string =>
    new Intl.DateTimeFormat("en", { timeZoneName: "short" }).formatToParts(new Date())
      .find((it) => it.type === "timeZoneName")?.value ?? ""
  /** A moment with its day and zone. */
  const moment = (it: unknown): string => `${new Date(text(it)).toLocaleString("sv")} ${zone()}`
  const tokenOf = async (id: string): Promise<string> => {
    const response = await fetch("/page/token", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ person: id })
    })
    const answer: unknown = await response.json()
    return isRecord(answer) ? text(answer.token) : ""
  }
  const onSubmit = (id: string, run: () => Promise<void>) => {
    const form = at(id, HTMLFormElement)
    form.addEventListener("submit", (event) => {
      event.preventDefault()
      const button = form.querySelector("button")
      if (button !== null) button.disabled = true
      run().catch(() => {}).finally(() => {
        if (button !== null) button.disabled = false
      })
    })
  }

  return {
    at,
    body,
    clock,
    element,
    get,
    head,
    input,
    isRecord,
    list,
    moment,
    onSubmit,
    pill,
    post,
    readable,
    records,
    rowsOf,
    send,
    session,
    span,
    stepLines,
    svg,
    text,
    tokenOf,
    zone
  }
}
export type Kit = ReturnType<typeof kit>
