/** What happens around a server that runs: its files change, its disk is full, its balancer asks. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, type Scope } from "effect"
import { execFileSync } from "node:child_process"
import { existsSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from "node:fs"
import { connect } from "node:tls"
import { start } from "../support/Process.ts"

const head = `
issuers: [{ id: a, issuer: "http://127.0.0.1:9", audience: x }]
directory: { url: "memory:" }
cache: { dir: null }
`
const configuration = (gateway = "", more = "") =>
  `${head}gateway:
  listen: "127.0.0.1:0"
  admin: "127.0.0.1:0"
  drain: 0s
  upstream: { url: "http://127.0.0.1:9" }
${gateway}
${more}`

const folder = Effect.gen(function*() {
  const files = yield* FileSystem.FileSystem
  const path = yield* files.makeTempDirectoryScoped()
  return { file: `${path}/jotgate.yaml`, files, path }
})

const get = (url: string) => Effect.promise(() => fetch(url))

const until = (what: string, condition: () => boolean): Effect.Effect<void> =>
  Effect.gen(function*() {
    while (!condition()) yield* Effect.sleep("20 millis")
  }).pipe(Effect.timeoutOrElse({ duration: "1 minute", orElse: () => Effect.die(new Error(`never: ${what}`)) }))

const run = <A, E>(effect: Effect.Effect<A, E, FileSystem.FileSystem | Scope.Scope>) =>
  effect.pipe(Effect.scoped, Effect.provide(NodeServices.layer))

const linesOf = (file: string): number => existsSync(file) ? readFileSync(file, "utf8").split("\n").length - 1 : 0

/** A server that is ready, with its configuration in a file. */
const served = Effect.gen(function*() {
  const { file, files } = yield* folder
  const whole = configuration("", "audit: { to: none }")
  yield* files.writeFileString(file, whole)
  const serve = yield* start(["serve", "--config", file])
  const [, gate = ""] = yield* serve.until(/^ready gate=(\S+) admin=(\S+)\n/)
  return { file, files, gate, serve, whole }
})

