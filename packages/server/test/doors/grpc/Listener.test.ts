/** The gRPC listener itself: certificates on both sides, deadlines, how many at once, and its end. */
import { assert, describe, it } from "@effect/vitest"
import * as grpc from "@grpc/grpc-js"
import { Deferred, Effect, Exit, Fiber, Scope } from "effect"
import { X509Certificate } from "node:crypto"
import { readFileSync } from "node:fs"
import { connect } from "node:http2"
import { connect as connectSecure } from "node:tls"
import { denying } from "../../../src/doors/grpc/CheckReply.ts"
import * as GrpcServer from "../../../src/doors/grpc/GrpcServer.ts"
import * as GrpcClient from "../../support/GrpcClient.ts"
import * as World from "../../support/World.ts"

const pem = (name: string): string => readFileSync(new URL(`../../fixtures/tls/${name}`, import.meta.url), "utf8")
const own = { cert: pem("loopback-cert.pem"), key: pem("loopback-key.pem") }
const stranger = { cert: pem("stranger-cert.pem"), key: pem("stranger-key.pem") }

/** As a proxy connects: it trusts our certificate, and shows one if it has any. */
const showing = (shown?: { readonly cert: string; readonly key: string }): grpc.ChannelCredentials =>
  shown === undefined
    ? grpc.credentials.createSsl(Buffer.from(own.cert))
    : grpc.credentials.createSsl(Buffer.from(own.cert), Buffer.from(shown.key), Buffer.from(shown.cert))

const question = GrpcClient.messageOf({ method: "GET", path: "/v1/files", headers: [] })

describe("certificates", () => {
  it.live("the listener shows the gate's, and asks for none", () =>
    Effect.gen(function*() {
      const { grpcPort } = yield* World.make({ grpc: true, gate: { tls: own } })
      assert.strictEqual((yield* GrpcClient.check(grpcPort, question, 10_000, showing())).status, 401)
      const clear = yield* Effect.flip(GrpcClient.check(grpcPort, question))
      assert.strictEqual(clear.code, grpc.status.UNAVAILABLE)
    }))

  it.live("with clientCa only a proxy with a certificate of that authority is answered", () =>
    Effect.gen(function*() {
      const { grpcPort, log } = yield* World.make({ grpc: true, gate: { tls: { ...own, clientCa: own.cert } } })
      for (const refused of [showing(), showing(stranger)]) {
        const error = yield* Effect.flip(GrpcClient.check(grpcPort, question, 3_000, refused))
        assert.include([grpc.status.UNAVAILABLE, grpc.status.DEADLINE_EXCEEDED], error.code)
      }
      assert.isEmpty(log.recent(10))
      assert.strictEqual((yield* GrpcClient.check(grpcPort, question, 10_000, showing(own))).status, 401)
      assert.strictEqual(log.recent(10).length, 1)
    }))
})

describe("a certificate that is replaced while the listener listens", () => {
  /** The fingerprint of what is shown. */
  const shownAt = (port: number) =>
    Effect.callback<string>((resume) => {
      const socket = connectSecure(
        { port, host: "127.0.0.1", ALPNProtocols: ["h2"], rejectUnauthorized: false },
        () => {
          resume(Effect.succeed(socket.getPeerCertificate().fingerprint256))
          socket.destroy()
        }
      )
      socket.on("error", () => {})
    })
  const fingerprint = ({ cert }: { readonly cert: string }) => new X509Certificate(cert).fingerprint256

  it.live("is shown from the next connection on, and so are its authorities asked for", () =>
    Effect.gen(function*() {
      const { address: { port }, renew } = yield* GrpcServer.listen(
        {
          host: "127.0.0.1",
          port: 0,
          tls: { ...own, clientCa: own.cert },
          maxMessage: 1024 * 1024,
          drain: 0,
          grace: 100
        },
        {
          isServing: () => true,
          isBelieved: () => true,
          check: (_message, _peer, done) => {
            done(denying({ status: 403, headers: [], body: "" }))
            return () => {}
          }
        }
      )
      assert.strictEqual((yield* GrpcClient.check(port, question, 10_000, showing(own))).status, 403)
      renew({ ...own, clientCa: stranger.cert })
      const error = yield* Effect.flip(GrpcClient.check(port, question, 3_000, showing(own)))
      assert.include([grpc.status.UNAVAILABLE, grpc.status.DEADLINE_EXCEEDED], error.code)
      assert.strictEqual((yield* GrpcClient.check(port, question, 10_000, showing(stranger))).status, 403)
      // Whoever was asked for a certificate is asked for one.
      renew(stranger)
      assert.strictEqual(yield* shownAt(port), fingerprint(own))
      renew({ ...stranger, clientCa: stranger.cert })
      assert.strictEqual(yield* shownAt(port), fingerprint(stranger))
    }))
})

