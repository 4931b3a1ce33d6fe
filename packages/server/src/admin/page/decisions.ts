/** Answers of the past: searched, followed as they are given, and one of them with its steps. Runs in the browser. */
import type { Json, Kit } from "./kit.ts"

export const decisions = (
  {
    at,
    body,
    clock,
    element,
    get,
    input,
    isRecord,
    list,
    moment,
    onSubmit,
    pill,
    post,
    records,
    rowsOf,
    send,
    stepLines,
    text,
    zone
  }: Kit
) => {
  const recordsBody = body("records")
  let next = ""
  at("records-time", HTMLTableCellElement).textContent = `Time (${zone()})`
  const who = (it: Json): string =>
    text(it.user) || (isRecord(it.claimed) ? text(it.claimed.user) || text(it.claimed.email) : "") || text(it.agent) ||
    "nobody"
  const show = async (it: Json) => {
    const box = at("record", HTMLDivElement)
    const heading = element("h3", "One decision")
    const state = element("div", `${text(it.status)} ${it.code === null ? text(it.verdict) : text(it.code)}`)
    state.className = `verdict ${it.verdict === "deny" ? "deny" : Number(it.status) >= 400 ? "wait" : "allow"}`
    const facts = element("dl")
    const upstream = isRecord(it.upstream) ? it.upstream : undefined
    const claimed = isRecord(it.claimed) ? it.claimed : undefined
    facts.append(...rowsOf([
      ["decision", it.decision],
      ["time", moment(it.time)],
      ["who", who(it)],
      [
        "token says",
        claimed === undefined
          ? ""
          : [claimed.user, claimed.email, ...(Array.isArray(claimed.teams) ? claimed.teams : [])].filter((one) =>
            one !== null
          )
      ],
      ["team", it.team],
      ["agent", it.agent],
      ["tool", it.tools ?? it.tool],
      ["model", it.models ?? it.model],
      ["request", `${text(it.method)} ${text(it.route)}`],
      ["door", it.door],
      ["cause", it.cause],
      [
        "upstream",
        upstream === undefined
          ? ""
          : `${text(upstream.name)} ${upstream.status === null ? "did not answer" : text(upstream.status)}${
            typeof upstream.firstByteMillis === "number"
              ? `, first byte after ${upstream.firstByteMillis.toFixed(0)} ms`
              : ""
          }`
      ],
      ["request id", it.requestId],
      [
        "note",
        [it.aborted === true ? "not taken whole" : "", it.dry === true ? "a question, nothing was written" : ""].filter(
          (one) => one !== ""
        )
      ]
    ]))
    const steps = element("ol")
    steps.append(...stepLines(it.steps))
    const again = element("button", "Ask again with today's rows")
    const answer = element("div")
    const asking = () => {
      post(`/admin/v1/decisions/${encodeURIComponent(text(it.decision))}/again`, {}).then(async (response) => {
        const told: unknown = await response.json()
        if (!isRecord(told)) return
        const now = element("ol")
        now.append(...stepLines(told.steps))
        const state = element(
          "div",
          response.ok
            ? `today: ${text(told.status)} ${told.code === null ? "allowed" : text(told.code)}`
            : text(told.detail)
        )
        state.className = `verdict ${!response.ok ? "idle" : told.allowed === true ? "allow" : "deny"}`
        answer.replaceChildren(element("p", "Worked out again, with the rows and rules of now:", "note"), state, now)
      }).catch((error: unknown) => answer.replaceChildren(element("p", String(error), "note")))
    }
    again.addEventListener("click", asking)
    // An allow has no steps of its own, and why it was allowed is what somebody wants to know who looks at it.
    if (it.verdict === "allow" && records(it.steps).length === 0 && it.dry !== true) asking()
    for (const row of recordsBody.rows) {
      if (row.dataset["id"] === it.decision) row.setAttribute("aria-current", "true")
      else row.removeAttribute("aria-current")
    }
    box.replaceChildren(heading, state, facts, steps, again, answer)
  }
  const open = async (id: string) => {
    const box = at("record", HTMLDivElement)
    try {
      await show(await get(`/admin/v1/decisions/${encodeURIComponent(id)}`))
    } catch (error) {
      box.replaceChildren(element("div", error instanceof Error ? error.message : "not found", "verdict idle"))
    }
  }
  const rowOf = (it: Json): HTMLElement => {
    const row = document.createElement("tr")
    const time = element("td")
    const button = element("button", clock(it.time), "open")
    time.title = moment(it.time)
    time.append(button)
    const answer = element("td")
    answer.append(pill(it))
    row.append(time, answer)
    const caller = text(it.agent) === "" || it.agent === who(it) ? who(it) : `${who(it)} by ${text(it.agent)}`
    const called = list(it.tools ?? it.tool ?? it.models ?? it.model)
    const route = `${text(it.method)} ${text(it.route)}`
    for (const words of [caller, text(it.team), called || route, route]) row.append(element("td", words))
    const claimed = isRecord(it.claimed) ? text(it.claimed.email) : ""
    if (claimed !== "") row.cells[2]?.setAttribute("title", claimed)
    row.dataset["id"] = text(it.decision)
    row.addEventListener("click", () => {
      show(it).catch(() => {})
    })
    return row
  }
  const query = (): URLSearchParams => {
    const params = new URLSearchParams({ limit: "50" })
    for (const name of ["who", "team", "model", "code", "status", "tool", "agent", "since", "until"]) {
      const { value } = input(`s-${name}`)
      if (value.trim() !== "") params.set(name, value.trim())
    }
    return params
  }
  const search = async (older = false) => {
    const note = at("records-note", HTMLParagraphElement)
    const params = query()
    if (older) params.set("after", next)
    try {
      const answer = await get(`/admin/v1/decisions?${params}`)
      const items = records(answer.items)
      if (!older) recordsBody.replaceChildren()
      recordsBody.append(...items.map(rowOf))
      next = text(answer.next)
      at("more", HTMLButtonElement).hidden = next === ""
      note.textContent = recordsBody.rows.length === 0 ? "No decision is like this." : ""
    } catch (error) {
      note.textContent = error instanceof Error ? error.message : "no answer"
    }
  }
  let tail: AbortController | undefined
  const follow = async () => {
    tail = new AbortController()
    const response = await send("/admin/v1/decisions/live", { signal: tail.signal })
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
    let rest = ""
    for (let part = await reader?.read(); part !== undefined && !part.done; part = await reader?.read()) {
      const events = (rest + part.value).split("\n\n")
      rest = events.pop() ?? ""
      for (const event of events) {
        const data = /^data: (.*)$/m.exec(event)?.[1]
        const it: unknown = data === undefined ? undefined : JSON.parse(data)
        if (isRecord(it)) recordsBody.prepend(rowOf(it))
      }
      while (recordsBody.rows.length > 300) recordsBody.lastElementChild?.remove()
    }
  }
  onSubmit("search", () => input("s-id").value.trim() === "" ? search() : open(input("s-id").value.trim()))
  at("more", HTMLButtonElement).addEventListener("click", () => void search(true))
  input("live").addEventListener("change", () => {
    if (input("live").checked) follow().catch(() => {})
    else tail?.abort()
  })
  return {
    enter: (id: string | undefined) => id === undefined ? search() : Promise.all([search(), open(id)]).then(() => {})
  }
}
