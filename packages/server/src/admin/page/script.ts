/**
 * The script of the console: its views, each the source text of its function,
 * joined by their addresses.
 */
import { verdicts } from "@jotgate/core/StepText"
import { ask } from "./ask.ts"
import { decisions } from "./decisions.ts"
import { state } from "./health.ts"
import { type Kit, kit } from "./kit.ts"
import { may, rows } from "./rows.ts"
import { settings, trust } from "./state.ts"

/** Shows the view that the address names, and goes with it. */
const page = async (
  { at, get, onSubmit, records, input, session, text, tokenOf }: Kit,
  views: Readonly<Record<string, { readonly enter: (id: string | undefined) => Promise<void> }>>,
  offer: (people: ReadonlyArray<Record<string, unknown>>) => void
): Promise<void> => {
  const enter = (focus: boolean) => {
    const [name = "ask", id] = location.hash.slice(1).split("/")
    const chosen = views[name] === undefined ? "ask" : name
    for (const one of Object.keys(views)) {
      at(`view-${one}`, HTMLElement).hidden = one !== chosen
      const tab = at(`tab-${one}`, HTMLAnchorElement)
      if (one === chosen) tab.setAttribute("aria-current", "page")
      else tab.removeAttribute("aria-current")
    }
    if (focus) at(`title-${chosen}`, HTMLElement).focus()
    views[chosen]?.enter(id === undefined ? undefined : decodeURIComponent(id)).catch(() => {})
  }
  /** What an admin sees of the file in force, for places in it. */
  const look = async () => {
    if (session.credential === "") return
    const { file } = await get("/admin/v1/config/status")
    session.file = text(file).split("/").at(-1) ?? ""
  }
  onSubmit("admin-field", async () => {
    session.credential = input("admin").value
    enter(false)
    await look()
  })
  window.addEventListener("hashchange", () => enter(true))
  const response = await fetch("/page/people")
  const people = records(await response.json())
  if (people.some((it) => it.id === "admin")) session.credential = await tokenOf("admin")
  offer(people)
  enter(false)
  await look().catch(() => {})
}

/** The source text that the browser runs. */
export const script = `(() => {
const kit = (${kit.toString()})(${JSON.stringify(verdicts)})
const ask = (${ask.toString()})(kit)
const views = {
ask,
decisions: (${decisions.toString()})(kit),
may: (${may.toString()})(kit),
people: (${rows.toString()})(kit),
issuers: (${trust.toString()})(kit),
configuration: (${settings.toString()})(kit),
health: (${state.toString()})(kit)
}
return (${page.toString()})(kit, views, ask.offer)
})()
`
