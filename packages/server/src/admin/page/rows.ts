/** Who may call which model. Runs in the browser. */
import type { Json, Kit } from "./kit.ts"

export const may = ({ at, body, element, get, input, onSubmit, records, text }: Kit) => {
  const matrix = async () => {
    const note = at("matrix-note", HTMLParagraphElement)
    const models = input("matrix-models").value.split(",").map((it) => it.trim()).filter((it) => it !== "")
    const head = element("tr")
    head.append(...["Team", ...models].map((it) => {
      const cell = element("th", it)
      cell.setAttribute("scope", "col")
      return cell
    }))
    at("matrix", HTMLTableElement).tHead?.replaceChildren(head)
    const rows = records((await get("/admin/v1/teams?limit=100")).items)
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
        cell.append(
          element(
            "span",
            answer.allowed === true ? "yes" : why || "no",
            `pill ${answer.allowed === true ? "allow" : "deny"}`
          )
        )
        line.append(cell)
      }
      return line
    }))
    body("matrix").replaceChildren(...lines)
    note.textContent = rows.length === 0
      ? "There is no team."
      : "What a team's rows allow; the narrower list of a member or of a token counts besides."
  }
  onSubmit("matrix-form", matrix)
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
  const people = async () => {
    const wanted = input("people-find").value.trim()
    const users = wanted === ""
      ? records((await get("/admin/v1/users?limit=50")).items)
      : [await get(`/admin/v1/users/${encodeURIComponent(wanted)}`)]
    const teams = records((await get("/admin/v1/teams?limit=50")).items)
    const lines = await Promise.all(users.map(async (user) => {
      const line = element("tr")
      const can = await get(`/admin/v1/users/${encodeURIComponent(text(user.id))}/can`).catch((): Json => ({}))
      const name = element("td", text(user.id))
      if (user.blocked === true) name.append(" ", element("span", "blocked", "pill deny"))
      line.append(
        name,
        ...[text(user.email), text(user.role), list(user.teams), list(can.models)].map((it) => element("td", it)),
        blocker("users", user)
      )
      return line
    }))
    body("users").replaceChildren(...lines)
    body("teams").replaceChildren(...teams.map((team) => {
      const line = element("tr")
      const name = element("td", text(team.id))
      if (team.blocked === true) name.append(" ", element("span", "blocked", "pill deny"))
      line.append(
        name,
        ...[
          text(team.alias),
          text(team.organization),
          list(team.models) || "all",
          `${text(team.spend)}${team.maxBudget === null ? "" : ` of ${text(team.maxBudget)}`}`
        ].map((it) => element("td", it)),
        blocker("teams", team)
      )
      return line
    }))
  }
  onSubmit("people-form", people)
  onSubmit("deny-form", async () => {
    const response = await post("/admin/v1/deny", { issuer: input("deny-issuer").value, jti: input("deny-jti").value })
    at("deny-note", HTMLParagraphElement).textContent = response.ok
      ? "This token is denied from now on."
      : "It could not be denied."
  })
  return { enter: people }
}
