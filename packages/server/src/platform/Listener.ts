/**
 * Opens a port, and closes it so that nobody is cut off in mid-answer, and nobody who asks nothing is waited for.
 */
import { Effect, Schema, type Scope } from "effect"
import type { Server } from "node:http"
import { Server as NetServer, type Socket } from "node:net"

/** The port could not be had; `code` is the system's, such as `EADDRINUSE`. */
export class ListenFailed extends Schema.TaggedError<ListenFailed>()("ListenFailed", {
  /** The host that was asked for. */
  host: Schema.String,
  /** The port that was asked for. */
  port: Schema.Number,
  /** The system's code, such as `EADDRINUSE`. */
  code: Schema.String
}) {
  override get message(): string {
    return `cannot listen on ${this.host}:${this.port}: ${this.code}`
  }
}

/** An open port. */
export interface Address {
  /** A name or an address; IPv6 without brackets. */
  readonly host: string
  /** The port that is listened at. */
  readonly port: number
}

/** How a listener closes; times in milliseconds. */
export interface Closing {
  /** How long the port stays open after the end was announced. */
  readonly drain: () => number
  /** How long running requests get after that. */
  readonly grace: number
  /** Connections on which an answer is due. */
  readonly busy: () => ReadonlySet<Socket>
  /** Called at once when the end is announced. */
  readonly onDrain: () => void
  /** Called when the grace is over: breaks off what still runs. */
  readonly onCut: () => void
}

const open = (server: Server, host: string, port: number): Effect.Effect<Address, ListenFailed> =>
  Effect.callback<Address, ListenFailed>((resume) => {
    const onError = (error: NodeJS.ErrnoException) =>
      resume(Effect.fail(new ListenFailed({ host, port, code: error.code ?? error.message })))
    server.once("error", onError)
    server.listen({ host, port, exclusive: false }, () => {
      server.off("error", onError)
      const address = server.address()
      resume(Effect.succeed({ host, port: typeof address === "object" && address !== null ? address.port : port }))
    })
  })

/** How often connections are looked at while a listener closes, in milliseconds. */
const lookMillis = 100
/** How many looks a head gets that goes on coming. */
const mostLooks = 10

/** The connections of a server by their peers: with TLS the socket that answers takes the place of the one below it. */
const track = (server: Server): ReadonlyMap<string, Socket> => {
  const open = new Map<string, Socket>()
  const add = (socket: Socket) => {
    const peer = `${socket.remoteAddress} ${socket.remotePort}`
    open.set(peer, socket)
    socket.once("close", () => {
      if (open.get(peer) === socket) open.delete(peer)
    })
  }
  server.on("connection", add)
  server.on("secureConnection", add)
  return open
}

/**
 * Ends connections on which no answer is due and nothing is left to send: those that are kept, that have said nothing
 * yet, or only a part of a head. One of which bytes go on coming gets a second.
 */
const looking = (open: ReadonlyMap<string, Socket>, { busy }: Closing): Effect.Effect<void> => {
  const seen = new Map<Socket, { readonly bytes: number; readonly looks: number }>()
  return Effect.sync(() => {
    const due = busy()
    for (const socket of open.values()) {
      const before = seen.get(socket)
      if (due.has(socket) || socket.writableLength > 0) seen.delete(socket)
      else if (before !== undefined && (before.bytes === socket.bytesRead || before.looks >= mostLooks)) {
        socket.destroy()
      } else seen.set(socket, { bytes: socket.bytesRead, looks: (before?.looks ?? 0) + 1 })
    }
  })
}

const close = (server: Server, open: ReadonlyMap<string, Socket>, closing: Closing): Effect.Effect<void> =>
  Effect.gen(function*() {
    const look = looking(open, closing)
    closing.onDrain()
    yield* look
    yield* Effect.sleep(closing.drain())
    // The `close` of node:http destroys connections whose answer is finished and not yet sent: a slow reader would lose its end.
    const closed = Effect.callback<void>((resume) => {
      NetServer.prototype.close.call(server, () => resume(Effect.void))
    })
    const looks = Effect.forever(Effect.andThen(Effect.sleep(lookMillis), look))
    yield* Effect.timeoutOrElse(Effect.raceFirst(closed, looks), {
      duration: closing.grace,
      orElse: () =>
        Effect.sync(() => {
          closing.onCut()
          for (const socket of open.values()) socket.destroy()
        })
    })
    // Ends what node:http looks after its connections with.
    server.close()
  })

/** Listens for as long as the scope lives. Port 0 takes a free one. */
export const listen = (
  server: Server,
  at: { readonly host: string; readonly port: number },
  closing: Closing
): Effect.Effect<Address, ListenFailed, Scope.Scope> =>
  Effect.suspend(() => {
    const connections = track(server)
    return Effect.acquireRelease(open(server, at.host, at.port), () => close(server, connections, closing))
  })

/** `host:port` as part of a URL. */
export const authority = ({ host, port }: Address): string =>
  host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`
