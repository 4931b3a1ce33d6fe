/**
 * What Node leaves undone for an answer that waits for those before it on its connection, which has no socket yet, and
 * for one that breaks off.
 */
import type { ServerResponse } from "node:http"
import type { Socket } from "node:net"

/** The last answer on each connection that waits, or has waited, for those before it. */
const waiting = new WeakMap<Socket, ServerResponse>()

/** Notes an answer as its request comes. */
export const note = (response: ServerResponse, socket: Socket): void => {
  if (response.socket === null) waiting.set(socket, response)
}

/** The last of the answers that are still to be sent on a connection; `undefined` when none waits for another. */
export const lastOn = (socket: Socket): ServerResponse | undefined => {
  const last = waiting.get(socket)
  return last === undefined || last.destroyed || last.writableFinished ? undefined : last
}

/** Connections whose last answer is on its way. */
const leaving = new WeakSet<Socket>()

/** Makes an answer the last one of its connection, because the gate ends: who asked more asks another gate. */
export const makeLast = (response: ServerResponse, socket: Socket): void => {
  response.shouldKeepAlive = false
  leaving.add(socket)
}

/** Whether the last answer of a connection is on its way, so that nothing behind it is answered. */
export const hasLast = (socket: Socket): boolean => leaving.has(socket)

/**
 * Ends an answer that cannot be whole, and its connection with it: one whose turn it is not would else be sent as far as
 * it came, and its caller would wait for the rest. What was written in this turn leaves first, which Node would keep
 * until the next one and lose: its caller is told that an answer broke off, not that there was none.
 */
export const breakOff = (response: ServerResponse): void => {
  if (response.socket === null) response.once("socket", (socket: Socket) => socket.destroySoon())
  else response.socket.uncork()
  response.destroy()
}

/** Lets a caller send its body, once it is its turn: what is written before that stands behind the head of the answer. */
export const goOn = (response: ServerResponse): void => {
  if (response.socket !== null) return response.writeContinue()
  response.once("socket", () => {
    if (!response.headersSent) response.writeContinue()
  })
}
