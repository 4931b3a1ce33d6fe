/**
 * Answers what the HTTP parser refused, and ends the connection.
 *
 * An answer of ours never stands before the one that is due on the connection
 * (threat E10): that one ends first, and the connection with it.
 */
import { render } from "@jotgate/core/ProblemResponse"
import { type ServerResponse, STATUS_CODES } from "node:http"
import type { Socket } from "node:net"
import * as Pipelined from "../answer/Pipelined.ts"
import type { Opened, Recording } from "../record/Recording.ts"
import type { Admission } from "./Admission.ts"

/** How long a caller that sends on, or does not read, may keep a connection that has ended, in milliseconds. */
const patience = 2_000

/** Ends a connection with what was written on it; it is gone soon after, whatever the caller does. */
export const finish = (socket: Socket, text?: string): void => {
  if (text === undefined) socket.end()
  else socket.end(text)
  const timer = setTimeout(() => socket.destroy(), patience)
  timer.unref()
  socket.once("close", () => clearTimeout(timer))
}

/** Ends a connection once this answer is there. */
const endAfter = (response: ServerResponse, socket: Socket): void => {
  response.shouldKeepAlive = false
  response.once("close", () => finish(socket))
}

/** Ends a connection once all answers are there that are due on it; `false` when none is known. */
export const endAfterAnswers = (admission: Admission, socket: Socket): boolean => {
  const last = Pipelined.lastOn(socket) ?? admission.on(socket)?.response
  if (last === undefined) return false
  // The body of this one was to come where something else did.
  if (last.req.complete) endAfter(last, socket)
  else Pipelined.breakOff(last)
  return true
}

/** Answers `clientError` of Node's server; `isUnread` says whether the body of a request that was answered is still coming. */
export const onClientError = (
  error: NodeJS.ErrnoException,
  socket: Socket,
  closing: WeakSet<Socket>,
  admission: Admission,
  isUnread: (socket: Socket) => boolean,
  open: (request: Opened) => Recording
): void => {
  if (closing.has(socket)) return
  closing.add(socket)
  if (!socket.writable || error.code === "ECONNRESET") {
    socket.destroy()
    return
  }
  if (Pipelined.lastOn(socket) !== undefined) return void endAfterAnswers(admission, socket)
  const stay = admission.on(socket)
  if (stay !== undefined && stay.response.headersSent) {
    socket.destroy()
    return
  }
  // What is wrong in the body of a request that has its answer is the end of the connection, and no second answer.
  if (stay === undefined && isUnread(socket)) return finish(socket)
  if (error.code === "ERR_HTTP_REQUEST_TIMEOUT") {
    stay?.ends?.recording?.answered(408)
    finish(socket, "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
    return
  }
  // What is wrong stands behind a request that is whole: that one gets its answer.
  if (stay !== undefined && stay.response.req.complete) return endAfter(stay.response, socket)
  const code = error.code === "HPE_HEADER_OVERFLOW" ? "headers_too_large" : "request_ambiguous"
  // What is wrong in the body of a request is the answer to that one; else nothing is known of what was asked.
  const recording = stay?.ends?.recording ?? open({ door: "proxy", method: "", route: "", requestId: null })
  const { body, headers, status } = render({ code }, recording.id, "/", undefined)
  let head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\nConnection: close\r\n`
  for (let i = 0; i < headers.length; i += 2) head += `${headers[i] ?? ""}: ${headers[i + 1] ?? ""}\r\n`
  finish(socket, `${head}\r\n${body}`)
  recording.refused(status, code, error.code)
}
