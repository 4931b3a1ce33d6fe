/** Who may call which model, and the same from either side. Runs in the browser. */
import type { Json, Kit } from "./kit.ts"

export const may = ({ at, body, element, get, head, input, list, onSubmit, records, text }: Kit) => {
  const verdict = (allowed: boolean, why: string): HTMLElement =>
    element("span", allowed ? "yes" : why || "no", `pill ${allowed ? "allow" : "deny"}`)
  const matrix = async () => {
    const models = input("matrix-models").value.split(",").map((it) => it.trim()).filter((it) => it !== "")
    head("matrix", ["Team", ...models])
    const page = await get("/admin/v1/teams?limit=50")
    const rows = records(page.items)
    const lines = await Promise.all(rows.map(async (team) => {
      const line = element("tr")
      line.append(element("td", `${text(team.id)}${team.alias === null ? "" : ` (${text(team.alias)})`}`))
      const answers = await Promise.all(
        models.map((model) =>
          get(`/admin/v1/teams/${encodeURIComponent(text(team.id))}/can?model=${encodeURIComponent(model)}`)
        )
      )
      for (const answer of answers) {
        const cell = element("td")
        const why = records(answer.ways).map((it) => text(it.code)).find((it) => it !== "") ?? ""
        cell.append(verdict(answer.allowed === true, why))
        line.append(cell)
      }
      return line
    }))
    body("matrix").replaceChildren(...lines)
    at("matrix-note", HTMLParagraphElement).textContent = rows.length === 0
      ? "There is no team."
      : `What a team's rows allow; the narrower list of a member or of a token counts besides.${
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
  const who = async () => {
    const query = `model=${encodeURIComponent(input("who-model").value.trim())}&limit=100`
    const [teams, users, anybody] = await Promise.all(
      [`/admin/v1/who/teams?${query}`, `/admin/v1/who/users?${query}`, `/admin/v1/anybody/can?${query.split("&")[0]}`]
        .map(get)
    )
    const strangers = records(anybody?.issuers).filter((it) => it.allowed === true)
    const lines = [
      ...strangers.map((it) => row(["anybody", `with a token of ${text(it.issuer)}`, "no team"])),
      ...records(teams?.items).map((it) => row([`team ${text(it.id)}`, text(it.alias), ""])),
      ...records(users?.items).map((it) =>
        row([
          text(it.id),
          text(it.email),
          [it.alone === true ? "no team" : "", list(it.teams)].filter((one) => one !== "").join(", ")
        ])
      )
    ]
    body("who").replaceChildren(...lines)
    at("who-note", HTMLParagraphElement).textContent = lines.length === 0
      ? "Nobody."
      : teams?.next === null && users?.next === null
      ? ""
      : "The first 100 of each; jotgate who lists all."
  }
  const what = async () => {
    const id = encodeURIComponent(input("what-user").value.trim())
    const note = at("what-note", HTMLParagraphElement)
    const answer = await get(`/admin/v1/users/${id}/can`).catch(() => get(`/admin/v1/teams/${id}/can`))
      .catch((): Json | undefined => undefined)
    body("what").replaceChildren(
      ...records(answer?.ways).map((it) =>
        row([
          it.team === null ? "no team" : text(it.team),
          verdict(it.allowed === true, text(it.code)),
          it.allowed === true ? list(it.models) || "all" : ""
        ])
      )
    )
    note.textContent = answer === undefined ? "There is no such user or team." : ""
  }
  onSubmit("matrix-form", matrix)
  onSubmit("who-form", who)
  onSubmit("what-form", what)
  return { enter: matrix }
}

/** People and teams: what they may call, and whom to block. Runs in the browser. */
export const rows = ({ at, body, element, get, input, list, onSubmit, post, records, send, text }: Kit) => {
  const blocker = (kind: string, row: Json): HTMLElement => {
    const cell = element("td")
    const button = element("button", row.blocked === true ? "Unblock" : "Block", row.blocked === true ? "" : "danger")
    button.setAttribute("aria-label", `${button.textContent} ${text(row.id)}`)
    button.addEventListener("click", () => {
      send(`/admin/v1/${kind}/${encodeURIComponent(text(row.id))}`, {
        method: "PATCH",
        body: JSON.stringify({ blocked: row.blocked !== true })
      })
        .then(() => people()).catch(() => {})
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
    get(`/admin/v1/${kind}/${encodeURIComponent(text(row.id))}/can`).then((it) => list(it.models) || "nothing").catch(
      () => ""
    )
  const usersLike = async (wanted: string): Promise<ReadonlyArray<Json>> =>
    wanted === ""
      ? records((await get("/admin/v1/users?limit=50")).items)
      : wanted.includes("@")
      ? records((await get(`/admin/v1/users?email=${encodeURIComponent(wanted)}`)).items)
      : [await get(`/admin/v1/users/${encodeURIComponent(wanted)}`)]
  const people = async () => {
    const users = await usersLike(input("people-find").value.trim()).catch((): ReadonlyArray<Json> => [])
    const teams = records((await get("/admin/v1/teams?limit=50")).items)
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
