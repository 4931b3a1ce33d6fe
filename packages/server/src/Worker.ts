/**
 * One of the processes that answer callers for an owner (`workers/Crew`): the
 * gate without a listener for administrators, without records of its own, and
 * with the owner's way to key sets.
 */
import { SavedKeys } from "@jotgate/core/SavedKeys"
import { makeTally } from "@jotgate/core/Tally"
import * as Store from "@jotgate/store/Store"
import { Deferred, Effect, Exit, Layer, type Scope } from "effect"
import { counted } from "./admin/Figures.ts"
import { Deployments } from "./Deployment.ts"
import * as SharedDirectory from "./directory/SharedDirectory.ts"
import { GrpcDoor } from "./doors/grpc/GrpcDoor.ts"
import { Gate } from "./Gate.ts"
import { Judge } from "./Judge.ts"
import * as EventLoop from "./platform/EventLoop.ts"
import { ListenFailed } from "./platform/Listener.ts"
import * as LogLine from "./platform/LogLine.ts"
import * as NodeOutbound from "./platform/NodeOutbound.ts"
import * as NodeSecrets from "./platform/NodeSecrets.ts"
import { Telemetry } from "./platform/Telemetry.ts"
import { GateState } from "./proxy/GateState.ts"
import * as ForwardedLog from "./record/ForwardedLog.ts"
import { certificateOf, deploymentOf, gateLayer, grpcCertificateOf, grpcLayer, telemetry } from "./Server.ts"
import { type Channel, sharing } from "./workers/Channel.ts"
import type { Serving, ToWorker } from "./workers/Message.ts"
import * as SharedFetch from "./workers/SharedFetch.ts"

/** How a worker is told of what nobody has caught. */
export type Wounds = (wounded: (error: unknown) => void) => Effect.Effect<void, never, Scope.Scope>

const failureOf = (error: unknown): string => error instanceof Error ? error.message : String(error)

type Stop = Extract<ToWorker, { _tag: "Stop" }>

/** What comes of it; nothing when this process is told to stop before. */
const unless = <A, E, R>(
  stopped: Deferred.Deferred<Stop>,
  effect: Effect.Effect<A, E, R>
): Effect.Effect<A | undefined, E, R> => Effect.raceFirst(effect, Effect.as(Deferred.await(stopped), undefined))

