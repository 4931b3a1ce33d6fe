/** The owner of `crew.ts`. */
import { Outbound } from "@jotgate/core/Outbound"
import { Duration, Effect, Layer, Schema } from "effect"
import cluster from "node:cluster"
import { writeSync } from "node:fs"
import { FileSettings } from "../../src/config/GatewaySettings.ts"
import { GateState } from "../../src/proxy/GateState.ts"
import { DecisionLog } from "../../src/record/DecisionLog.ts"
import { Crew } from "../../src/workers/Crew.ts"
import * as SharedFetch from "../../src/workers/SharedFetch.ts"

const say = (text: string): void => void writeSync(1, `${text}\n`)

const processes = 6

const owner = Effect.gen(function*() {
  process.on("uncaughtException", (error) => say(`caught ${error.name}`))
  const settings = yield* Schema.decodeUnknownEffect(FileSettings)({
    issuers: [{ id: "a", issuer: "https://idp.test", audience: "any" }],
    gateway: { listen: "127.0.0.1:0", workers: processes }
  })
  const serving = {
    settings,
    lines: new Map<string, number>(),
    base: ".",
    grace: 0,
    keepsQuestions: false,
    keepsRecords: true,
    refuses: false
  }
  const crew = new Crew(processes, serving, Duration.seconds(2))
  const unreachable = Layer.succeed(Outbound, { ask: () => Effect.never })
  const { share } = yield* Effect.map(Outbound, SharedFetch.make).pipe(Effect.provide(unreachable))
  yield* crew.start(share, { drain: 0, grace: 0 })
  const { sessions } = yield* GateState
  for (;;) {
    const texts = crew.ready === processes ? yield* crew.figures : []
    if (texts.length === processes && !texts.includes("bad")) {
      const pids = Object.values(cluster.workers ?? {}).map((it) => it?.process.pid)
      say(`whole ${texts.toSorted().join(" ")}, ${sessions.size} sessions, pids ${pids.join(" ")}`)
      return yield* Effect.never
    }
    yield* Effect.sleep("20 millis")
  }
}).pipe(
  Effect.scoped,
  Effect.provide([DecisionLog.layerMemory, GateState.layer])
)

Effect.runFork(owner)