/** A listener whose check is held until it is told to answer. */
const held = Effect.fnUntraced(function*(grace = 5_000, patience?: number) {
  const scope = yield* Scope.make()
  yield* Effect.addFinalizer(() => Scope.close(scope, Exit.void))
  const [came, gone] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
  const answers: Array<() => void> = []
  const { address: { port } } = yield* Scope.provide(
    GrpcServer.listen(
      {
        host: "127.0.0.1",
        port: 0,
        tls: null,
        maxMessage: 32 * 1024 * 1024,
        drain: 0,
        grace,
        ...(patience === undefined ? {} : { patience })
      },
      {
        isServing: () => true,
        isBelieved: () => true,
        check: (_message, _peer, done) => {
          answers.push(() => done(denying({ status: 403, headers: [], body: "" })))
          Deferred.doneUnsafe(came, Effect.void)
          return () => void Deferred.doneUnsafe(gone, Effect.void)
        }
      }
    ),
    scope
  )
  return { port, came, gone, answer: () => answers.forEach((it) => it()), close: Scope.close(scope, Exit.void) }
})

describe("a check", () => {
  it.live("whose deadline has passed is given up on both sides", () =>
    Effect.gen(function*() {
      const { gone, port } = yield* held()
      const error = yield* Effect.flip(GrpcClient.check(port, question, 200))
      assert.strictEqual(error.code, grpc.status.DEADLINE_EXCEEDED)
      yield* Deferred.await(gone)
    }))

  it.live("that runs when the end comes is answered, and no new one is taken", () =>
    Effect.gen(function*() {
      const { answer, came, close, port } = yield* held()
      const running = yield* Effect.forkChild(GrpcClient.check(port, question))
      yield* Deferred.await(came)
      const closing = yield* Effect.forkChild(close)
      yield* Effect.flip(GrpcClient.check(port, question, 300)).pipe(
        Effect.repeat({ until: ({ code }) => code === grpc.status.UNAVAILABLE })
      )
      answer()
      assert.strictEqual((yield* Fiber.join(running)).status, 403)
      yield* Fiber.join(closing)
    }))

  it.live("that does not end in its grace is cut off", () =>
    Effect.gen(function*() {
      const { came, close, port } = yield* held(100)
      const running = yield* Effect.forkChild(Effect.flip(GrpcClient.check(port, question)))
      yield* Deferred.await(came)
      yield* close
      assert.include([grpc.status.UNAVAILABLE, grpc.status.CANCELLED], (yield* Fiber.join(running)).code)
    }))
})

/** Begins a check that says how long its message is, and sends less. */
const unfinished = Effect.fnUntraced(function*(port: number, announced: number, sent: number) {
  const session = yield* Effect.acquireRelease(
    Effect.sync(() => connect(`http://127.0.0.1:${port}`)),
    (it) => Effect.sync(() => it.destroy())
  )
  session.on("error", () => {})
  return (): Promise<{ readonly status: string; readonly isAnswered: boolean }> =>
    new Promise((done) => {
      const call = session.request({
        ":method": "POST",
        ":path": "/envoy.service.auth.v3.Authorization/Check",
        "content-type": "application/grpc",
        te: "trailers"
      })
      let status = ""
      let isAnswered = false
      call.on("error", () => {})
      call.on("response", (it) => (status = String(it["grpc-status"] ?? "")))
      call.on("trailers", (it) => (status = String(it["grpc-status"] ?? "")))
      call.on("data", () => (isAnswered = true))
      call.on("end", () => done({ status, isAnswered }))
      const head = Buffer.alloc(5)
      head.writeUInt32BE(announced, 1)
      call.write(head)
      call.write(Buffer.alloc(sent))
    })
})

/** One call with these messages in one piece: its status. */
const calling = (port: number, messages: ReadonlyArray<Buffer>, type = "application/grpc") =>
  Effect.callback<string>((resume) => {
    const session = connect(`http://127.0.0.1:${port}`)
    session.on("error", () => {})
    const call = session.request({
      ":method": "POST",
      ":path": "/envoy.service.auth.v3.Authorization/Check",
      "content-type": type,
      te: "trailers"
    })
    let status = ""
    call.on("error", () => {})
    call.on("response", (it) => (status = String(it["grpc-status"] ?? it[":status"])))
    call.on("trailers", (it) => (status = String(it["grpc-status"] ?? "")))
    call.on("close", () => {
      session.destroy()
      resume(Effect.succeed(status))
    })
    call.resume()
    call.end(Buffer.concat(messages))
  })

