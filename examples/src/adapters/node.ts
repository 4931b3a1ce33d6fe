/** The body of a request of Node's server, read when the gate asks for it. */
import type { Readable } from "node:stream"

/** Reads a body up to its limit, in bytes; the request is not ended, so that it can be answered. */
export const reading = async (request: Readable, limit: number): Promise<Buffer> => {
  const pieces: Array<Buffer> = []
  let size = 0
  for await (const piece of request.iterator({ destroyOnReturn: false })) {
    size += piece.length
    if (size > limit) throw Object.assign(new Error("the body is too large"), { statusCode: 413 })
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}
