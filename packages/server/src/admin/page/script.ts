/**
 * What the page does in the browser. The function is served as its own source
 * text, so it uses nothing from outside itself but the browser.
 */

/** Runs in the browser, once. */
const page = async (): Promise<void> => {
  const at = <E extends HTMLElement>(id: string, kind: new () => E): E => {
    const found = document.getElementById(id)
    if (!(found instanceof kind)) throw new Error(`the page has no ${id}`)
    return found
  }
  const form = at("question", HTMLFormElement)
  const person = at("person", HTMLSelectElement)
  const token = at("token", HTMLTextAreaElement)
  const method = at("method", HTMLSelectElement)
  const route = at("route", HTMLInputElement)
  const model = at("model", HTMLInputElement)
  const team = at("team", HTMLInputElement)
  const admin = at("admin", HTMLInputElement)
  const button = at("decide", HTMLButtonElement)
  const verdict = at("verdict", HTMLDivElement)
  const facts = at("facts", HTMLDListElement)
  const steps = at("steps", HTMLOListElement)
  const raw = at("raw", HTMLDetailsElement)

  const element = (name: string, text: string, kind = ""): HTMLElement => {
    const made = document.createElement(name)
    made.textContent = text
    if (kind !== "") made.className = kind
    return made
  }
  const isRecord = (it: unknown): it is Record<string, unknown> =>
    typeof it === "object" && it !== null && !Array.isArray(it)
  const text = (it: unknown): string => typeof it === "string" ? it : JSON.stringify(it)
  const readable = (it: unknown): string =>
    Array.isArray(it)
      ? it.map((one) => readable(one)).join(it.some(isRecord) ? "; " : ", ") || "none"
      : isRecord(it)
      ? Object.values(it).map((one) => readable(one)).join(" ")
      : it === null
      ? "none"
      : text(it)
  const signs: Record<string, string> = { ok: "✔", denied: "✖", unavailable: "!", skipped: "–", note: "·" }

  const say = (kind: string, words: string) => {
    verdict.className = `verdict ${kind}`
    verdict.textContent = words
  }
  const clear = () => {
    facts.replaceChildren()
    steps.replaceChildren()
    raw.hidden = true
  }
  const called = (it: unknown): string | undefined => {
    if (!isRecord(it)) return undefined
    const more = [it.alias, it.role, it.email].filter((one) => typeof one === "string").join(", ")
    return `${text(it.id)}${more === "" ? "" : ` (${more})`}`
  }
  const render = (decision: Record<string, unknown>) => {
    clear()
    if (decision.allowed === true) say("allow", `200 allowed${decision.admin === true ? ", as an admin" : ""}`)
    else say(decision.status === 503 ? "wait" : "deny", `${text(decision.status)} ${text(decision.code)}`)
    const rows: Array<readonly [string, string | undefined]> = [
      ["user", called(decision.user)],
      ["team", called(decision.team)],
      ["organization", called(decision.organization)],
      ["end user", called(decision.endUser)],
      ["model", decision.model === null ? undefined : text(decision.model)],
      ["may call", Array.isArray(decision.models) ? decision.models.join(", ") : undefined],
      ["issuer", decision.issuer === null ? undefined : text(decision.issuer)],
      ["decision", text(decision.decision)]
    ]
    for (const [name, value] of rows) {
      if (value !== undefined && value !== "") facts.append(element("dt", name), element("dd", value))
    }
    for (const step of Array.isArray(decision.steps) ? decision.steps : []) {
      const outcome = text(step.outcome)
      const line = element("li", "", outcome)
      const sign = element("span", signs[outcome] ?? "·", "sign")
      sign.setAttribute("aria-label", outcome)
      sign.setAttribute("role", "img")
      const said = element("span", "", "said")
      for (const [name, value] of isRecord(step.facts) ? Object.entries(step.facts) : []) {
        const fact = element("span", "", "fact")
        fact.append(element("i", name), ` ${readable(value)} `)
        said.append(fact)
      }
      line.append(sign, element("span", text(step.step), "name"), said)
      steps.append(line)
    }
    const pre = raw.querySelector("pre")
    if (pre !== null) pre.textContent = JSON.stringify(decision, null, 2)
    raw.hidden = false
  }

  const post = (path: string, body: unknown): Promise<Response> =>
    fetch(path, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        ...(admin.value === "" ? {} : { authorization: `Bearer ${admin.value}` })
      },
      body: JSON.stringify(body)
    })

  const tokenOf = async (): Promise<string> => {
    if (person.value === "") return token.value.trim()
    const response = await post("/page/token", { person: person.value })
    const answer: unknown = await response.json()
    return isRecord(answer) ? text(answer.token) : ""
  }

  const decide = async () => {
    const credential = await tokenOf()
    const headers: Record<string, string> = { "content-type": "application/json" }
    if (credential !== "") headers["authorization"] = `Bearer ${credential}`
    if (team.value !== "") headers["x-team-id"] = team.value
    const hasBody = model.value !== "" && method.value !== "GET"
    const response = await post("/decide", {
      method: method.value,
      path: route.value,
      headers,
      ...(hasBody ? { body: { model: model.value } } : {}),
      trace: true,
      dry: true
    })
    if (response.status === 401 || response.status === 403) {
      clear()
      at("admin-field", HTMLDivElement).hidden = false
      admin.focus()
      return say("wait", "This page needs the admin token.")
    }
    const answer: unknown = await response.json()
    if (response.ok && isRecord(answer)) return render(answer)
    clear()
    say("deny", `The question could not be asked (${response.status}).`)
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault()
    button.disabled = true
    decide()
      .catch((error: unknown) => {
        clear()
        say("wait", `jotgate did not answer: ${String(error)}`)
      })
      .finally(() => {
        button.disabled = false
      })
  })
  person.addEventListener("change", () => {
    at("token-field", HTMLDivElement).hidden = person.value !== ""
  })

  const response = await fetch("/page/people")
  const people: unknown = await response.json()
  if (Array.isArray(people) && people.length > 0) {
    for (const it of people) {
      const option = new Option(`${text(it.id)}: ${text(it.note)}`, text(it.id))
      person.append(option)
    }
    person.selectedIndex = 1
    at("person-field", HTMLDivElement).hidden = false
    at("token-field", HTMLDivElement).hidden = true
  }
}

/** The source text that the browser runs. */
export const script = `(${page.toString()})()\n`
