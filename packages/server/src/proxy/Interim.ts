/**
 * Takes an unasked `100 Continue` out of what an upstream answers.
 *
 * Nobody asked for it, yet servers send it (RFC 9110 §15.2.1 lets them), and the
 * client library ends the connection for it. It can only stand where an answer
 * is due: in the first bytes that come after something was sent.
 */
import type { Socket } from "node:net"
import { buildConnector } from "undici"

const status = Buffer.from("HTTP/1.1 100")
/** The largest head of an interim answer; a larger one is left to be refused. */
const largest = 16 * 1024

/** Whether a text is the beginning of an interim answer, or may become one. */
const mayBe = (bytes: Buffer): boolean => {
  const length = Math.min(bytes.length, status.length)
  for (let i = 0; i < length; i++) if (bytes[i] !== status[i]) return false
  return true
}

const without = (socket: Socket): void => {
  const read = socket.read.bind(socket)
  let sent = -1
  let isDue = true
  let held: Buffer | undefined
  socket.read = (size?: number): Buffer | null => {
    const chunk: Buffer | null = read(size)
    if (chunk === null) return null
    if (socket.bytesWritten !== sent) {
      sent = socket.bytesWritten
      isDue = true
    }
    if (!isDue) return chunk
    let bytes = held === undefined ? chunk : Buffer.concat([held, chunk])
    held = undefined
    while (bytes.length > 0 && mayBe(bytes)) {
      const end = bytes.indexOf("\r\n\r\n")
      if (end === -1) {
        if (bytes.length > largest) break
        held = bytes
        return null
      }
      bytes = bytes.subarray(end + 4)
    }
    if (bytes.length === 0) return null
    isDue = false
    return bytes
  }
}

/** Opens connections to upstreams; `timeout` in milliseconds. */
export const connector = (timeout: number): buildConnector.connector => {
  const connect = buildConnector({ timeout, allowH2: false })
  return (options, done) =>
    connect(options, (...[error, socket]: buildConnector.CallbackArgs) => {
      if (error !== null) return done(error, null)
      without(socket)
      done(null, socket)
    })
}
