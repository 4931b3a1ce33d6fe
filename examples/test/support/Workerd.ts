/** A Worker in one file, served by workerd on a free port. */
import { Effect } from "effect"
import { spawn } from "node:child_process"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import workerd from "workerd"
import { audience } from "./Rotations.ts"

/** Node gives the whole module where a bundler gives its default. */
const program = typeof workerd === "string" ? workerd : workerd.default

const config = (issuer: string): string =>
  `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "internet", network = (allow = ["private"]))
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")]
);
const worker :Workerd.Worker = (
  modules = [(name = "worker", esModule = embed "worker.js")],
  compatibilityDate = "2026-01-01",
  bindings = [(name = "ISSUER", text = "${issuer}"), (name = "AUDIENCE", text = "${audience}")]
);
`

/** A process that ends with its scope, and the port that a line of its output names. */
export const listening = Effect.fnUntraced(function*(
  command: string,
  args: ReadonlyArray<string>,
  port: RegExp,
  env: Readonly<Record<string, string>> = {},
  cwd = process.cwd()
) {
  const child = yield* Effect.acquireRelease(
    Effect.sync(() =>
      spawn(command, args, { stdio: ["ignore", "pipe", "inherit"], env: { ...process.env, ...env }, cwd })
    ),
    (it) =>
      Effect.promise(() =>
        new Promise<void>((done) => {
          it.on("exit", () => done())
          it.kill("SIGKILL")
        })
      )
  )
  const found = yield* Effect.callback<string>((resume) => {
    let out = ""
    child.stdout.on("data", (chunk: Buffer) => {
      out += chunk.toString()
      const [, named] = port.exec(out) ?? []
      if (named !== undefined) resume(Effect.succeed(named))
    })
  })
  return { url: `http://127.0.0.1:${found}` }
})

/** Serves `worker.js` of a folder. */
export const serving = (folder: string, issuer: string) => {
  writeFileSync(join(folder, "config.capnp"), config(issuer))
  const args = ["serve", "--control-fd=1", join(folder, "config.capnp")]
  return listening(program, args, /"socket":"http","port":(\d+)/)
}
