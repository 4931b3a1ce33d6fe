/** Asks about one request and shows every step of the decision. Runs in the browser. */
import type { Json, Kit } from "./kit.ts"

export const ask = (
  { at, element, get, input, isRecord, onSubmit, post, records, rowsOf, session, stepLines, text, tokenOf }: Kit
) => {
  const verdict = at("verdict", HTMLDivElement)
  const raw = at("raw", HTMLDetailsElement)
  const say = (kind: string, words: string) => {
    verdict.className = `verdict ${kind}`
    verdict.textContent = words
  }
  const clear = () => {
    at("facts", HTMLDListElement).replaceChildren()
    at("steps", HTMLOListElement).replaceChildren()
    raw.hidden = true
  }
  const called = (it: unknown): string | undefined => {
    if (!isRecord(it)) return undefined
    const more = [it.alias, it.role, it.email].filter((one) => typeof one === "string").join(", ")
    return `${text(it.id)}${more === "" ? "" : ` (${more})`}`
  }
  const render = (decision: Json) => {
    clear()
    if (decision.allowed === true) say("allow", `200 allowed${decision.admin === true ? ", as an admin" : ""}`)
    else say(decision.status === 503 ? "wait" : "deny", `${text(decision.status)} ${text(decision.code)}`)
    at("facts", HTMLDListElement).append(...rowsOf([
      ["user", called(decision.user)],
      ["team", called(decision.team)],
      ["organization", called(decision.organization)],
      ["end user", called(decision.endUser)],
      ["agent", isRecord(decision.agent) ? decision.agent.chain : ""],
      ["tool", decision.tool],
      ["may use", decision.tools],
      ["model", decision.model],
      ["may call", decision.models],
      ["issuer", decision.issuer],
      ["decision", decision.decision]
    ]))
    at("steps", HTMLOListElement).append(...stepLines(decision.steps))
    const pre = raw.querySelector("pre")
    if (pre !== null) pre.textContent = JSON.stringify(decision, null, 2)
    raw.hidden = false
  }
  const as = at("as", HTMLSelectElement)
  const person = at("person", HTMLSelectElement)
  const token = at("token", HTMLTextAreaElement)
  let hasPeople = false
  const arrange = () => {
    at("person-field", HTMLDivElement).hidden = as.value !== "token" || !hasPeople
    at("token-field", HTMLDivElement).hidden = as.value !== "token" || person.value !== ""
    at("user-field", HTMLDivElement).hidden = as.value !== "user"
    at("claims-field", HTMLDivElement).hidden = as.value !== "claims"
    // A token says itself who acts; only dev can make one with an agent.
    at("agent-field", HTMLDivElement).hidden = as.value === "token" && person.value === ""
    const isTool = input("tool").value.trim() !== ""
    at("route-row", HTMLDivElement).hidden = isTool
    at("model-field", HTMLDivElement).hidden = isTool
  }
  /** The agents that act, outermost first. */
  const acting = (): ReadonlyArray<string> =>
    at("agent-field", HTMLDivElement).hidden
      ? []
      : input("agent").value.split(",").map((it) => it.trim()).filter((it) => it !== "")
  const somebody = (): Json => {
    const agents = acting()
    const more = agents.length === 0 ? {} : { agents }
    return as.value === "user"
      ? { as: { user: input("user").value.trim(), ...more } }
      : as.value === "claims"
      ? { as: { claims: JSON.parse(at("claims", HTMLTextAreaElement).value), ...more } }
      : as.value === "agent"
      ? { as: more }
      : {}
  }
  const decide = async () => {
    const bearer = as.value !== "token"
      ? ""
      : person.value === ""
      ? token.value.trim()
      : await tokenOf([person.value, ...acting()].join("+"))
    const tool = input("tool").value.trim()
    const method = at("method", HTMLSelectElement).value
    const model = input("model").value
    const headers: Record<string, string> = { "content-type": "application/json" }
    if (bearer !== "") headers["authorization"] = `Bearer ${bearer}`
    if (input("team").value !== "") headers["x-team-id"] = input("team").value
    const asked = tool !== ""
      ? { method: "POST", [at("kind", HTMLSelectElement).value]: tool }
      : { method, path: input("route").value, ...(model !== "" && method !== "GET" ? { body: { model } } : {}) }
    const response = await post("/decide", {
      ...asked,
      headers,
      ...somebody(),
      trace: true,
      dry: true
    })
    const answer: unknown = await response.json()
    if (response.ok && isRecord(answer)) return render(answer)
    clear()
    if (response.status === 401 || response.status === 403) return say("wait", "This page needs the admin token.")
    const faults = isRecord(answer) ? records(answer.errors).map((it) => text(it.message)).join("; ") : ""
    say("deny", `The question could not be asked: ${faults || response.status}`)
  }
  as.addEventListener("change", arrange)
  person.addEventListener("change", arrange)
  input("tool").addEventListener("input", arrange)
  const asked = () =>
    decide().catch((error: unknown) => {
      clear()
      say("wait", `It could not be asked: ${error instanceof Error ? error.message : String(error)}`)
    })
  onSubmit("question", asked)
  /** Somebody to ask as, in one click. */
  const choice = (id: string): HTMLElement => {
    const button = element("button", id)
    button.setAttribute("type", "button")
    button.addEventListener("click", () => {
      person.value = id
      arrange()
      void asked()
    })
    return button
  }
  const offer = (people: ReadonlyArray<Json>) => {
    for (const it of people) person.append(new Option(`${text(it.id)}: ${text(it.note)}`, text(it.id)))
    at("people-known", HTMLDivElement).append(...people.map((it) => choice(text(it.id))))
    if (people.length > 0) person.selectedIndex = 1
    hasPeople = people.length > 0
    arrange()
  }
  /** Servers and agents to choose from; whoever may not list them writes them down. */
  const enter = async () => {
    arrange()
    // Questions may be asked by whoever is here; what there is to choose from is an admin's to see.
    if (session.credential === "") return
    const [config, agents] = await Promise.all([get("/admin/v1/config"), get("/admin/v1/agents?limit=100")])
    const policy = isRecord(config.policy) ? config.policy : {}
    const servers = records(policy.mcp).map((it) => `${text(it.server)}/`)
    at("tool-row", HTMLDivElement).hidden = servers.length === 0 && input("tool").value === ""
    at("servers", HTMLDataListElement).replaceChildren(...servers.map((it) => new Option(it, it)))
    at("agents-known", HTMLDataListElement).replaceChildren(
      ...records(agents.items).map((it) => new Option(text(it.name), text(it.id)))
    )
  }
  return { enter, offer }
}
