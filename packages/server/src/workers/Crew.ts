/**
 * The owner of a gate of several processes: starts the workers, sees that as
 * many as wanted are there, and speaks for them.
 *
 * The listeners of callers belong to the owner, which hands new connections to
 * the workers in turn (node:cluster): with few connections as with many each
 * worker has its share, and one that dies takes no connection with it that it
 * has not accepted. Only the owner has a listener for administrators, keeps
 * records and fetches keys.
 *
 * A worker that dies, or in which something went wrong that no boundary caught,
 * is replaced; one that dies again and again is replaced ever more slowly. A
 * reload goes through the workers one after the other, and what cannot follow it
 * is replaced.
 */
import type { KeyStore } from "@jotgate/core/KeyStore"
import { ticks } from "@jotgate/core/Ticks"
import { Context, Deferred, Duration, Effect, Exit, Fiber, Layer, Schema, type Scope } from "effect"
import cluster, { type Worker } from "node:cluster"
import { createServer } from "node:net"
import { type FileSettings, grpcAddress, grpcAt, type GrpcListener } from "../config/GatewaySettings.ts"
import { GrpcDoor } from "../doors/grpc/GrpcDoor.ts"
import { Gate } from "../Gate.ts"
import type { Sessions } from "../mcp/Sessions.ts"
import { type Address, ListenFailed } from "../platform/Listener.ts"
import { GateState } from "../proxy/GateState.ts"
import { DecisionLog } from "../record/DecisionLog.ts"
import { isToOwner, type Serving, type ToOwner, type ToWorker } from "./Message.ts"
import type * as SharedFetch from "./SharedFetch.ts"
import { type Start, WorkerProgram } from "./WorkerProgram.ts"

/** A worker did not start; `reason` is its own. */
export class WorkerFailed extends Schema.TaggedError<WorkerFailed>()("WorkerFailed", {
  /** Why it did not start, in its own words. */
  reason: Schema.String
}) {
  override get message(): string {
    return this.reason
  }
}

/** How long a worker that lived shorter than `soon` is missed at first, and at most; in milliseconds. */
const soon = 10_000
const firstPause = 250
const longestPause = 30_000

/** How long a worker may take to start, and to answer the owner. */
const startPatience = Duration.minutes(1)
const answerPatience = Duration.seconds(10)
/** How much longer than its own time for running requests a worker may take to end, in milliseconds. */
const endPatience = 5_000

/** How often workers are asked whether they are there, and how long they may take to say anything; twice, because the machine may have slept. */
const pulse = Duration.seconds(15)

/** Most messages that wait for one worker: one that reads no more is of no use. */
const mostWaiting = 10_000

/** What the owner has of one worker. */
interface Member {
  readonly worker: Worker
  readonly gone: Deferred.Deferred<string>
  /** What it serves, once it was told. */
  settings: FileSettings | undefined
  isReady: boolean
  /** How many messages have not left for it. */
  waiting: number
  /** How many have come from it. */
  heard: number
}

/** A port that nobody has, for listeners that take any: each worker must have the same one. */
const settled = (at: Address): Effect.Effect<Address> =>
  at.port !== 0 ? Effect.succeed(at) : Effect.callback((resume) => {
    const server = createServer()
    server.once("error", () => resume(Effect.succeed(at)))
    server.listen({ host: at.host, port: 0, exclusive: true }, () => {
      const address = server.address()
      const port = typeof address === "object" && address !== null ? address.port : 0
      server.close(() => resume(Effect.succeed({ host: at.host, port })))
    })
  })

/** What each worker serves of settings that are meant for all: limits are shared out, what one process owns is not served. */
export const shareOf = (settings: FileSettings, workers: number): FileSettings => {
  const { directory, gateway } = settings
  return {
    ...settings,
    issuers: settings.issuers.map((it) =>
      it.opaque === undefined || it.opaque === null
        ? it
        : { ...it, opaque: { ...it.opaque, rate: it.opaque.rate / workers } }
    ),
    // The owner puts the file's rows into the store, where everybody finds them; memory is everybody's own.
    directory: directory.url === "memory:" ? directory : { ...directory, file: null },
    gateway: {
      ...gateway,
      limits: { ...gateway.limits, inFlight: Math.max(1, Math.ceil(gateway.limits.inFlight / workers)) }
    },
    decisions: { ...settings.decisions, store: null }
  }
}

export class Crew {
  readonly #wanted: number
  readonly #pulse: Duration.Duration
  readonly #members = new Set<Member>()
  readonly #answers = new Map<number, (it: Extract<ToOwner, { _tag: "Done" }>) => void>()
  #last = 0
  #serving: Serving
  #listening: { readonly listen: Address; readonly grpc: GrpcListener | null }
  #isStopping = false
  /** How long a worker may take to end, in milliseconds. */
  #endsWithin = endPatience

