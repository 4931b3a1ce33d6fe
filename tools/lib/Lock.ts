/**
 * The lock file, made complete and free of download addresses.
 *
 * npm locks only those platform packages that it could see while it resolved; where a registry mirror holds one platform
 * alone the others are left out, and `npm ci` then refuses the lock file. Their versions are known (the parent names
 * them exactly), so the missing entries are written from the names; npm skips the ones of other platforms unseen.
 */

interface Entry {
  readonly version?: string
  readonly resolved?: string
  readonly link?: boolean
  readonly dev?: boolean
  readonly optional?: boolean
  readonly os?: ReadonlyArray<string>
  readonly cpu?: ReadonlyArray<string>
  readonly libc?: ReadonlyArray<string>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

export interface Lock {
  readonly packages: Readonly<Record<string, Entry>>
}

const systems = ["aix", "android", "darwin", "freebsd", "linux", "netbsd", "openbsd", "openharmony", "sunos", "win32"]
const processors = ["arm", "arm64", "ia32", "loong64", "mips64el", "ppc64", "riscv64", "s390x", "wasm32", "x64"]
const libraries: Readonly<Record<string, string>> = {
  musl: "musl",
  musleabihf: "musl",
  glibc: "glibc",
  gnu: "glibc",
  gnueabihf: "glibc"
}

const platformOf = (name: string): Pick<Entry, "cpu" | "libc" | "os"> => {
  const words = name.split(/[-/]/)
  const cpu = processors.filter((it) => words.includes(it))
  const os = systems.filter((it) => words.includes(it))
  const libc = words.flatMap((it) => libraries[it] ?? [])
  return { ...(cpu.length > 0 ? { cpu } : {}), ...(libc.length > 0 ? { libc } : {}), ...(os.length > 0 ? { os } : {}) }
}

/** The entries that optional dependencies ask for and the lock file lacks. */
export const missing = ({ packages }: Lock): Readonly<Record<string, Entry>> => {
  const found: Record<string, Entry> = {}
  for (const [at, { dev, optionalDependencies = {} }] of Object.entries(packages)) {
    for (const [name, range] of Object.entries(optionalDependencies)) {
      const key = `node_modules/${name}`
      if (packages[`${at}/${key}`] !== undefined || packages[key] !== undefined) continue
      if (!/^\d/.test(range)) throw new Error(`${at} wants ${name} ${range}: its version cannot be told from that`)
      found[key] = { version: range, ...(dev === true ? { dev } : {}), optional: true, ...platformOf(name) }
    }
  }
  return found
}

/** The entries that say from where they were downloaded. */
export const addressed = ({ packages }: Lock): ReadonlyArray<string> =>
  Object.entries(packages).filter(([, it]) => it.link !== true && it.resolved !== undefined).map(([key]) => key)

/** The same lock file with the missing entries, without download addresses. */
export const complete = <A extends Lock>(lock: A): A => {
  const entries = Object.entries({ ...lock.packages, ...missing(lock) }).map(([key, it]): [string, Entry] => {
    const { resolved, ...rest } = it
    return [key, it.link === true && resolved !== undefined ? { resolved, ...rest } : rest]
  })
  return { ...lock, packages: Object.fromEntries(entries.toSorted(([left], [right]) => left < right ? -1 : 1)) }
}
