/** The gate of the benchmarks and of the long runs, with one good token. */
import { Issuer } from "@jotgate/core/testing"
import { type AuditTarget, DecisionLog } from "@jotgate/server/DecisionLog"
import { Deployments } from "@jotgate/server/Deployment"
import { Gate } from "@jotgate/server/Gate"
import { GateState } from "@jotgate/server/GateState"
import { FileSettings } from "@jotgate/server/GatewaySettings"
import { Judge } from "@jotgate/server/Judge"
import { deploymentOf } from "@jotgate/server/Server"
import { Telemetry } from "@jotgate/server/Telemetry"
import { Context, Effect, Layer, Schema } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

/**
 * The gate as `serve` runs it: rows in SQLite, remembered in memory, decisions kept; a line for each decision only where
 * `audit` says so.
 */
export const start = (upstream: string, audit: AuditTarget, limits: { readonly body?: string } = {}) =>
  Effect.gen(function*() {
    const idp = yield* Issuer.make("https://idp.test", ["ES256"])
    const folder = mkdtempSync(join(tmpdir(), "jotgate-bench-"))
    process.on("exit", () => rmSync(folder, { recursive: true, force: true }))
    const settings = yield* Schema.decodeUnknownEffect(FileSettings)({
      issuers: [{
        id: "idp",
        issuer: idp.iss,
        audience: "https://api.test",
        jwks: idp.jwks,
        claims: { user: "sub", email: "email", teams: "groups" }
      }],
      directory: { url: `sqlite:${folder}/directory.db` },
      cache: { dir: null },
      gateway: {
        trustedProxies: ["127.0.0.1"],
        limits,
        upstream: { url: upstream, authorization: { default: "env:KEY" } }
      }
    })
    const deployment = Effect.tap(
      deploymentOf(settings, { env: { KEY: "sk-upstream" }, base: folder }),
      ({ managed }) =>
        Effect.fromNullishOr(managed?.directory).pipe(Effect.flatMap((admin) =>
          admin.apply({
            users: [{ id: "u-1", email: "u-1@acme.test", role: "internal_user" }],
            teams: [{ id: "red", models: ["gpt-4o*"] }]
          }, { actor: "bench", prune: "none", origin: "api" })
        ))
    )
    const services = yield* Layer.build(
      Gate.layer({ host: "127.0.0.1", port: 0, tls: null, headers: 2 ** 16, drain: 0, grace: 0 }).pipe(
        Layer.provide([Judge.layer, GateState.layer]),
        Layer.provide(
          Layer.mergeAll(DecisionLog.layer({ audit, keep: 10_000 }), Telemetry.layer, Deployments.layer(deployment))
        )
      )
    )
    const token = yield* idp.token({
      now: Math.floor(Date.now() / 1000),
      claims: { sub: "u-1", groups: ["red"], exp: Math.floor(Date.now() / 1000) + 3600, email: "u-1@acme.test" }
    })
    return { port: Context.get(services, Gate).address.port, token }
  })
