/**
 * The figures of several processes as one text of Prometheus' exposition format:
 * what is counted is added up, of what is an age or a state the largest stands.
 */

/** Gauges that are not a share of a whole. */
const isExtreme = /_(?:seconds|timestamp|age|ready|up|info|ratio)$/

interface Family {
  help: string
  type: string
  readonly series: Map<string, number>
}

const numberOf = (text: string): number => text === "+Inf" ? Infinity : text === "-Inf" ? -Infinity : Number(text)

const textOf = (value: number): string => value === Infinity ? "+Inf" : value === -Infinity ? "-Inf" : String(value)

/** Puts texts together, series by series. */
export const joined = (texts: ReadonlyArray<string>): string => {
  const families = new Map<string, Family>()
  const family = (name: string): Family => {
    const known = families.get(name)
    if (known !== undefined) return known
    const made: Family = { help: "", type: "untyped", series: new Map() }
    families.set(name, made)
    return made
  }
  for (const text of texts) {
    let current = ""
    for (const line of text.split("\n")) {
      const meta = /^# (HELP|TYPE) (\S+) ?(.*)$/.exec(line)
      if (meta !== null) {
        const [, what, name = "", rest = ""] = meta
        current = name
        if (what === "HELP") family(name).help = rest
        else family(name).type = rest
        continue
      }
      const found = /^([^\s{]+(?:\{.*\})?) (\S+)$/.exec(line)
      if (found === null) continue
      const [, name = "", value = ""] = found
      const { series, type } = family(current)
      const before = series.get(name)
      const now = numberOf(value)
      if (before === undefined) series.set(name, now)
      else series.set(name, type === "gauge" && isExtreme.test(current) ? Math.max(before, now) : before + now)
    }
  }
  let all = ""
  for (const [name, { help, series, type }] of families) {
    if (help !== "") all += `# HELP ${name} ${help}\n`
    all += `# TYPE ${name} ${type}\n`
    for (const [key, value] of series) all += `${key} ${textOf(value)}\n`
  }
  return all
}
