/** Gates with the settings of a file: in this process, and in one of their own. */
import { Context, Effect, Layer, Schema } from "effect"
import { spawn } from "node:child_process"
import { join } from "node:path"
import { FileSettings } from "../../src/config/GatewaySettings.ts"
import { Server } from "../../src/Server.ts"

/** The ports of one; that of gRPC is 0 without it. */
export interface ServedGate {
  readonly admin: number
  readonly gate: number
  readonly grpc: number
}

type Env = Readonly<Record<string, string | undefined>>

/** Starts one here; it ends with the scope. */
export const here = Effect.fnUntraced(function*(settings: typeof FileSettings.Encoded, env: Env) {
  const decoded = yield* Schema.decodeUnknownEffect(FileSettings)(settings)
  const services = yield* Layer.build(Server.layer(decoded, { base: ".", env, grace: 500 }))
  const { admin, gate, grpc } = Context.get(services, Server)
  return { admin: admin.port, gate: gate.port, grpc: grpc?.port ?? 0 } satisfies ServedGate
})

const program = join(import.meta.dirname, "served-gate.ts")

/** Starts one in a process of its own; it ends with the scope. */
export const elsewhere = Effect.fnUntraced(function*(settings: typeof FileSettings.Encoded, env: Env) {
  const child = yield* Effect.acquireRelease(
    Effect.sync(() =>
      spawn(process.execPath, ["--conditions=source", program, JSON.stringify(settings)], {
        stdio: ["ignore", "pipe", "pipe"],
        env: { ...process.env, ...env }
      })
    ),
    (it) => Effect.sync(() => void it.kill("SIGKILL"))
  )
  return yield* Effect.callback<ServedGate>((resume) => {
    let [out, err] = ["", ""]
    child.stdout.on("data", (chunk: Buffer) => {
      out += chunk.toString()
      if (out.includes("\n")) resume(Effect.succeed(JSON.parse(out.slice(0, out.indexOf("\n")))))
    })
    child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()))
    child.on("exit", (code) => resume(Effect.die(new Error(`the gate ended with ${code}: ${out}${err}`))))
  })
})