  /** `serving` is what the workers start with; `every` is how often they are asked whether they are there. */
  constructor(wanted: number, serving: Serving, every = pulse) {
    this.#wanted = wanted
    this.#pulse = every
    this.#serving = { ...serving, settings: shareOf(serving.settings, wanted) }
    const { grpc, listen } = serving.settings.gateway
    this.#listening = { listen, grpc }
  }

  /** The listeners are where they were when the first worker started. */
  #listens(serving: Serving): Serving {
    const { settings } = serving
    return { ...serving, settings: { ...settings, gateway: { ...settings.gateway, ...this.#listening } } }
  }

  get ready(): number {
    let count = 0
    for (const it of this.#members) if (it.isReady) count++
    return count
  }

  #send(member: Member, message: ToWorker): void {
    const { worker } = member
    if (!worker.isConnected()) return
    if (member.waiting >= mostWaiting) return this.#end(member, "read no messages")
    member.waiting++
    worker.send(message, () => void member.waiting--)
  }

  /** Ends a worker at once. */
  #end(member: Member, why: string): void {
    member.isReady = false
    Deferred.doneUnsafe(member.gone, Exit.succeed(why))
    member.worker.process.kill("SIGKILL")
  }

  /** Sends a message to one worker and waits for its answer; `undefined` when it does not answer. */
  #ask(
    member: Member,
    make: (id: number) => ToWorker,
    patience = answerPatience
  ): Effect.Effect<{ text: string; failed: boolean } | undefined> {
    return Effect.callback<{ text: string; failed: boolean }>((resume) => {
      const id = ++this.#last
      this.#answers.set(id, (it) => resume(Effect.succeed(it)))
      this.#send(member, make(id))
      return Effect.sync(() => void this.#answers.delete(id))
    }).pipe(
      Effect.raceFirst(Effect.as(Deferred.await(member.gone), undefined)),
      Effect.timeoutOrElse({ duration: patience, orElse: () => Effect.undefined })
    )
  }

  #askAll(make: (id: number) => ToWorker) {
    return Effect.forEach([...this.#members].filter((it) => it.isReady), (it) => this.#ask(it, make), {
      concurrency: "unbounded"
    })
  }

