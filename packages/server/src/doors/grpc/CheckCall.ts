/**
 * One call of `Authorization/Check`, from its head to its status.
 *
 * It stands where the library's interceptors stand: what the library does besides for calls of one message (streams,
 * events, metadata) nobody needs here. Nothing is read of a peer that is not believed; of the others the message is read
 * when it is its turn, and given up when it does not come.
 */
import { Metadata, ServerInterceptingCall, type ServerInterceptingCallInterface, status } from "@grpc/grpc-js"
import { Result } from "effect"
import * as Turn from "../../answer/Turn.ts"
import type { CheckedRequest, Unreadable } from "./CheckMessage.ts"
import type { ReadingTurns } from "./ReadingTurns.ts"

/** What a check asks about, or why it cannot be judged. */
export type Checked = Result.Result<CheckedRequest, Unreadable>

/** What is asked of the program behind the listener. */
export interface CheckHandlers {
  /** Answers one check through `done`, once; the returned function gives it up. */
  readonly check: (message: Checked, peer: string, done: (answer: Buffer) => void) => () => void
  /** Whether this peer may ask at all; the check of another is answered without its message. */
  readonly isBelieved: (peer: string) => boolean
}

/** Ends a call whose message is not to be had. */
export const giveUp = (call: ServerInterceptingCallInterface): void =>
  call.sendStatus({ code: status.UNAVAILABLE, details: "the message did not come" })

const noMetadata = new Metadata()
const answered = { code: status.OK, details: "" }
const unread: Checked = Result.fail("no HTTP attributes")
const nothing = (): void => {}

export class CheckCall extends ServerInterceptingCall {
  readonly #call: ServerInterceptingCallInterface
  readonly #handlers: CheckHandlers
  readonly #turns: ReadingTurns
  readonly #peer: string
  #message: Checked | undefined
  /** Ends the turn. */
  #leave = nothing
  #isCancelled = false
  /** Gives the check up. */
  #stop = nothing

  constructor(call: ServerInterceptingCallInterface, handlers: CheckHandlers, turns: ReadingTurns) {
    super(call)
    this.#call = call
    this.#handlers = handlers
    this.#turns = turns
    this.#peer = call.getConnectionInfo().remoteAddress ?? ""
  }

  /** The call begins. Whoever would listen behind the interceptors is not told: the check is answered here. */
  override start(): void {
    this.#call.start(this)
  }

  onReceiveMetadata(): void {
    if (!this.#handlers.isBelieved(this.#peer)) return this.#ask(unread)
    this.#leave = this.#turns.read(this.#call.getPeer(), () => this.#call.startRead(), () => {
      this.#leave()
      giveUp(this.#call)
    })
  }

  onReceiveMessage(message: Checked): void {
    if (this.#message === undefined) {
      this.#message = message
      this.#call.startRead()
    } else this.#refuse("more than one message")
  }

  onReceiveHalfClose(): void {
    this.#leave()
    if (this.#message === undefined) this.#refuse("no message")
    else this.#ask(this.#message)
  }

  onCancel(): void {
    this.#isCancelled = true
    this.#leave()
    this.#stop()
  }

  #ask(message: Checked): void {
    Turn.decide({
      run: () => {
        this.#stop = this.#handlers.check(message, this.#peer, (answer) => {
          this.#call.sendMetadata(noMetadata)
          this.#call.sendMessage(answer, nothing)
          this.#call.sendStatus(answered)
        })
        if (this.#isCancelled) this.#stop()
      },
      abort: () => giveUp(this.#call)
    })
  }

  #refuse(details: string): void {
    this.#leave()
    this.#call.sendStatus({ code: status.UNIMPLEMENTED, details })
  }
}
