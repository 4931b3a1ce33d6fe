import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { parseAllDocuments } from "yaml"
import * as Process from "../support/Process.ts"
import { jotgate } from "../support/Shell.ts"

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "jotgate-snippets-"))),
  (it) => Effect.sync(() => rmSync(it, { recursive: true }))
)

describe("jotgate snippets", () => {
  for (const name of ["nginx", "ingress-nginx", "caddy", "traefik", "envoy", "haproxy", "litellm", "kubernetes"]) {
    it.live(`${name} prints one configuration for the addresses that it is given`, () =>
      Effect.gen(function*() {
        const { code, err, out } = yield* jotgate(
          "snippets",
          name,
          "--gate",
          "http://gate.internal:7001",
          "--upstream",
          "http://models.internal:7002",
          "--listen",
          "127.0.0.1:7003"
        )
        assert.strictEqual(code, 0, err)
        assert.strictEqual(err, "")
        assert.include(out, name === "kubernetes" ? "models.internal:7002" : "gate.internal")
        if (name === "ingress-nginx") {
          for (const place of ["7001", "name: models", "7002"]) assert.include(out, place)
        } else if (name !== "kubernetes" && name !== "litellm") {
          for (const place of ["7001", "models.internal", "7002", "7003"]) assert.include(out, place)
        }
      }))
  }

  it.live("names the credentials, team headers and identity headers of a configuration file", () =>
    Effect.gen(function*() {
      const file = join(yield* folder, "jotgate.yaml")
      writeFileSync(
        file,
        `issuers: [{ id: a, issuer: https://a.test, audience: [x] }]
policy: { teamHeaders: [x-squad] }
gateway: { credentials: [authorization, cf-access-jwt-assertion], identityHeaders: { x-who: user } }
`
      )
      for (const name of ["nginx", "ingress-nginx", "caddy", "traefik", "envoy", "haproxy"]) {
        const { code, err, out } = yield* jotgate("snippets", name, "--config", file)
        assert.strictEqual(code, 0, err)
        for (const it of ["cf-access-jwt-assertion", "x-squad"]) assert.include(out.toLowerCase(), it, name)
        if (name !== "haproxy") assert.include(out.toLowerCase(), "x-who", name)
      }
    }))

  it.live(
    "the configuration among the manifests of kubernetes passes jotgate check --strict",
    () =>
      Effect.gen(function*() {
        const { out } = yield* jotgate("snippets", "kubernetes")
        const [secret, configMap] = parseAllDocuments(out).map((it) => it.toJS())
        const file = join(yield* folder, "jotgate.yaml")
        writeFileSync(file, configMap.data["jotgate.yaml"])
        const checked = yield* Process.start(["check", file, "--strict"], secret.stringData)
        assert.strictEqual(yield* checked.ended, 0, checked.err())
        assert.match(checked.out(), /sound/)
      })
  )
})
