/** Who may call which model and use which tool, by which agent, and the same from either side. Runs in the browser. */
import type { Json, Kit } from "./kit.ts"

export const may = (
  { at, body, element, get, head, input, isRecord, list, onSubmit, post, records, stepLines, text }: Kit
) => {
  /** Shows the steps of one question, asked dry. */
  const tell = async (what: string, question: Json) => {
    const response = await post("/decide", { method: "POST", headers: {}, trace: true, dry: true, ...question })
    const answer: unknown = await response.json()
    const box = at("why", HTMLDivElement)
    const steps = element("ol")
    if (isRecord(answer)) {
      const told = records(answer.steps).filter((it) => it.outcome === "denied" || it.step === "hint")
      steps.append(...stepLines(told.length > 0 ? told : answer.steps))
    }
    const heading = element("h3", what)
    heading.tabIndex = -1
    box.replaceChildren(heading, steps)
    box.hidden = false
    heading.focus()
  }
  /** A verdict; one that denies is a button that says why. */
  const verdict = (allowed: boolean, code: string, what: string, question: Json): HTMLElement => {
    if (allowed) return element("span", "yes", "pill allow")
    const button = element("button", code || "no", "pill deny")
    button.setAttribute("type", "button")
    button.setAttribute("aria-label", `${what}: ${code || "no"}, show why`)
    button.addEventListener("click", () => {
      tell(what, question).catch(() => {})
    })
    return button
  }
  const names = (id: string): ReadonlyArray<string> =>
    input(id).value.split(",").map((it) => it.trim()).filter((it) => it !== "")
  const query = (pairs: Record<string, string>): string =>
    new URLSearchParams(Object.entries(pairs).filter(([, it]) => it !== "")).toString()
  /** A call as it is asked about and as it is decided. */
  const callOf = (kind: string, name: string): readonly [Record<string, string>, Json] =>
    kind === "tool"
      ? [{ tool: name }, { tool: name }]
      : [{ model: name }, { path: "/v1/chat/completions", body: { model: name } }]
  const matrix = async () => {
    const agent = input("matrix-agent").value.trim()
    const calls = [
      ...names("matrix-models").map((it) => ["model", it] as const),
      ...names("matrix-tools").map((it) => ["tool", it] as const)
    ]
    const page = await get("/admin/v1/teams?limit=50")
    const rows = records(page.items)
    const note = at("matrix-note", HTMLParagraphElement)
    const lines = await Promise.all(rows.map(async (team) => {
      const id = text(team.id)
      const line = element("tr")
      line.append(element("td", `${id}${team.alias === null ? "" : ` (${text(team.alias)})`}`))
      const answers = await Promise.all(calls.map(async ([kind, name]) => {
        const [asked, question] = callOf(kind, name)
        const answer = await get(`/admin/v1/teams/${encodeURIComponent(id)}/can?${query({ ...asked, agent })}`)
        const why = records(answer.ways).map((it) => text(it.code)).find((it) => it !== "") ?? ""
        const as = { team: id, ...(agent === "" ? {} : { agents: [agent] }) }
        return verdict(answer.allowed === true, why, `${agent === "" ? "" : `${agent} for `}${id}, ${name}`, {
          ...question,
          as
        })
      }))
      for (const answer of answers) {
        const cell = element("td")
        cell.append(answer)
        line.append(cell)
      }
      return line
    })).catch((error: unknown) => {
      note.textContent = error instanceof Error ? error.message : String(error)
      return undefined
    })
    if (lines === undefined) return
    head("matrix", ["Team", ...calls.map(([, it]) => it)])
    body("matrix").replaceChildren(...lines)
    note.textContent = rows.length === 0
      ? "There is no team."
      : `What a team's rows allow${
        agent === "" ? "" : ` and ${agent} may do for it`
      }; the narrower list of a member or of a token counts besides. A denial says why.${
        page.next === null ? "" : " These are the first 50 teams."
      }`
  }
  const row = (cells: ReadonlyArray<string | HTMLElement>): HTMLElement => {
    const line = element("tr")
    line.append(...cells.map((it) => {
      const cell = element("td")
      cell.append(it)
      return cell
    }))
    return line
  }
  const together = (...parts: ReadonlyArray<string>): string => parts.filter((one) => one !== "").join(", ")
  const who = async () => {
    const kind = at("who-kind", HTMLSelectElement).value
    const [asked] = callOf(kind, input("who-model").value.trim())
    const agent = input("who-agent").value.trim()
    const note = at("who-note", HTMLParagraphElement)
    const about = query({ ...asked, agent })
    const each = agent === "" ? "&agents=true" : ""
    const found = await Promise.all([
      get(`/admin/v1/who/teams?${about}&limit=100${each}`),
      get(`/admin/v1/who/users?${about}&limit=100${each}`),
      get(`/admin/v1/anybody/can?${about}`),
      agent === "" ? get(`/admin/v1/who/agents?${about}&limit=100`) : Promise.resolve<Json>({ items: [], next: null })
    ]).catch((error: unknown) => {
      note.textContent = error instanceof Error ? error.message : String(error)
      return undefined
    })
    if (found === undefined) return body("who").replaceChildren()
    const [teams, users, anybody, agents] = found
    const strangers = records(anybody.issuers).filter((it) => it.allowed === true)
    const mayFor = (id: unknown, rows: Json): ReadonlyArray<string> =>
      records(rows.items).filter((it) => Array.isArray(it.agents) && it.agents.includes(id)).map((it) => text(it.id))
    const acting = records(agents.items).map((it) => ({
      it,
      teams: mayFor(it.id, teams).map((id) => `team ${id}`),
      users: mayFor(it.id, users)
    })).filter(({ it, teams, users }) => it.alone === true || teams.length + users.length > 0)
    const lines = [
      ...strangers.map((it) => row(["anybody", `with a token of ${text(it.issuer)}`, "no team"])),
      ...records(teams.items).map((it) => row([`team ${text(it.id)}`, text(it.alias), ""])),
      ...records(users.items).map((it) =>
        row([text(it.id), text(it.email), together(it.alone === true ? "no team" : "", list(it.teams))])
      ),
      ...acting.map(({ it, teams, users }) =>
        row([
          `agent ${text(it.id)}`,
          text(it.name),
          together(
            it.alone === true ? "on its own" : "",
            ...(teams.length + users.length === 0
              ? []
              : [`for ${[...teams, ...users].join(", ")}`])
          )
        ])
      )
    ]
    body("who").replaceChildren(...lines)
    note.textContent = lines.length === 0
      ? "Nobody."
      : [teams, users, agents].every((it) => it.next === null)
      ? ""
      : "The first 100 of each; jotgate who lists all."
  }
  const what = async () => {
    const name = input("what-user").value.trim()
    const agent = input("what-agent").value.trim()
    const id = encodeURIComponent(name)
    const note = at("what-note", HTMLParagraphElement)
    const about = agent === "" ? "" : `?${query({ agent })}`
    const kinds = [["users", "user"], ["teams", "team"], ...(agent === "" ? [["agents", "agent"]] : [])] as const
    let answer: Json | undefined
    let kind = ""
    for (const [rows = "", one = ""] of kinds) {
      answer ??= await get(`/admin/v1/${rows}/${id}/can${rows === "agents" ? "" : about}`).catch(() => undefined)
      if (answer !== undefined && kind === "") kind = one
    }
    const agents = kind === "agent" ? { agents: [name] } : agent === "" ? {} : { agents: [agent] }
    body("what").replaceChildren(
      ...records(answer?.ways).map((it) => {
        const team = text(it.team)
        const as = kind === "user"
          ? { user: name, ...(team === "" ? {} : { teams: [team] }), ...agents }
          : kind === "team"
          ? { team: name, ...agents }
          : agents
        return row([
          team === "" ? "no team" : team,
          // Whoever may use the route and has no model and no tool may call nothing.
          it.allowed === true && list(it.models) === "" && list(it.tools) === ""
            ? element("span", "nothing", "pill wait")
            : verdict(it.allowed === true, text(it.code), `${name}${team === "" ? "" : ` in ${team}`}`, {
              path: "/v1/chat/completions",
              as
            }),
          it.allowed === true ? list(it.models) || "none" : "",
          it.allowed === true ? it.tools === undefined ? "" : list(it.tools) || "none" : ""
        ])
      })
    )
    note.textContent = answer === undefined ? "There is no such user, team or agent." : ""
  }
  onSubmit("matrix-form", matrix)
  onSubmit("who-form", who)
  onSubmit("what-form", what)
  let isOffered = false
  const enter = async () => {
    if (!isOffered) {
      isOffered = true
      const config = await get("/admin/v1/config")
      const policy = isRecord(config.policy) ? config.policy : {}
      const hasServers = records(policy.mcp).length > 0
      for (const id of ["matrix-tools-field", "who-kind-field"]) at(id, HTMLDivElement).hidden = !hasServers
      for (const id of ["matrix-agent-field", "who-agent-field", "what-agent-field"]) {
        at(id, HTMLDivElement).hidden = !hasServers &&
          records((await get("/admin/v1/agents?limit=1")).items).length === 0
      }
    }
    await matrix()
  }
  return { enter }
}

