/**
 * A gate of six processes, of which the first five are not as they should be: `node crew.ts`. The owner says `whole`
 * with what they answer when every place is filled by one that does, and goes on until it is killed.
 */
import cluster from "node:cluster"
import { writeSync } from "node:fs"

/** What is wrong with the first processes. */
const ills = ["malformed", "garbage", "half", "deaf", "flood"] as const
const ill = ills[(cluster.worker?.id ?? 0) - 1]
/** The channel of a process that node:cluster has started. */
const channel = 3

const send = (message: unknown): void => void process.send?.(message)

/** Messages of the shapes that there are, with something else in them. */
const malformed: ReadonlyArray<unknown> = [
  ...[null, 7, "Here", [], {}, { _tag: 7 }, { _tag: "Other" }, { _tag: "Records" }, { _tag: "Fetch", id: 1 }],
  { _tag: "Records", lines: 7, questions: "x" },
  { _tag: "Records", lines: "{}", questions: [7] },
  { _tag: "Fetch", id: 1, newerThan: 0, fetching: null },
  { _tag: "Done", id: {}, text: 5, failed: "no" },
  ...[{ _tag: "Took", session: null, caller: {} }, { _tag: "Ready", gate: 7, grpc: [] }, { _tag: "Failed", listen: 1 }]
]

/** What one of the first processes does once it serves. */
const misbehave = (): void => {
  switch (ill) {
    case "malformed":
      return malformed.forEach(send)
    case "garbage":
      return void writeSync(channel, Buffer.from("000000ff0fffffff", "hex").fill(0xaa, 4))
    case "half":
      process.send?.({ _tag: "Records", lines: "x".repeat(50_000_000), questions: [] })
      return void process.kill(process.pid, "SIGKILL")
    case "deaf":
      return void process.kill(process.pid, "SIGSTOP")
    case "flood":
      for (let id = 0; id < 3_000; id++) {
        send({
          _tag: "Fetch",
          id,
          newerThan: 0,
          fetching: {
            url: `https://idp.test/${id}`,
            reach: { _tag: "Configured" },
            allowInsecure: false,
            accept: "*/*",
            authorization: null,
            ca: null
          }
        })
      }
      for (let session = 0; session < 30_000; session++) send({ _tag: "Took", session: `s-${session}`, caller: "c" })
  }
}

const worker = (): void => {
  let refused = 0
  process.on("message", (message) => {
    const { _tag: tag, fetched, id } = Object(message)
    if (tag === "Serve") {
      send({ _tag: "Ready", gate: { host: "127.0.0.1", port: 1 }, grpc: null })
      misbehave()
    }
    if (tag === "Fetched" && fetched.reason === "connect") refused++
    const text = ill === undefined ? "good" : refused === 2_000 ? "refused" : "bad"
    if (tag === "Figures") send({ _tag: "Done", id, text, failed: false })
    if (tag === "Stop") process.disconnect()
  })
  send({ _tag: "Here" })
}

// The processes that answer load nothing of the owner's.
if (cluster.isPrimary) await import("./crew-owner.ts")
else worker()
