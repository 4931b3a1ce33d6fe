/**
 * Opens a port, and closes it so that nobody is cut off in mid-answer.
 */
import { Effect, Schema, type Scope } from "effect"
import type { Server } from "node:http"

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

const close = (server: Server, closing: Closing): Effect.Effect<void> =>
  Effect.gen(function*() {
    closing.onDrain()
    yield* Effect.sleep(closing.drain())
    const closed = Effect.callback<void>((resume) => {
      server.close(() => resume(Effect.void))
      server.closeIdleConnections()
    })
    yield* Effect.timeoutOrElse(closed, {
      duration: closing.grace,
      orElse: () =>
        Effect.sync(() => {
          closing.onCut()
          server.closeAllConnections()
        })
    })
  })

/** Listens for as long as the scope lives. Port 0 takes a free one. */
export const listen = (
  server: Server,
  at: { readonly host: string; readonly port: number },
  closing: Closing
): Effect.Effect<Address, ListenFailed, Scope.Scope> =>
  Effect.acquireRelease(open(server, at.host, at.port), () => close(server, closing))

/** `host:port` as part of a URL. */
export const authority = ({ host, port }: Address): string =>
  host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`
