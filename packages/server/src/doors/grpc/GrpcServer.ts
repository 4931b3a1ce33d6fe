/**
 * A gRPC listener with two services: `envoy.service.auth.v3.Authorization` and `grpc.health.v1.Health`.
 *
 * What is asked and answered is bytes to this file; reflection is off. Nothing is read of a peer that is not believed, and
 * of the others only so many messages at once that what is held has a bound. A call whose caller has gone, or whose deadline
 * has passed, is given up. At the end the health says so for `drain`, then new calls are refused and running ones get
 * `grace`.
 */
import * as grpc from "@grpc/grpc-js"
import { Effect, type Scope } from "effect"
import type { Certificate } from "../../platform/Certificate.ts"
import { type Address, ListenFailed } from "../../platform/Listener.ts"
import { CheckCall, type CheckHandlers, giveUp } from "./CheckCall.ts"
import { decode } from "./CheckMessage.ts"
import * as Health from "./HealthMessage.ts"
import { ReadingTurns } from "./ReadingTurns.ts"
import { ShownCertificate } from "./ShownCertificate.ts"

/** Where and how the listener listens; sizes in bytes, times in milliseconds. */
export interface GrpcOptions extends Address {
  /** As the gate's; `null`: HTTP/2 in clear. */
  readonly tls: Certificate | null
  /** The largest message that is taken. */
  readonly maxMessage: number
  /** How long the port stays open after the end was announced, so that balancers notice. */
  readonly drain: number
  /** How long running checks get after that. */
  readonly grace: number
  /** How long a message may take to come once it is its turn; 2 s when left out. */
  readonly patience?: number
}

/** What is asked of the program behind the listener. */
export interface GrpcHandlers extends CheckHandlers {
  /** Whether requests are answered: for load balancers. */
  readonly isServing: () => boolean
}

const asIs = (bytes: Buffer): Buffer => bytes

const unary = <Request>(path: string, read: (bytes: Buffer) => Request) => ({
  path,
  requestStream: false,
  responseStream: false,
  requestDeserialize: read,
  requestSerialize: () => Buffer.alloc(0),
  responseSerialize: asIs,
  responseDeserialize: asIs
})

const services = {
  check: unary("/envoy.service.auth.v3.Authorization/Check", decode),
  health: unary("/grpc.health.v1.Health/Check", Health.read),
  watch: { ...unary("/grpc.health.v1.Health/Watch", Health.read), responseStream: true }
}

/** How often a watcher of the health is looked after, in milliseconds. */
const WATCH_MILLIS = 1_000

const known = new Set(["", "envoy.service.auth.v3.Authorization"])

/** What all messages that are read at once may hold together, in bytes. */
const mostHeld = 256 * 1024 * 1024
/** The fewest that are read at once. */
const leastReaders = 8
/** Calls of one connection at once; whoever has more opens another. */
const mostStreams = 1_000
/** A proxy sends a message that it has: it comes at once, or it does not come. */
const usualPatience = 2_000

/** Lets a call send its message when it is its turn. */
const waiting = (call: grpc.ServerInterceptingCallInterface, turns: ReadingTurns): grpc.ServerInterceptingCall => {
  let leave = () => {}
  const listener = new grpc.ServerListenerBuilder()
    .withOnReceiveMetadata((metadata, proceed) => {
      leave = turns.read(call.getPeer(), () => proceed(metadata), () => {
        leave()
        giveUp(call)
      })
    })
    .withOnReceiveMessage((message, proceed) => {
      leave()
      proceed(message)
    })
    .withOnCancel(() => leave())
    .build()
  return new grpc.ServerInterceptingCall(
    call,
    new grpc.ResponderBuilder().withStart((next) => next(listener)).build()
  )
}

const inTurn = (
  { maxMessage, patience = usualPatience }: GrpcOptions,
  handlers: GrpcHandlers
): grpc.ServerInterceptor => {
  const checks = new ReadingTurns(Math.max(leastReaders, Math.floor(mostHeld / maxMessage)), patience)
  const others = new ReadingTurns(leastReaders, patience)
  return (method, call) =>
    method.path === services.check.path ? new CheckCall(call, handlers, checks) : waiting(call, others)
}

const make = (options: GrpcOptions, handlers: GrpcHandlers): grpc.Server => {
  const { isServing } = handlers
  const server = new grpc.Server({
    "grpc.max_receive_message_length": options.maxMessage,
    "grpc.max_send_message_length": -1,
    "grpc.max_concurrent_streams": mostStreams,
    interceptors: [inTurn(options, handlers)]
  })
  const health = (service: string) =>
    Health.answer(!known.has(service) ? "SERVICE_UNKNOWN" : isServing() ? "SERVING" : "NOT_SERVING")
  // `CheckCall` answers.
  server.addService({ Check: services.check }, { Check: () => {} })
  server.addService({ Check: services.health, Watch: services.watch }, {
    Check: (call: grpc.ServerUnaryCall<Health.Question, Buffer>, done: grpc.sendUnaryData<Buffer>) => {
      if (known.has(call.request.service)) done(null, health(call.request.service))
      else done({ code: grpc.status.NOT_FOUND, details: "unknown service" })
    },
    Watch: (call: grpc.ServerWritableStream<Health.Question, Buffer>) => {
      let last: boolean | undefined
      const look = () => {
        const now = isServing()
        if (now !== last) call.write(health(call.request.service))
        last = now
      }
      const timer = setInterval(look, WATCH_MILLIS)
      call.on("cancelled", () => clearInterval(timer))
      look()
    }
  })
  return server
}

const open = (
  server: grpc.Server,
  { host, port }: GrpcOptions,
  shown: ShownCertificate | undefined
): Effect.Effect<Address, ListenFailed> =>
  Effect.callback<Address, ListenFailed>((resume) => {
    const credentials = shown === undefined
      ? grpc.ServerCredentials.createInsecure()
      // Whatever its parameters are called: first who it is, then whom it asks for.
      : grpc.experimental.createCertificateProviderServerCredentials(shown, shown.asks ? shown : null, shown.asks)
    const name = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`
    server.bindAsync(name, credentials, (error, bound) =>
      resume(
        error === null
          ? Effect.succeed({ host, port: bound })
          : Effect.fail(new ListenFailed({ host, port, code: /E[A-Z]{3,}/.exec(error.message)?.[0] ?? error.message }))
      ))
  })

const close = (server: grpc.Server, { drain, grace }: GrpcOptions): Effect.Effect<void> =>
  Effect.andThen(
    Effect.sleep(drain),
    Effect.timeoutOrElse(
      Effect.callback<void>((resume) => server.tryShutdown(() => resume(Effect.void))),
      { duration: grace, orElse: () => Effect.sync(() => server.forceShutdown()) }
    )
  )

/** A listener that is open. */
export interface GrpcListening {
  readonly address: Address
  /** Shows this certificate from the next connection on; nothing on a listener in clear. */
  readonly renew: (certificate: Certificate) => void
}

/** Listens for as long as the scope lives. Port 0 takes a free one. Fails when the port cannot be had. */
export const listen = (
  options: GrpcOptions,
  handlers: GrpcHandlers
): Effect.Effect<GrpcListening, ListenFailed, Scope.Scope> =>
  Effect.gen(function*() {
    const server = make(options, handlers)
    const shown = options.tls === null ? undefined : new ShownCertificate(options.tls)
    const address = yield* Effect.acquireRelease(open(server, options, shown), () => close(server, options))
    return { address, renew: (certificate) => shown?.renew(certificate) }
  })