  /** Ends a worker that says nothing any more: it hangs, or its channel is broken. */
  #feel(member: Member): Effect.Effect<void> {
    return Effect.gen({ self: this }, function*() {
      const { heard } = member
      for (let round = 0; round < 2; round++) {
        yield* this.#ask(member, (id) => ({ _tag: "Figures", id }), this.#pulse)
        if (member.heard > heard || !member.isReady) return
      }
      this.#end(member, "said nothing any more")
    })
  }

  /** The figures of every worker that is there. */
  readonly figures: Effect.Effect<ReadonlyArray<string>> = Effect.suspend(() =>
    Effect.map(
      this.#askAll((id) => ({ _tag: "Figures", id })),
      (all) => all.flatMap((it) => it === undefined || it.failed ? [] : [it.text])
    )
  )

  /** Puts other settings in force in one worker after the other; they are known to be usable. */
  reload(settings: FileSettings, lines: ReadonlyMap<string, number>): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.#serving = this.#listens({ ...this.#serving, settings: shareOf(settings, this.#wanted), lines })
      return Effect.forEach([...this.#members].filter((it) => it.isReady), (it) => this.#follow(it), { discard: true })
    })
  }

  /** Puts what is to be served in force in one worker; one that cannot follow is replaced. */
  #follow(member: Member): Effect.Effect<void> {
    return Effect.suspend(() => {
      const { lines, settings } = this.#serving
      return Effect.flatMap(this.#ask(member, (id) => ({ _tag: "Reload", id, settings, lines })), (answer) => {
        if (answer !== undefined && !answer.failed) {
          return Effect.sync(() => {
            member.settings = settings
          })
        }
        return Effect.andThen(
          Effect.logWarning("a worker cannot follow the reload and is replaced", {
            pid: member.worker.process.pid,
            reason: answer?.text ?? "no answer"
          }),
          Effect.sync(() => this.#retire(member))
        )
      })
    })
  }

  /** A worker answers: it counts when it serves what all do, which may be another thing than when it was started. */
  #begun(member: Member): Effect.Effect<boolean> {
    return Effect.gen({ self: this }, function*() {
      const isGone = () => Deferred.isDoneUnsafe(member.gone)
      while (member.settings !== this.#serving.settings && !isGone()) yield* this.#follow(member)
      member.isReady = !isGone()
      return member.isReady
    })
  }

  /** Keys that an administrator drops or fetches anew, in every process. */
  keys(own: Pick<KeyStore["Service"], "status" | "refresh" | "drop">, forget: () => void): typeof own {
    const { drop, refresh, status } = own
    return {
      status,
      refresh: (issuer) =>
        Effect.sync(forget).pipe(
          Effect.andThen(refresh(issuer)),
          Effect.tap(() => this.#askAll((id) => ({ _tag: "Refresh", id, issuer })))
        ),
      drop: (issuer, kid) =>
        Effect.sync(forget).pipe(
          Effect.andThen(drop(issuer, kid)),
          Effect.tap(() => this.#askAll((id) => ({ _tag: "Drop", id, issuer, kid: kid ?? null })))
        )
    }
  }

  /** Tells everybody whether requests are refused until lines can be written. */
  refuses(refuses: boolean): void {
    if (this.#serving.refuses === refuses) return
    this.#serving = { ...this.#serving, refuses }
    for (const it of this.#members) this.#send(it, { _tag: "Refuses", refuses })
  }

  /** A worker answers what it has begun and ends, or is ended; another one takes its place at once. */
  #retire(member: Member, why = "was replaced"): void {
    member.isReady = false
    this.#send(member, { _tag: "Stop", lingers: false })
    if (!Deferred.doneUnsafe(member.gone, Exit.succeed(why))) return
    setTimeout(() => member.worker.process.kill("SIGKILL"), this.#endsWithin).unref()
  }

  /** One worker, from its start until it is gone or is to be replaced. */
  #life(
    listeners: {
      readonly ready: (it: Extract<ToOwner, { _tag: "Ready" }>) => void
      readonly failed: (it: Extract<ToOwner, { _tag: "Failed" }>) => void
    },
    log: DecisionLog["Service"],
    share: SharedFetch.Share,
    sessions: Sessions,
    run: (effect: Effect.Effect<void>) => void,
    program: () => Start
  ): Effect.Effect<string> {
    return Effect.suspend(() => {
      const { exec, execArgv, first } = program()
      cluster.setupPrimary({
        exec,
        args: process.argv.slice(2),
        execArgv: [...execArgv],
        serialization: "advanced"
      })
      const member: Member = {
        worker: cluster.fork(),
        gone: Deferred.makeUnsafe(),
        settings: undefined,
        isReady: false,
        waiting: 0,
        heard: 0
      }
      this.#members.add(member)
      const { worker } = member
      if (first !== undefined) worker.send(first, () => {})
      const hear = (message: ToOwner): void => {
        switch (message._tag) {
          case "Here":
            member.settings = this.#serving.settings
            return this.#send(member, { _tag: "Serve", serving: this.#serving })
          case "Ready":
            this.#send(member, { _tag: "Taken", sessions: sessions.all() })
            this.#send(member, { _tag: "Refuses", refuses: this.#serving.refuses })
            return run(Effect.map(this.#begun(member), (isReady) => {
              if (isReady) listeners.ready(message)
            }))
          case "Failed":
            return listeners.failed(message)
          case "Records":
            return log.take(message.lines, message.questions)
          case "Done": {
            const answer = this.#answers.get(message.id)
            this.#answers.delete(message.id)
            return answer?.(message)
          }
          case "Fetch":
            return run(Effect.map(
              share(message.fetching, message.newerThan),
              ({ at, fetched }) => this.#send(member, { _tag: "Fetched", id: message.id, at, fetched })
            ))
          case "Took":
            sessions.learn(message.session, message.caller)
            for (const it of this.#members) {
              if (it !== member) this.#send(it, { _tag: "Taken", sessions: [[message.session, message.caller]] })
            }
            return
          case "Wounded":
            return this.#retire(member)
          case "Gone":
            member.isReady = false
        }
      }
      worker.on("message", (message: unknown) => {
        member.heard++
        if (isToOwner(message)) hear(message)
        else this.#retire(member, "said what nobody understands")
      })
      // A message that meets a worker which ends at this moment is lost with it.
      worker.on("error", () => {})
      worker.once("exit", (code, signal) => {
        member.isReady = false
        this.#members.delete(member)
        Deferred.doneUnsafe(
          member.gone,
          Exit.succeed(signal === null ? `ended with ${code}` : `was ended by ${signal}`)
        )
      })
      return Deferred.await(member.gone)
    })
  }

  /** Keeps one place filled. */
  #place(life: Effect.Effect<string>): Effect.Effect<void> {
    let pause = firstPause
    return Effect.gen({ self: this }, function*() {
      while (!this.#isStopping) {
        const since = yield* ticks
        const end = yield* life
        if (this.#isStopping) return
        const lived = (yield* ticks) - since
        pause = lived < soon ? Math.min(pause * 2, longestPause) : firstPause
        yield* Effect.logError("a worker is replaced", { end, lived, pause: lived < soon ? pause : 0 })
        if (lived < soon) yield* Effect.sleep(pause)
      }
    })
  }

  /** Starts the workers; they answer when this ends. They are stopped, all at a time, when the scope closes. */
  start(
    share: SharedFetch.Share,
    ends: { readonly drain: number; readonly grace: number }
  ): Effect.Effect<
    { readonly gate: Address; readonly grpc: Address | undefined },
    WorkerFailed | ListenFailed,
    DecisionLog | GateState | Scope.Scope
  > {
    return Effect.gen({ self: this }, function*() {
      const log = yield* DecisionLog
      const state = yield* GateState
      const run = Effect.runForkWith(yield* Effect.context<never>())
      const started = yield* Deferred.make<Extract<ToOwner, { _tag: "Ready" }>, WorkerFailed | ListenFailed>()
      this.#endsWithin = ends.drain + ends.grace + endPatience
      const { gateway } = this.#serving.settings
      const listen = yield* settled(gateway.listen)
      const grpcListen = gateway.grpc === null ? null : grpcAt(gateway.grpc, yield* settled(grpcAddress(gateway.grpc)))
      this.#listening = { listen, grpc: grpcListen }
      this.#serving = this.#listens(this.#serving)
      cluster.schedulingPolicy = cluster.SCHED_RR
      const life = this.#life(
        {
          ready: (it) => {
            if (this.ready === this.#wanted) Deferred.doneUnsafe(started, Exit.succeed(it))
          },
          failed: ({ listen, message }) =>
            Deferred.doneUnsafe(
              started,
              Exit.fail(listen === null ? new WorkerFailed({ reason: message }) : new ListenFailed(listen))
            )
        },
        log,
        share,
        state.sessions,
        run,
        yield* WorkerProgram
      )
      state.figures = this.figures
      state.crew = () => ({ wanted: this.#wanted, ready: this.ready })
      yield* Effect.acquireRelease(
        Effect.forEach(Array.from({ length: this.#wanted }), () => Effect.forkDetach(this.#place(life))),
        (places) => this.#stop(state, places)
      )
      const { gate, grpc } = yield* Effect.timeoutOrElse(Deferred.await(started), {
        duration: startPatience,
        orElse: () => Effect.fail(new WorkerFailed({ reason: "a worker did not start in time" }))
      })
      yield* Effect.forkScoped(
        Effect.forever(
          Effect.andThen(Effect.sync(() => this.refuses(log.audit.refuses())), Effect.sleep("100 millis"))
        )
      )
      yield* Effect.forkScoped(
        Effect.forever(Effect.andThen(
          Effect.sleep(this.#pulse),
          Effect.suspend(() =>
            Effect.forEach([...this.#members].filter((it) => it.isReady), (it) => this.#feel(it), {
              concurrency: "unbounded",
              discard: true
            })
          )
        ))
      )
      return { gate, grpc: grpc ?? undefined }
    })
  }

  #stop(
    state: GateState["Service"],
    places: ReadonlyArray<Fiber.Fiber<void>>
  ): Effect.Effect<void> {
    return Effect.gen({ self: this }, function*() {
      this.#isStopping = true
      state.draining = true
      for (const it of this.#members) this.#send(it, { _tag: "Stop", lingers: true })
      const all = [...this.#members]
      yield* Effect.timeoutOrElse(
        Effect.forEach(
          all,
          ({ worker }) =>
            Effect.callback<void>((resume) => {
              if (worker.isDead()) resume(Effect.void)
              else worker.once("exit", () => resume(Effect.void))
            }),
          { concurrency: "unbounded", discard: true }
        ),
        {
          duration: this.#endsWithin,
          orElse: () => Effect.sync(() => all.forEach(({ worker }) => worker.process.kill("SIGKILL")))
        }
      )
      yield* Fiber.interruptAll(places)
    })
  }
}

/** The listeners of callers as the owner has them: those of its workers, which renew their certificates with a reload. */
export const layer = (
  crew: Crew,
  share: SharedFetch.Share,
  ends: { readonly drain: number; readonly grace: number }
): Layer.Layer<Gate | GrpcDoor, WorkerFailed | ListenFailed, DecisionLog | GateState> =>
  Layer.effectContext(
    Effect.map(
      crew.start(share, ends),
      ({ gate, grpc }) =>
        Context.make(Gate, { address: gate, renew: () => {} }).pipe(
          Context.add(GrpcDoor, { address: grpc, renew: () => {} })
        )
    )
  )
