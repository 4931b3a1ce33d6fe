/** Issuers: keys with their ages, last errors, and what tokens were refused for. Runs in the browser. */
import type { Kit } from "./kit.ts"

export const trust = ({ at, body, clock, element, get, list, records, rowsOf, text }: Kit) => {
  const issuers = async () => {
    const items = records((await get("/admin/v1/issuers")).items)
    at("issuers", HTMLDivElement).replaceChildren(...items.map((it) => {
      const card = element("div", "", "card")
      const facts = element("dl")
      facts.append(...rowsOf([
        ["issuer", it.issuer],
        ["keys", records(it.keys).map((key) => `${text(key.kid) || "no kid"} (${list(key.algorithms)})`)],
        ["fetched", it.ageSeconds === null ? "never" : `${Math.round(Number(it.ageSeconds))} s ago`],
        ["next fetch", it.nextRefreshSeconds === null ? "" : `in ${Math.round(Number(it.nextRefreshSeconds))} s`],
        ["last error", it.lastError],
        ["stale", it.stale === true ? "yes" : ""]
      ]))
      card.append(
        element("h3", text(it.id)),
        element("span", it.ready === true ? "ready" : "no keys", `pill ${it.ready === true ? "allow" : "deny"}`),
        facts
      )
      return card
    }))
    const refused = records((await get("/admin/v1/decisions?status=401&since=1h&limit=1000")).items)
    const causes = new Map<string, { count: number; last: string }>()
    for (const it of refused) {
      const cause = text(it.cause) || text(it.code)
      const known = causes.get(cause)
      causes.set(cause, { count: (known?.count ?? 0) + 1, last: known?.last ?? clock(it.time) })
    }
    body("refusals").replaceChildren(...[...causes].map(([cause, it]) => {
      const line = element("tr")
      line.append(element("td", cause), element("td", String(it.count)), element("td", it.last))
      return line
    }))
    at("refusals-note", HTMLParagraphElement).textContent = causes.size === 0 ? "None." : ""
  }
  return { enter: issuers }
}

/** The configuration in force, and what is wrong with another one. Runs in the browser. */
export const settings = ({ at, element, get, isRecord, onSubmit, post, records, text }: Kit) => {
  const configuration = async () => {
    at("config", HTMLPreElement).textContent = JSON.stringify(await get("/admin/v1/config"), null, 2)
  }
  const validate = async () => {
    const answer: unknown =
      await (await post("/admin/v1/config/validate", { text: at("config-text", HTMLTextAreaElement).value })).json()
    const box = at("findings", HTMLDivElement)
    const found = isRecord(answer) ? records(answer.findings) : []
    const state = element("p")
    state.append(
      isRecord(answer) && answer.valid === true
        ? element("span", found.length === 0 ? "sound" : "sound, something to look at", "pill allow")
        : element("span", "cannot be used", "pill deny")
    )
    box.replaceChildren(
      state,
      ...found.map((it) =>
        element("p", `${text(it.line)}:${text(it.column)} ${text(it.path)}: ${text(it.message)}`, "note")
      )
    )
  }
  onSubmit("validate", validate)
  return { enter: configuration }
}

/** Readiness, decisions and denials, as figures and small charts. Runs in the browser. */
export const state = ({ at, element, get, isRecord, records, send, svg, text }: Kit) => {
  const health = async () => {
    const ready: unknown = await (await send("/readyz")).json()
    const metrics = await (await send("/metrics")).text()
    const recent = records((await get("/admin/v1/decisions?since=30m&limit=1000")).items)
    const sum = (name: string): number =>
      metrics.split("\n").filter((it) => it.startsWith(`${name}{`) || it.startsWith(`${name} `)).reduce(
        (all, it) => all + Number(it.slice(it.lastIndexOf(" "))),
        0
      )
    const times = recent.map((it) => Number(it.millis)).toSorted((a, b) => a - b)
    const tile = (value: string, name: string): HTMLElement => {
      const made = element("div", "", "card tile")
      made.append(element("b", value), element("span", name))
      return made
    }
    at("tiles", HTMLDivElement).replaceChildren(
      tile(isRecord(ready) ? text(ready.status) || (ready.ready === true ? "ready" : "not ready") : "?", "readiness"),
      tile(String(sum("jotgate_decisions_total")), "decisions since the start"),
      tile(String(sum("jotgate_requests_in_flight")), "requests in flight"),
      tile(
        times.length === 0 ? "–" : `${(times[Math.floor(times.length / 2)] ?? 0).toFixed(2)} ms`,
        "median decision, last 30 minutes"
      ),
      tile(
        times.length === 0 ? "–" : `${(times[Math.floor(times.length * 0.99)] ?? 0).toFixed(2)} ms`,
        "99th percentile"
      )
    )
    const minutes = 30
    const counts = Array.from({ length: minutes }, () => ({ allow: 0, deny: 0 }))
    for (const it of recent) {
      const ago = Math.floor((Date.now() - Date.parse(text(it.time))) / 60_000)
      const slot = counts[minutes - 1 - ago]
      if (slot !== undefined) slot[it.verdict === "allow" ? "allow" : "deny"]++
    }
    const top = Math.max(1, ...counts.map((it) => it.allow + it.deny))
    const chart = svg("svg", {
      viewBox: "0 0 600 150",
      role: "img",
      "aria-label": `Decisions of the last ${minutes} minutes, at most ${top} a minute`
    })
    chart.append(svg("line", { x1: 0, y1: 125, x2: 600, y2: 125 }))
    counts.forEach(({ allow, deny }, index) => {
      const height = (count: number) => count / top * 105
      chart.append(
        svg("rect", { class: "allow", x: index * 20 + 3, width: 14, y: 125 - height(allow), height: height(allow) }),
        svg("rect", {
          class: "deny",
          x: index * 20 + 3,
          width: 14,
          y: 125 - height(allow) - height(deny),
          height: height(deny)
        })
      )
    })
    for (
      const [x, anchor, words] of [[0, "start", "30 minutes ago"], [600, "end", "now"], [0, "start", `${top}`]] as const
    ) {
      const label = svg("text", { x, y: words === `${top}` ? 12 : 143, "text-anchor": anchor })
      label.textContent = words
      chart.append(label)
    }
    at("chart-decisions", HTMLDivElement).replaceChildren(chart)
    const codes = new Map<string, number>()
    for (const it of recent) if (it.code !== null) codes.set(text(it.code), (codes.get(text(it.code)) ?? 0) + 1)
    const most = Math.max(1, ...codes.values())
    at("chart-codes", HTMLDivElement).replaceChildren(
      ...(codes.size === 0 ? [element("p", "No denial in the last 30 minutes.", "note")] : []),
      ...[...codes].toSorted((a, b) => b[1] - a[1]).map(([code, count]) => {
        const line = element("div", "", "meter")
        const bar = svg("svg", { viewBox: "0 0 100 6", preserveAspectRatio: "none", "aria-hidden": "true" })
        bar.append(svg("rect", { width: count / most * 100, height: 6, rx: 1 }))
        line.append(element("code", code), bar, element("span", String(count)))
        return line
      })
    )
  }
  return { enter: health }
}