/** Serves until it is told to stop, which may be before it does. */
const serve = (
  channel: Channel,
  serving: Serving,
  stopped: Deferred.Deferred<Stop>,
  env: Readonly<Record<string, string | undefined>>,
  wounds: Wounds
) =>
  Effect.gen(function*() {
    const { base, grace, lines, settings } = serving
    let { refuses } = serving
    const share = yield* sharing(channel)
    const options = {
      env,
      base,
      lines,
      directory: SharedDirectory.make(Store.layer),
      held: SavedKeys.makeMemory(),
      tallies: { tokens: makeTally(), decisions: makeTally() },
      outbound: SharedFetch.layer(share).pipe(Layer.provide(NodeOutbound.layer))
    }
    const secrets = NodeSecrets.layer(base, env)
    const log = ForwardedLog.layer({
      hand: (text, questions, done) => channel.send({ _tag: "Records", lines: text, questions }, done),
      refuses: () => refuses
    }, { wanted: serving.keepsRecords, keepsQuestions: serving.keepsQuestions })

    const answering = Effect.gen(function*() {
      const gate = yield* Gate
      const door = yield* GrpcDoor
      const deployments = yield* Deployments
      const state = yield* GateState
      const figures = yield* Telemetry
      const context = yield* Effect.context<never>()
      const run = Effect.runForkWith(context)
      yield* wounds((error) => {
        figures.defect("process", error)
        channel.send({ _tag: "Wounded" })
      })

      const done = (id: number) => (exit: Exit.Exit<string, unknown>) =>
        channel.send({
          _tag: "Done",
          id,
          text: Exit.isSuccess(exit) ? exit.value : failureOf(Exit.findErrorOption(exit)),
          failed: Exit.isFailure(exit)
        })
      const answer = (id: number, effect: Effect.Effect<string, unknown>) => void run(effect).addObserver(done(id))
      const keys = () => deployments.current().managed?.keys

      const hear = (message: ToWorker): void => {
        switch (message._tag) {
          case "Reload":
            return answer(
              message.id,
              Effect.gen(function*() {
                const certificate = yield* certificateOf(message.settings)
                const grpcCertificate = yield* grpcCertificateOf(message.settings)
                yield* deployments.swap(deploymentOf(message.settings, { ...options, lines: message.lines }))
                if (certificate !== null) gate.renew(certificate)
                if (grpcCertificate !== null) door.renew(grpcCertificate)
                return ""
              }).pipe(Effect.provide(secrets))
            )
          case "Figures":
            return answer(message.id, Effect.provide(counted(deployments.current()), context))
          case "Refuses":
            refuses = message.refuses
            return
          case "Refresh":
            return answer(message.id, Effect.as(keys()?.refresh(message.issuer) ?? Effect.void, ""))
          case "Drop":
            return answer(
              message.id,
              Effect.as(keys()?.drop(message.issuer, message.kid ?? undefined) ?? Effect.void, "")
            )
          case "Taken":
            for (const [session, caller] of message.sessions) state.sessions.learn(session, caller)
            return
          default:
            return
        }
      }
      state.sessions.onTaken = (session, caller) => channel.send({ _tag: "Took", session, caller })
      yield* channel.listen(hear)
      channel.send({ _tag: "Ready", gate: gate.address, grpc: door.address ?? null })
      state.replaced = !(yield* Deferred.await(stopped)).lingers
    })

    const services = yield* unless(
      stopped,
      Layer.build(
        Layer.merge(gateLayer(settings, grace), grpcLayer(settings, grace)).pipe(
          Layer.provide(Judge.layer),
          Layer.provideMerge(GateState.layer),
          Layer.provideMerge(log),
          Layer.provideMerge(Telemetry.layer),
          Layer.provide(EventLoop.layer),
          Layer.provideMerge(Deployments.layer(deploymentOf(settings, options))),
          Layer.provide(secrets),
          Layer.provide(telemetry(settings)),
          Layer.provideMerge(LogLine.layer(settings.log.format))
        )
      )
    )
    if (services !== undefined) yield* Effect.provide(Effect.scoped(answering), services)
  })

/** Tells the owner that this process is here, serves what it is told, and ends when it is told to, or when the owner is gone. */
export const run = (
  channel: Channel,
  env: Readonly<Record<string, string | undefined>>,
  wounds: Wounds
): Effect.Effect<void, unknown> =>
  Effect.ensuring(
    Effect.scoped(Effect.gen(function*() {
      const told = yield* Deferred.make<Serving>()
      const stopped = yield* Deferred.make<Stop>()
      yield* channel.listen((message) => {
        if (message._tag === "Serve") Deferred.doneUnsafe(told, Exit.succeed(message.serving))
        if (message._tag === "Stop") Deferred.doneUnsafe(stopped, Exit.succeed(message))
      })
      channel.send({ _tag: "Here" })
      const serving = yield* unless(stopped, Deferred.await(told))
      if (serving === undefined) return
      yield* serve(channel, serving, stopped, env, wounds).pipe(
        Effect.scoped,
        Effect.tapError((error) =>
          Effect.callback<void>((resume) =>
            channel.send({
              _tag: "Failed",
              message: failureOf(error),
              listen: error instanceof ListenFailed ? { host: error.host, port: error.port, code: error.code } : null
            }, () => resume(Effect.void))
          )
        )
      )
    })),
    channel.close
  )

export { ofProcess } from "./workers/Channel.ts"
