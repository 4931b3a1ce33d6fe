/**
 * The page of the installation, walked: `node --conditions=source tools/walk.ts TARBALL`, which `npm run packed` does.
 *
 * Runs every block of docs/install.md in its order, from the packed command in an otherwise empty folder. Absolute paths
 * lie below that folder, ports are free ones, and an issuer, an upstream and a second release of this machine stand in
 * for those of the reader; `systemctl` is a script that starts what the unit says, Prometheus looks every quarter of a
 * second, and no process waits for balancers when it ends. Needs Debian's `prometheus`.
 */
import { Ports } from "@jotgate/servers"
import { Effect, Schedule } from "effect"
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import { homedir, tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { blocksOf, textOf } from "../packages/cli/test/support/Documents.ts"
import * as IssuerServer from "../packages/cli/test/support/IssuerServer.ts"
import { run } from "./lib/Run.ts"

const root = mkdtempSync(join(tmpdir(), "jotgate-walk-"))
for (const folder of ["etc/prometheus", "etc/systemd/system", "var/cache", "var/backups", "opt", "run", "bin"]) {
  mkdirSync(join(root, folder), { recursive: true })
}

/** Starts and stops what a unit says, in the background, with the environment that it names; what runs once, in front. */
const systemctl = (prometheus: number): string =>
  `#!/bin/bash
[ "$*" = daemon-reload ] && exit 0
[ "$1" = enable ] && set -- start "$3"
case $2 in
  *.timer) grep -q OnCalendar= ${root}/etc/systemd/system/$2; exit ;;
  *.service)
    sed -n 's/^ExecStart\\(Post\\)*=//p' ${root}/etc/systemd/system/$2 | sed 's/%%/%/g; s/[$][$]/$/g' | bash -ef
    exit ;;
esac
pid=${root}/run/$2.pid
if [ $1 != start ] && [ -f $pid ]; then
  kill $(cat $pid)
  while kill -0 $(cat $pid) 2> /dev/null; do sleep 0.1; done
  rm $pid
fi
[ $1 = stop ] && exit 0
cd ${root}/run
if [ $2 = prometheus ]; then
  exec="prometheus --config.file=${root}/etc/prometheus/prometheus.yml --storage.tsdb.path=${root}/run/tsdb"
  exec="$exec --web.listen-address=127.0.0.1:${prometheus}"
else
  exec=$(sed -n 's/^ExecStart=//p' ${root}/etc/systemd/system/$2.service)
  set -a; . ${root}/etc/jotgate/environment; set +a
fi
setsid $exec > ${root}/run/$2.log 2>&1 < /dev/null &
echo $! > $pid
`

const done = async (command: string, args: ReadonlyArray<string>, cwd: string): Promise<string> => {
  const { code, output } = await run(command, args, { cwd })
  if (code !== 0) throw new Error(`${command} ${args.join(" ")}: ${output}`)
  return output
}

/** Two releases: the packed command under the versions that the page names. */
const releases = async (tarball: string): Promise<void> => {
  await done("tar", ["xzf", tarball], root)
  const manifest = join(root, "package/package.json")
  const text = readFileSync(manifest, "utf8")
  const [, older = "", newer = ""] = / OLD=(\S+) NEW=(\S+)/.exec(textOf("docs/install.md")) ?? []
  for (const version of [older, newer]) {
    writeFileSync(manifest, text.replace(/"version": "[^"]*"/, `"version": "${version}"`))
    await done("tar", ["cf", "next.tar", "package"], root)
    await done("gzip", ["-1", "next.tar"], root)
    renameSync(join(root, "next.tar.gz"), join(root, `jotgate-${version}.tgz`))
  }
  rmSync(join(root, "package"), { recursive: true })
}

const walk = Effect.gen(function*() {
  const ports = yield* Effect.promise(() => Promise.all([Ports.free(), Ports.free(), Ports.free()]))
  const [gate, admin, prometheus] = ports
  const realm = "/realms/acme"
  const issuer = yield* IssuerServer.make((_, answer) => void answer.end(JSON.stringify(issuer.idp().jwks)))
  const upstream = createServer((asked, answer) => void asked.resume().on("end", () => answer.end("{}")))
  yield* Effect.callback<void>((resume) => void upstream.listen(0, "127.0.0.1", () => resume(Effect.void)))
  const address = upstream.address()
  const token = yield* issuer.idp().token({
    now: Math.floor(Date.now() / 1000),
    claims: { iss: issuer.origin + realm, sub: "ada", aud: ["llm-gateway", "account"], typ: "Bearer", azp: "llm-cli" }
  })
  for (
    const [name, text] of [["systemctl", systemctl(prometheus)], ["apt-get", "#!/bin/sh\ncommand -v $3\n"]] as const
  ) {
    writeFileSync(join(root, "bin", name), text)
    chmodSync(join(root, "bin", name), 0o755)
  }
  yield* Effect.promise(() => releases(resolve(process.argv[2] ?? "")))

  /** A block as it is run here. */
  const here = (block: string): string =>
    block
      .replaceAll(/(?<![\w./])\/(opt|etc|var)(?=\/)/g, `${root}/$1`)
      .replaceAll("https://id.acme.com", issuer.origin)
      .replaceAll(":4180", `:${gate}`)
      .replaceAll(":4181", `:${admin}`)
      .replaceAll(":9090", `:${prometheus}`)
      .replaceAll(":4000", `:${typeof address === "object" ? address?.port : 0}`)
      .replaceAll("15s", "250ms")
      .replace("\ngateway:\n", "\ngateway:\n  drain: 0s\n")
      .replaceAll("snippets systemd", `snippets systemd | sed -E 's#(=-?| )/(opt|etc|var)/#\\1${root}/\\2/#g'`)
      .replaceAll("snippets prometheus", "snippets prometheus | sed 's/for: 5m/for: 1s/'")
  const known = `PATH=${root}/bin:${root}/opt/jotgate/bin:$PATH
[ ! -f etc/jotgate/environment ] || { set -a; . etc/jotgate/environment; set +a; }`
  /** What is done on another day has a shell of its own. */
  const isAlone = (block: string) => block.includes("OLD=")
  const shell = (block: string) =>
    Effect.promise(() =>
      // A reader has one shell: what it has read of the environment it still knows in the next block.
      run("bash", ["-ec", isAlone(block) ? `PATH=${root}/bin:$PATH\n${here(block)}` : `${known}\n${here(block)}`], {
        cwd: root,
        env: { HOME: root, TOKEN: token, npm_config_cache: join(homedir(), ".npm") }
      })
    )
  yield* Effect.addFinalizer(() =>
    Effect.andThen(
      Effect.forEach(["jotgate", "prometheus"], (unit) => shell(`systemctl stop ${unit}`)),
      Effect.sync(() => {
        upstream.close()
        rmSync(root, { recursive: true, force: true })
      })
    )
  )

  /** Asks until what comes holds these words; for a minute at most. */
  const until = (command: string, words: RegExp) =>
    Effect.repeat(shell(command), {
      until: ({ output }) => words.test(output),
      schedule: Schedule.spaced("250 millis"),
      times: 240
    })

  /** What has to stand in what a block prints, by a word of the block. */
  const expected: ReadonlyArray<readonly [block: string, words: ReadonlyArray<RegExp>]> = [
    ["jotgate --version", [/0\.2\.0/]],
    ["check --config", []],
    ["daemon-reload", [/"ready"/]],
    ["chat/completions", [/\{\}/, /ada/]],
    ["promtool", [/SUCCESS/]],
    ["lisen", []],
    ["api/v1/alerts", [/"JotgateConfigRefused".*"firing"/, /jotgate\.yaml:1:\d+.*lisen/]],
    ["jotgate-backup", [/\d{4}-\d\d-\d\d-\d{6}\.db/]],
    ["jotgate-$NEW.tgz", [/0002|0003|0004/, /"ready"/]],
    ["restore", [/"ready"/]]
  ]
  let steps = 0
  for (const { language, line, text } of blocksOf("docs/install.md")) {
    if (language !== "sh") continue
    // Whoever walks this page waits for the alert, and for the end of it.
    if (text.includes("api/v1/alerts")) yield* until("curl -s http://127.0.0.1:9090/api/v1/alerts", /"firing"/)
    const { code, output, seconds } = yield* shell(text)
    const [block, words] = expected[steps++] ?? ["a block that is expected", []]
    const missing = [...words.filter((it) => !it.test(output)), ...text.includes(block) ? [] : [block]]
    if (code !== 0 || missing.length > 0) {
      const log = yield* shell("cat run/jotgate.log")
      throw new Error(`docs/install.md:${line}: exit ${code}, missing: ${missing.join(" ")}\n${output}\n${log.output}`)
    }
    console.log(`docs/install.md:${line} (${seconds.toFixed(1)} s)`)
    if (text.includes("lisen")) yield* until("cat run/jotgate.log", /not in force/)
  }
  const after = yield* until("curl -s http://127.0.0.1:9090/api/v1/alerts", /"alerts":\[\]/)
  if (after.output.includes("firing")) throw new Error(`the alert still fires: ${after.output}`)
  if (steps !== expected.length) throw new Error(`${steps} blocks were run, not ${expected.length}`)
  console.log(`${steps} of ${expected.length} blocks of docs/install.md`)
})

await Effect.runPromise(Effect.scoped(walk))
process.exit()