/** People and teams: what they may call, and whom to block. Runs in the browser. */
export const rows = ({ at, body, element, get, input, list, onSubmit, post, records, send, text }: Kit) => {
  const blocker = (kind: string, row: Json): HTMLElement => {
    const cell = element("td")
    const button = element("button", row.blocked === true ? "Unblock" : "Block", row.blocked === true ? "" : "danger")
    const place = `${kind}/${text(row.id)}`
    button.dataset["row"] = place
    button.setAttribute("aria-label", `${button.textContent} ${text(row.id)}`)
    button.addEventListener("click", () => {
      send(`/admin/v1/${kind}/${encodeURIComponent(text(row.id))}`, {
        method: "PATCH",
        body: JSON.stringify({ blocked: row.blocked !== true })
      })
        .then(() => people())
        // The rows are new ones: whoever goes by keys is where they were.
        .then(() => document.querySelector<HTMLElement>(`[data-row="${CSS.escape(place)}"]`)?.focus())
        .catch(() => {})
    })
    cell.append(button)
    return cell
  }
  const named = (row: Json): HTMLElement => {
    const name = element("td", text(row.id))
    if (row.blocked === true) name.append(" ", element("span", "blocked", "pill deny"))
    return name
  }
  const canOf = (kind: string, row: Json) =>
    get(`/admin/v1/${kind}/${encodeURIComponent(text(row.id))}/can`).then((it) =>
      [list(it.models), list(it.tools)].filter((one) => one !== "").join("; ") || "nothing"
    ).catch(() => "")
  const usersLike = async (wanted: string): Promise<ReadonlyArray<Json>> =>
    wanted === ""
      ? records((await get("/admin/v1/users?limit=50")).items)
      : wanted.includes("@")
      ? records((await get(`/admin/v1/users?email=${encodeURIComponent(wanted)}`)).items)
      : [await get(`/admin/v1/users/${encodeURIComponent(wanted)}`)]
  const people = async () => {
    const users = await usersLike(input("people-find").value.trim()).catch((): ReadonlyArray<Json> => [])
    const teams = records((await get("/admin/v1/teams?limit=50")).items)
    const agents = records((await get("/admin/v1/agents?limit=50")).items)
    at("agents-card", HTMLDivElement).hidden = agents.length === 0
    body("agents").replaceChildren(...agents.map((agent) => {
      const line = element("tr")
      const said = (it: unknown): string => it === null ? "not narrowed" : list(it) || "none"
      const cells = [
        text(agent.name),
        said(agent.tools),
        said(agent.models),
        agent.teams === null ? "any" : list(agent.teams),
        agent.autonomous === true ? "yes" : ""
      ]
      line.append(named(agent), ...cells.map((it) => element("td", it)), blocker("agents", agent))
      return line
    }))
    body("users").replaceChildren(
      ...await Promise.all(users.map(async (user) => {
        const line = element("tr")
        const cells = [text(user.email), text(user.role), list(user.teams), await canOf("users", user)]
        line.append(named(user), ...cells.map((it) => element("td", it)), blocker("users", user))
        return line
      }))
    )
    body("teams").replaceChildren(
      ...await Promise.all(teams.map(async (team) => {
        const line = element("tr")
        const spent = `${text(team.spend)}${team.maxBudget === null ? "" : ` of ${text(team.maxBudget)}`}`
        const cells = [text(team.alias), text(team.organization), await canOf("teams", team), spent]
        line.append(named(team), ...cells.map((it) => element("td", it)), blocker("teams", team))
        return line
      }))
    )
  }
  onSubmit("people-form", people)
  onSubmit("deny-form", async () => {
    const issuer = at("deny-issuer", HTMLSelectElement).value
    const what = at("deny-what", HTMLSelectElement).value
    const response = await post("/admin/v1/deny", { issuer, [what]: input("deny-value").value.trim() })
    const answer: unknown = await response.json()
    at("deny-note", HTMLParagraphElement).textContent = response.ok
      ? "Denied from now on."
      : `It could not be denied: ${
        typeof answer === "object" && answer !== null && "detail" in answer ? text(answer.detail) : response.status
      }`
  })
  const enter = async () => {
    const issuers = records((await get("/admin/v1/issuers")).items)
    at("deny-issuer", HTMLSelectElement).replaceChildren(
      ...issuers.map((it) => new Option(text(it.id), text(it.issuer)))
    )
    await people()
  }
  return { enter }
}
