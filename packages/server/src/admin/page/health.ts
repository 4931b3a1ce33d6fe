/** Readiness, decisions and denials, times and upstreams, as figures and small charts. Runs in the browser. */
import type { Json, Kit } from "./kit.ts"

export const state = ({ at, body, element, get, isRecord, list, records, send, svg, text }: Kit) => {
  const minutes = 30
  const part = (sorted: ReadonlyArray<number>, of: number): number | undefined =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * of))]
  const millis = (it: number | undefined): string => it === undefined ? "–" : `${it.toFixed(it < 10 ? 2 : 0)} ms`
  const timesOf = (items: ReadonlyArray<Json>): ReadonlyArray<number> =>
    items.map((it) => Number(it.millis)).toSorted((a, b) => a - b)
  const tile = (value: string, name: string, kind = ""): HTMLElement => {
    const made = element("div", "", "card tile")
    made.append(element("b", value, kind), element("span", name))
    return made
  }
  /** The width of a minute: a phone has half the room, and the words must stay as large. */
  const slot = (): number => matchMedia("(max-width: 40rem)").matches ? 11 : 20
  /** A frame with its two ends of time and its highest value. */
  const frame = (label: string, top: string): SVGElement => {
    const end = slot() * minutes
    const chart = svg("svg", { viewBox: `0 0 ${end} 150`, role: "img", "aria-label": label })
    chart.append(svg("line", { x1: 0, y1: 125, x2: end, y2: 125 }), svg("line", { x1: 0, y1: 20, x2: end, y2: 20 }))
    const words = [
      [0, 143, "start", `${minutes} minutes ago`],
      [end, 143, "end", "now"],
      [0, 14, "start", top]
    ] as const
    for (const [x, y, anchor, said] of words) {
      const one = svg("text", { x, y, "text-anchor": anchor })
      one.textContent = said
      chart.append(one)
    }
    return chart
  }
  const counts = (slots: ReadonlyArray<ReadonlyArray<Json>>): SVGElement => {
    const most = Math.max(1, ...slots.map((it) => it.length))
    const chart = frame(`Decisions of the last ${minutes} minutes, at most ${most} a minute`, String(most))
    slots.forEach((items, index) => {
      const allowed = items.filter((it) => it.verdict === "allow").length
      const height = (count: number) => count / most * 105
      const bar = (kind: string, from: number, count: number) =>
        svg("rect", {
          class: kind,
          x: slot() * (index + 0.15),
          width: slot() * 0.7,
          y: 125 - height(from + count),
          height: height(count)
        })
      chart.append(bar("allow", 0, allowed), bar("deny", allowed, items.length - allowed))
    })
    return chart
  }
  const lines = (slots: ReadonlyArray<ReadonlyArray<Json>>): SVGElement => {
    const points = slots.map((it) => timesOf(it)).map((it) => ({ half: part(it, 0.5), most: part(it, 0.95) }))
    const top = Math.max(0.01, ...points.map((it) => it.most ?? 0))
    const chart = frame(`Times of decisions of the last ${minutes} minutes, at most ${millis(top)}`, millis(top))
    for (const kind of ["most", "half"] as const) {
      const known = points.flatMap((it, index) => {
        const value = it[kind]
        return value === undefined ? [] : [[slot() * (index + 0.5), 125 - value / top * 105] as const]
      })
      chart.append(svg("polyline", { class: kind, points: known.map((it) => it.join(",")).join(" ") }))
      chart.append(...known.map(([cx, cy]) => svg("circle", { class: kind, cx, cy, r: 2.5 })))
    }
    return chart
  }
  const codesOf = (items: ReadonlyArray<Json>): ReadonlyArray<HTMLElement> => {
    const codes = new Map<string, number>()
    for (const it of items) if (it.code !== null) codes.set(text(it.code), (codes.get(text(it.code)) ?? 0) + 1)
    if (codes.size === 0) return [element("p", "No denial.", "note")]
    const most = Math.max(1, ...codes.values())
    return [...codes].toSorted((a, b) => b[1] - a[1]).map(([code, count]) => {
      const line = element("div", "", "meter")
      const bar = svg("svg", { viewBox: "0 0 100 6", preserveAspectRatio: "none", "aria-hidden": "true" })
      bar.append(svg("rect", { width: count / most * 100, height: 6, rx: 1 }))
      line.append(element("code", code), bar, element("span", String(count)))
      return line
    })
  }
  const upstreams = (items: ReadonlyArray<Json>) => {
    const known = new Map<string, Array<Json>>()
    for (const { upstream } of items) {
      if (isRecord(upstream)) known.set(text(upstream.name), [...(known.get(text(upstream.name)) ?? []), upstream])
    }
    body("upstreams").replaceChildren(...[...known].map(([name, answers]) => {
      const line = element("tr")
      const failed = answers.filter((it) => it.status === null || Number(it.status) >= 500).length
      const bytes = answers.flatMap((it) => typeof it.firstByteMillis === "number" ? [it.firstByteMillis] : [])
        .toSorted((a, b) => a - b)
      const fails = element("td")
      fails.append(failed === 0 ? "0" : element("span", String(failed), "pill deny"))
      line.append(element("td", name), element("td", String(answers.length)), fails)
      line.append(element("td", millis(part(bytes, 0.5))))
      return line
    }))
    at("upstreams-note", HTMLParagraphElement).textContent = known.size === 0 ? "Nothing was sent to an upstream." : ""
  }
  const health = async () => {
    const ready: unknown = await (await send("/readyz")).json()
    const metrics = await (await send("/metrics")).text()
    const recent = records((await get(`/admin/v1/decisions?since=${minutes}m&limit=1000`)).items)
    const sum = (name: string): number =>
      metrics.split("\n").filter((it) => it.startsWith(`${name}{`) || it.startsWith(`${name} `)).reduce(
        (all, it) => all + Number(it.slice(it.lastIndexOf(" "))),
        0
      )
    const status = isRecord(ready) ? text(ready.status) : "?"
    const missing = isRecord(ready) ? list(ready.missing) : ""
    const times = timesOf(recent)
    at("tiles", HTMLDivElement).replaceChildren(
      tile(status, missing === "" ? "readiness" : `without ${missing}`, status === "ready" ? "allow" : "deny"),
      tile(String(sum("jotgate_decisions_total")), "decisions since the start"),
      tile(String(sum("jotgate_requests_in_flight")), "requests in flight"),
      tile(millis(part(times, 0.5)), "a decision, median"),
      tile(millis(part(times, 0.99)), "a decision, 99th percentile"),
      tile(millis(sum("jotgate_event_loop_delay_p99_seconds") * 1000), "event-loop delay, 99th percentile")
    )
    const slots = Array.from({ length: minutes }, (): Array<Json> => [])
    for (const it of recent) {
      slots[minutes - 1 - Math.floor((Date.now() - Date.parse(text(it.time))) / 60_000)]?.push(it)
    }
    at("chart-decisions", HTMLDivElement).replaceChildren(counts(slots))
    at("chart-times", HTMLDivElement).replaceChildren(lines(slots))
    at("chart-codes", HTMLDivElement).replaceChildren(...codesOf(recent))
    upstreams(recent)
  }
  return { enter: health }
}
