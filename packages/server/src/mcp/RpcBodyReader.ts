/**
 * The body of a request to an MCP server: read as JSON-RPC while it comes, and sent on byte for byte.
 */
import type { BodyReader, Send } from "../model/BodyReader.ts"
import { nothing, type Peeked } from "../model/Peeked.ts"
import { type RpcBody, RpcReader } from "./RpcReader.ts"

/** Reads one body. It names no model; what it says is in `body`. */
export class RpcBodyReader implements BodyReader {
  readonly type = "application/json"
  readonly isKnown = true
  readonly isText = true
  readonly isVerbatim = true
  readonly isSettled = false
  readonly seen = nothing
  readonly #rpc = new RpcReader()
  readonly #send: Send
  /** What it says; `undefined` before its end. */
  body: RpcBody | undefined

  constructor(send: Send) {
    this.#send = send
  }

  push(chunk: Buffer): void {
    this.#rpc.push(chunk)
    this.#send(chunk)
  }

  end(): Peeked {
    this.body = this.#rpc.end()
    return nothing
  }

  /** A body is JSON-RPC whatever it is called: one that calls itself otherwise is refused before it is read. */
  isSameAsSent(): boolean {
    return true
  }
}