describe("the configuration file of a running server", { concurrent: true }, () => {
  it.live(
    "that is emptied changes nothing; one that is written in two parts is read as a whole",
    () =>
      run(Effect.gen(function*() {
        const { file, files, gate, serve, whole } = yield* served
        assert.strictEqual((yield* get(`${gate}/v1/files`)).status, 401)
        yield* files.writeFileString(file, "")
        yield* serve.until(/what was stays[^\n]*the file is empty/)
        assert.strictEqual((yield* get(`${gate}/v1/files`)).status, 401)
        // The `gateway:` block comes a while after the rest, which alone would serve nothing.
        yield* files.writeFileString(file, head)
        yield* Effect.sleep("1500 millis")
        assert.strictEqual((yield* get(`${gate}/v1/files`)).status, 401)
        yield* files.writeFileString(file, `${whole}\npolicy: { openRoutes: [/status] }`)
        yield* serve.until(/is in force/)
        assert.strictEqual((yield* get(`${gate}/v1/files`)).status, 401)
        assert.strictEqual((yield* get(`${gate}/status`)).status, 502)
      }))
  )

  it.live("that is gone, or no file any more, is told of, holds up nothing, and counts when it is back", () =>
    run(Effect.gen(function*() {
      const { file, files, gate, serve, whole } = yield* served
      yield* files.remove(file)
      yield* serve.until(/what was stays[^\n]*there is no such file/)
      execFileSync("mkfifo", [`${file}.pipe`])
      yield* files.rename(`${file}.pipe`, file)
      yield* serve.until(/what was stays[^\n]*no regular file/)
      symlinkSync("/dev/zero", `${file}.link`)
      renameSync(`${file}.link`, file)
      serve.process.kill("SIGHUP")
      yield* serve.until(/what was stays[^\n]*no regular file[^]*what was stays[^\n]*no regular file/)
      yield* files.writeFileString(`${file}.new`, `${whole}\npolicy: { openRoutes: [/status] }`)
      yield* files.rename(`${file}.new`, file)
      yield* serve.until(/is in force/)
      assert.strictEqual((yield* get(`${gate}/v1/files`)).status, 401)
      assert.strictEqual((yield* get(`${gate}/status`)).status, 502)
    })))

  it.live("is read anew by a SIGHUP that comes with the line that says ready, and ends nothing", () =>
    run(Effect.gen(function*() {
      const { file, files } = yield* folder
      yield* files.writeFileString(file, configuration("", "audit: { to: none }"))
      const early = `const { write } = process.stdout
        process.stdout.write = function(...it) { process.kill(process.pid, "SIGHUP"); return write.apply(this, it) }`
      const serve = yield* start(["serve", "--config", file], {
        NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(early)}`
      })
      const [, gate = ""] = yield* serve.until(/^ready gate=(\S+)/)
      yield* serve.until(/is in force/)
      assert.strictEqual((yield* get(`${gate}/v1/files`)).status, 401)
    })))

  it.live("names the settings that stay until the next start", () =>
    run(Effect.gen(function*() {
      const { file, files } = yield* folder
      yield* files.writeFileString(file, configuration("", "audit: { to: none }"))
      const serve = yield* start(["serve", "--config", file])
      yield* serve.until(/^ready gate=/)
      yield* files.writeFileString(`${file}.new`, configuration("  hosts: [gate.internal]", "audit: { to: stdout }"))
      yield* files.rename(`${file}.new`, file)
      yield* serve.until(/gateway\.hosts, audit: what was stays in force until the next start/)
    })))
})

/** A certificate of this name, and its key. */
const make = (path: string, name: string) =>
  execFileSync("openssl", [
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"],
    ...["-subj", `/CN=${name}`, "-keyout", `${path}/key.pem`, "-out", `${path}/cert.pem`]
  ], { stdio: "ignore" })

/** Whose certificate is shown there. */
const nameAt = (port: number) =>
  Effect.callback<string>((resume) => {
    const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false }, () => {
      resume(Effect.succeed(String(socket.getPeerCertificate().subject.CN)))
      socket.destroy()
    })
  })

describe("the certificate of a running server", { concurrent: true }, () => {
  it.live(
    "is read anew on SIGHUP, and one that does not fit its key changes nothing",
    () =>
      run(Effect.gen(function*() {
        const { file, files, path } = yield* folder
        make(path, "first.test")
        yield* files.writeFileString(
          file,
          configuration("  tls: { cert: \"file:cert.pem\", key: \"file:key.pem\" }", "audit: { to: none }")
        )
        const serve = yield* start(["serve", "--config", file])
        const [, text = ""] = yield* serve.until(/^ready gate=http:\/\/127\.0\.0\.1:(\d+)/)
        const port = Number(text)
        assert.strictEqual(yield* nameAt(port), "first.test")
        const key = readFileSync(`${path}/key.pem`, "utf8")
        make(path, "second.test")
        serve.process.kill("SIGHUP")
        yield* serve.until(/certificate is in force[\s\S]*second\.test/)
        assert.strictEqual(yield* nameAt(port), "second.test")
        yield* files.writeFileString(`${path}/key.new`, key)
        yield* files.rename(`${path}/key.new`, `${path}/key.pem`)
        // Nobody sends a signal: the file is looked at.
        yield* serve.until(/what was stays[^\n]*certificate and key do not fit/)
        assert.strictEqual(yield* nameAt(port), "second.test")
      }))
  )
})

describe("the folder of a running server", { concurrent: true }, () => {
  it.live("may be swapped by a link, as Kubernetes does it: configuration and certificate are those of the new one", () =>
    run(Effect.gen(function*() {
      const { path } = yield* folder
      /** Puts another version in the place of the one before, in one step. */
      const version = (name: string, text: string) => {
        mkdirSync(`${path}/${name}`)
        writeFileSync(`${path}/${name}/jotgate.yaml`, text)
        make(`${path}/${name}`, `${name}.test`)
        symlinkSync(name, `${path}/..data_tmp`)
        renameSync(`${path}/..data_tmp`, `${path}/..data`)
      }
      const with_ = (more: string) =>
        configuration("  tls: { cert: \"file:cert.pem\", key: \"file:key.pem\" }", `audit: { to: none }\n${more}`)
      version("v1", with_(""))
      for (const name of ["jotgate.yaml", "cert.pem", "key.pem"]) symlinkSync(`..data/${name}`, `${path}/${name}`)
      const serve = yield* start(["serve", "--config", `${path}/jotgate.yaml`])
      const [, text = ""] = yield* serve.until(/^ready gate=http:\/\/127\.0\.0\.1:(\d+)/)
      const port = Number(text)
      assert.strictEqual(yield* nameAt(port), "v1.test")
      // The certificate alone.
      version("v2", with_(""))
      yield* serve.until(/certificate is in force[^]*v2\.test/)
      assert.strictEqual(yield* nameAt(port), "v2.test")
      version("v3", with_("policy: { openRoutes: [/status] }"))
      yield* serve.until(/certificate is in force[^]*v3\.test/)
      version("v4", "")
      yield* serve.until(/what was stays[^\n]*the file is empty/)
      assert.strictEqual(yield* nameAt(port), "v3.test")
    })))
})

describe("signals to a running server", { concurrent: true }, () => {
  it.live("end nothing unless they mean an end, open no debugger, and two ends are one", () =>
    run(Effect.gen(function*() {
      const { file, files } = yield* folder
      yield* files.writeFileString(file, configuration("", "audit: { to: none }"))
      const serve = yield* start(["serve", "--config", file])
      const [, gate = ""] = yield* serve.until(/^ready gate=(\S+)/)
      for (const signal of ["SIGUSR1", "SIGUSR2", "SIGPIPE", "SIGHUP", "SIGHUP"] as const) serve.process.kill(signal)
      yield* serve.until(/is in force/)
      assert.strictEqual((yield* get(`${gate}/v1/files`)).status, 401)
      assert.notInclude(serve.err(), "ebugger")
      for (const signal of ["SIGTERM", "SIGHUP", "SIGTERM", "SIGINT"] as const) serve.process.kill(signal)
      assert.strictEqual(yield* serve.ended, 0)
    })))
})

describe("the audit file of a running server", { concurrent: true }, () => {
  it.live(
    "is a new one after a rename and SIGHUP, also when the configuration is broken",
    () =>
      run(Effect.gen(function*() {
        const { file, files, path } = yield* folder
        yield* files.writeFileString(file, configuration("", "audit: { to: \"file:audit.jsonl\" }"))
        const serve = yield* start(["serve", "--config", file])
        const [, gate = ""] = yield* serve.until(/^ready gate=(\S+)/)
        const audit = `${path}/audit.jsonl`
        yield* get(`${gate}/v1/files`)
        yield* until("a first line", () => linesOf(audit) === 1)
        renameSync(audit, `${audit}.1`)
        yield* files.writeFileString(`${file}.new`, "issuers: 5")
        yield* files.rename(`${file}.new`, file)
        serve.process.kill("SIGHUP")
        yield* serve.until(/what was stays/)
        yield* get(`${gate}/v1/files`)
        yield* until("a line in the new file", () => linesOf(audit) === 1)
        assert.strictEqual(linesOf(`${audit}.1`), 1)
      }))
  )

  for (
    const [title, to, code] of [
      ["a full disk", "file:/dev/full", "ENOSPC"],
      ["a missing folder", "file:no/such/audit.jsonl", "ENOENT"]
    ] as const
  ) {
    it.live(`${title} ends nothing; readiness says so, and the lines are counted`, () =>
      run(Effect.gen(function*() {
        const { file, files } = yield* folder
        yield* files.writeFileString(file, configuration("", `audit: { to: "${to}" }`))
        const serve = yield* start(["serve", "--config", file])
        const [, gate = "", admin = ""] = yield* serve.until(/^ready gate=(\S+) admin=(\S+)\n/)
        assert.strictEqual((yield* get(`${gate}/v1/files`)).status, 401)
        yield* serve.until(new RegExp(`audit cannot be written[\\s\\S]*${code}`))
        assert.strictEqual((yield* get(`${gate}/v1/files`)).status, 401)
        const ready = yield* Effect.promise(async () => (await fetch(`${admin}/readyz`)).json())
        assert.include(ready.missing, `audit ${code}`)
        assert.isAtLeast(ready.audit.dropped, 1)
        const metrics = yield* Effect.promise(async () => (await fetch(`${admin}/metrics`)).text())
        assert.match(metrics, /^jotgate_audit_dropped_total [1-9]/m)
        assert.strictEqual(serve.process.exitCode, null)
      })))
  }

  it.live("with onFull: refuse nobody is served unseen", () =>
    run(Effect.gen(function*() {
      const { file, files } = yield* folder
      yield* files.writeFileString(file, configuration("", `audit: { to: "file:/dev/full", onFull: refuse }`))
      const serve = yield* start(["serve", "--config", file])
      const [, gate = "", admin = ""] = yield* serve.until(/^ready gate=(\S+) admin=(\S+)\n/)
      yield* get(`${gate}/v1/files`)
      yield* serve.until(/audit cannot be written/)
      assert.strictEqual((yield* get(`${gate}/v1/files`)).status, 503)
      assert.strictEqual((yield* get(`${admin}/readyz`)).status, 503)
    })))

  it.live("a reader of standard output that is gone ends nothing", () =>
    run(Effect.gen(function*() {
      const { file, files } = yield* folder
      yield* files.writeFileString(file, configuration("", "audit: { to: stdout }"))
      const serve = yield* start(["serve", "--config", file])
      const [, gate = ""] = yield* serve.until(/^ready gate=(\S+)/)
      serve.process.stdout?.destroy()
      yield* get(`${gate}/v1/files`)
      yield* serve.until(/audit cannot be written[\s\S]*EPIPE/)
      assert.strictEqual((yield* get(`${gate}/v1/files`)).status, 401)
      serve.process.kill("SIGTERM")
      assert.strictEqual(yield* serve.ended, 0)
    })))
})

describe("the log of a running server", { concurrent: true }, () => {
  it.live(
    "whose reader is gone ends nothing, keeps nobody busy, and a stop is a stop",
    () =>
      run(Effect.gen(function*() {
        const { file, files } = yield* folder
        yield* files.writeFileString(file, configuration("", "audit: { to: none }"))
        const serve = yield* start(["serve", "--config", file])
        const [, gate = "", admin = ""] = yield* serve.until(/^ready gate=(\S+) admin=(\S+)\n/)
        serve.process.stderr?.destroy()
        // Each has its line in the log: the first says why it is not in force.
        for (const policy of ["{ openRoutes: 5 }", "{ openRoutes: [/status] }"]) {
          yield* files.writeFileString(file, configuration("", `audit: { to: none }\npolicy: ${policy}`))
          serve.process.kill("SIGHUP")
          yield* Effect.sleep("100 millis")
        }
        yield* Effect.eventually(
          Effect.filterOrFail(get(`${gate}/status`), (it) => it.status === 502).pipe(
            Effect.tapError(() => Effect.sleep("20 millis"))
          )
        )
        const metrics = yield* Effect.promise(async () => (await fetch(`${admin}/metrics`)).text())
        assert.notMatch(metrics, /^jotgate_defects_total\{where="process"\} [1-9]/m)
        serve.process.kill("SIGTERM")
        assert.strictEqual(yield* serve.ended, 0)
      }))
  )
})

describe("what no boundary has caught", { concurrent: true }, () => {
  it.live("is logged and counted, and ends nothing", () =>
    run(Effect.gen(function*() {
      const { file, files } = yield* folder
      yield* files.writeFileString(file, configuration("", "audit: { to: none }"))
      const thrower =
        "process.on('SIGUSR2', () => { Promise.reject(1); setImmediate(() => { throw new TypeError(['sec', 'ret'].join('')) }) })"
      const serve = yield* start(["serve", "--config", file], {
        NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(thrower)}`
      })
      const [, gate = "", admin = ""] = yield* serve.until(/^ready gate=(\S+) admin=(\S+)\n/)
      serve.process.kill("SIGUSR2")
      yield* serve.until(/nobody expected[\s\S]*nobody expected/)
      assert.strictEqual((yield* get(`${gate}/v1/files`)).status, 401)
      const metrics = yield* Effect.promise(async () => (await fetch(`${admin}/metrics`)).text())
      assert.match(metrics, /^jotgate_defects_total\{where="process"\} 2$/m)
      yield* serve.until(/ready again/)
      assert.notInclude(serve.err(), "secret")
      assert.strictEqual(serve.process.exitCode, null)
    })))
})