const framed = (bytes: Buffer, flag = 0): Buffer => {
  const head = Buffer.alloc(5)
  head[0] = flag
  head.writeUInt32BE(bytes.length, 1)
  return Buffer.concat([head, bytes])
}

describe("a call that is none", () => {
  it.live("is a gRPC error, decides nothing, and leaves the listener as it was", () =>
    Effect.gen(function*() {
      const { grpcPort, log } = yield* World.make({ grpc: true })
      assert.strictEqual(yield* calling(grpcPort, [framed(question), framed(question)]), "12", "two messages")
      assert.strictEqual(yield* calling(grpcPort, []), "12", "no message")
      assert.strictEqual(yield* calling(grpcPort, [framed(question)], "application/json"), "415")
      assert.strictEqual(yield* calling(grpcPort, [framed(Buffer.of(0x0a, 9))]), "13", "no Protocol Buffers")
      assert.isEmpty(log.recent(10))
      assert.strictEqual(yield* calling(grpcPort, [framed(question)]), "0")
      assert.strictEqual(log.recent(10).length, 1)
    }))
})

describe("a check that crashes", () => {
  it.live("is denied with 503 and has its record, and its place is free again", () =>
    Effect.gen(function*() {
      const { deployments, grpcPort, log, telemetry } = yield* World.make({
        grpc: true,
        doors: { limits: { ...World.defaultLimits, inFlight: 1 } }
      })
      const sound = deployments.current()
      const decide = () => {
        throw new Error("a defect")
      }
      yield* deployments.swap(Effect.succeed({ ...sound, auth: { ...sound.auth, decide } }))
      for (let i = 0; i < 3; i++) {
        const answer = yield* GrpcClient.check(grpcPort, question)
        assert.deepStrictEqual([answer.status, answer.code], [503, 14])
        assert.strictEqual(log.recent(1)[0]?.decision, JSON.parse(answer.body).decision)
      }
      assert.deepStrictEqual([log.recent(10).length, telemetry.defects()], [3, 3])
      yield* deployments.swap(Effect.succeed(sound))
      assert.strictEqual((yield* GrpcClient.check(grpcPort, question)).status, 401)
    }))
})

describe("messages that do not end", () => {
  it.live("of a peer that is not believed are not waited for", () =>
    Effect.gen(function*() {
      const { grpcPort, log } = yield* World.make({ grpc: true, doors: { trustedProxies: ["10.0.0.1"] } })
      const begin = yield* unfinished(grpcPort, 30_000_000, 10_000)
      const answers = yield* Effect.promise(() => Promise.all(Array.from({ length: 20 }, begin)))
      assert.deepStrictEqual(answers, answers.map(() => ({ status: "0", isAnswered: true })))
      assert.deepStrictEqual(log.recent(20).map((it) => it.code), answers.map(() => "peer_untrusted"))
    }))

  it.live("are given up in their time, and those that are whole have their turn then", () =>
    Effect.gen(function*() {
      const { answer, came, port } = yield* held(0, 300)
      const begin = yield* unfinished(port, 30_000_000, 10_000)
      // Eight of such messages are read at once.
      const stalled = Array.from({ length: 20 }, begin)
      const whole = yield* Effect.forkChild(GrpcClient.check(port, question, 15_000))
      yield* Deferred.await(came)
      answer()
      assert.strictEqual((yield* Fiber.join(whole)).status, 403)
      const answers = yield* Effect.promise(() => Promise.all(stalled))
      assert.deepStrictEqual(answers, answers.map(() => ({ status: "14", isAnswered: false })))
    }))
})

describe("limits.inFlight", () => {
  const limited = (inFlight: number) =>
    World.make({ grpc: true, doors: { limits: { ...World.defaultLimits, inFlight } } })

  it.live("more at once are denied with 503 and a time to wait", () =>
    Effect.gen(function*() {
      const { grpcPort, log } = yield* limited(0)
      const answer = yield* GrpcClient.check(grpcPort, question)
      assert.deepStrictEqual([answer.status, answer.code], [503, 14])
      assert.strictEqual(answer.headers["retry-after"], "1")
      assert.strictEqual(log.recent(1)[0]?.code, "overloaded")
    }))

  it.live("the place of one that is over is free again", () =>
    Effect.gen(function*() {
      const { grpcPort } = yield* limited(1)
      for (let i = 0; i < 20; i++) assert.strictEqual((yield* GrpcClient.check(grpcPort, question)).status, 401)
    }))
})
