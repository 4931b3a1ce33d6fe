/**
 * The gRPC listener over the deployment in force, as many checks at once as the gate takes requests. The library is
 * loaded where the door is configured, and nowhere else.
 */
import { Context, Effect, Layer } from "effect"
import { Deployments } from "../../Deployment.ts"
import { Judge } from "../../Judge.ts"
import type { Certificate } from "../../platform/Certificate.ts"
import type { Address } from "../../platform/Listener.ts"
import { Telemetry } from "../../platform/Telemetry.ts"
import { GateState } from "../../proxy/GateState.ts"
import type { GrpcOptions } from "./GrpcServer.ts"

export class GrpcDoor extends Context.Service<GrpcDoor, {
  /** `undefined` when there is no such door. */
  readonly address: Address | undefined
  /** Shows this certificate from the next connection on. */
  readonly renew: (certificate: Certificate) => void
}>()("@jotgate/server/GrpcDoor") {
  static readonly layer = (options: GrpcOptions) =>
    Layer.effect(
      GrpcDoor,
      Effect.gen(function*() {
        const GrpcServer = yield* Effect.promise(() => import("./GrpcServer.ts"))
        const { check } = yield* Effect.promise(() => import("./Check.ts"))
        const deployments = yield* Deployments
        const judge = yield* Judge
        const state = yield* GateState
        const telemetry = yield* Telemetry
        let running = 0
        const lease = () => {
          if (running >= deployments.current().doors.limits.inFlight) return undefined
          const { deployment, release } = deployments.lease()
          running++
          let isOver = false
          return {
            deployment,
            release: () => {
              if (isOver) return
              isOver = true
              running--
              release()
            }
          }
        }
        return yield* GrpcServer.listen(options, {
          check: check({
            judge,
            lease,
            sessions: state.sessions,
            crashed: (error, decision) => telemetry.defect("decision", error, decision)
          }),
          isBelieved: (peer) => deployments.current().doors.believes(peer),
          isServing: () => !state.draining
        })
      })
    )

  /** No such door. */
  static readonly layerNone = Layer.succeed(GrpcDoor, { address: undefined, renew: () => {} })
}
