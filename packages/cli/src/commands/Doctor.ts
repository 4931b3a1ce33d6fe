/**
 * `jotgate doctor`: what is around the gate, one line a finding. Exit 0 when all
 * is well, 1 when something is not, 2 when it cannot be looked at.
 */
import { checkConfig } from "@jotgate/server/ConfigCheck"
import { findingText } from "@jotgate/server/ConfigFile"
import * as NodeOutbound from "@jotgate/server/NodeOutbound"
import * as NodeSecrets from "@jotgate/server/NodeSecrets"
import { Console, Effect, Layer, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { dirname, resolve } from "node:path"
import { configFlag, fileOf, load } from "../Configuration.ts"
import * as Diagnosis from "../doctor/Diagnosis.ts"
import type { Finding } from "../doctor/Finding.ts"
import * as IssuerDiagnosis from "../doctor/IssuerDiagnosis.ts"
import * as TokenDiagnosis from "../doctor/TokenDiagnosis.ts"
import { failure, Negative } from "../Outcome.ts"
import { unreadable } from "../SecretCheck.ts"

const marks = { ok: "✔", warning: "!", wrong: "✘" } as const

export const doctor = Command.make(
  "doctor",
  {
    file: Argument.String("file").pipe(Argument.withDescription("The configuration file"), Argument.optional),
    config: configFlag,
    issuer: Flag.String("issuer").pipe(
      Flag.withMetavar("URL"),
      Flag.withDescription("Look at one issuer, without a configuration"),
      Flag.optional
    ),
    token: Flag.String("token").pipe(
      Flag.withMetavar("TOKEN"),
      Flag.withDescription(
        "A token: which claims it has, and a claims block that fits; nothing of it is sent anywhere"
      ),
      Flag.optional
    )
  },
  Effect.fn("doctor")(function*({ config: flag, file, issuer, token }) {
    const config = yield* fileOf(file, flag)
    if (Option.isNone(config) && Option.isNone(issuer) && Option.isNone(token)) {
      return yield* failure("what? Give a configuration FILE, --issuer URL or --token TOKEN")
    }
    const findings: Array<Finding> = []
    const add = (found: ReadonlyArray<Finding>) => void findings.push(...found)
    const loaded = Option.isSome(config) ? yield* load(config.value) : undefined
    const base = loaded === undefined ? "." : dirname(resolve(loaded.name))
    const asked = Effect.provide(Layer.merge(NodeOutbound.layer, NodeSecrets.layer(base, process.env)))
    if (loaded !== undefined) {
      const { settings } = loaded
      const checked = checkConfig(loaded)
      add(checked.map((it) => ({
        state: it.severity === "error" ? "wrong" : "warning",
        about: "configuration",
        text: findingText(loaded.name, { ...loaded.positionOf(it.path), path: it.path, message: it.message })
      })))
      if (checked.length === 0) add([{ state: "ok", about: "configuration", text: `${loaded.name} is sound` }])
      const missing = yield* unreadable(loaded)
      add(missing.map((text) => ({ state: "wrong", about: "secret", text })))
      if (missing.length === 0) add([{ state: "ok", about: "secret", text: "every reference can be read" }])
      for (const it of settings.issuers) {
        add([...yield* asked(IssuerDiagnosis.issuer(it)), IssuerDiagnosis.audience(it)])
      }
      add(yield* Diagnosis.upstreams(settings))
      add(yield* Diagnosis.directory(loaded, base))
      add(yield* Diagnosis.redis(settings, base))
      add(yield* Diagnosis.ports(settings))
    }
    if (Option.isSome(issuer)) {
      const it = yield* Effect.catch(IssuerDiagnosis.at(issuer.value), () => failure("--issuer: this is no issuer"))
      add(yield* asked(IssuerDiagnosis.issuer(it)))
    }
    for (const { about, state, text } of findings) yield* Console.log(`${marks[state]} ${about.padEnd(13)} ${text}`)
    if (Option.isSome(token)) {
      const told = TokenDiagnosis.lines(token.value, loaded?.settings.issuers ?? [])
      if (told === undefined) return yield* failure("--token: this is no JWT (an opaque token has no claims to show)")
      yield* Console.log(told.join("\n"))
    }
    if (findings.some((it) => it.state === "wrong")) return yield* new Negative({ lines: [] })
  }, Effect.scoped)
).pipe(
  Command.withDescription("Look at what is around the gate: issuers, keys, clock, secrets, upstream, directory, ports")
)
