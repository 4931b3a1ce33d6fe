/**
 * Reads the frames of one direction of a WebSocket connection (RFC 6455 §5) as
 * they come, and puts messages together within a bound.
 *
 * Pure: bytes in, frames and messages out. What the RFC forbids is refused with
 * its close code; extensions are not spoken here, so their bits are refused too.
 */

/** What became of some bytes. */
export type Read =
  /** A control frame, whole, as it was sent. */
  | { readonly _tag: "Control"; readonly bytes: Buffer }
  /** A message, whole: its frames as they were sent, and what they say. */
  | {
    readonly _tag: "Message"
    readonly bytes: ReadonlyArray<Buffer>
    readonly isText: boolean
    readonly payload: Buffer
  }
  /** The connection must end with this code: 1002 for what is forbidden, 1009 for what is too large. Nothing follows. */
  | { readonly _tag: "Refused"; readonly code: 1002 | 1009 }

const refused = (code: 1002 | 1009): Read => ({ _tag: "Refused", code })

/** The most frames that one message may be cut into. */
const mostFrames = 100_000

/** Where a frame ends and what its head says; `undefined` while the head is not whole. */
interface Head {
  readonly isFinal: boolean
  readonly opcode: number
  readonly reserved: boolean
  readonly isMasked: boolean
  /** Where the payload begins. */
  readonly at: number
  readonly length: number
}

/** The head of the frame with which `bytes` begin; `undefined` while it is not whole. */
export const headOf = (bytes: Buffer): Head | undefined => {
  if (bytes.length < 2) return undefined
  const first = bytes.readUInt8(0)
  const second = bytes.readUInt8(1)
  const isMasked = (second & 0x80) !== 0
  const short = second & 0x7f
  const wide = short === 126 ? 2 : short === 127 ? 8 : 0
  const at = 2 + wide + (isMasked ? 4 : 0)
  if (bytes.length < at) return undefined
  const length = wide === 0 ? short : wide === 2 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2))
  return {
    isFinal: (first & 0x80) !== 0,
    opcode: first & 0x0f,
    reserved: (first & 0x70) !== 0,
    isMasked,
    at,
    length
  }
}

const unmasked = (bytes: Buffer, { at, length }: Head): Buffer => {
  const key = bytes.subarray(at - 4, at)
  const payload = Buffer.from(bytes.subarray(at, at + length))
  for (let i = 0; i < payload.length; i++) payload[i] = (payload[i] ?? 0) ^ (key[i & 3] ?? 0)
  return payload
}

/** The frames of a client, which must all be masked. */
export class FrameReader {
  readonly #limit: number
  #chunks: Array<Buffer> = []
  #size = 0
  #frames: Array<Buffer> = []
  #payload: Array<Buffer> = []
  #payloadSize = 0
  #isText = false
  #isOpen = false
  #isOver = false

  /** `limit` in bytes, of one message. */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** Bytes that are held until a message is whole. */
  get held(): number {
    return this.#size + 2 * this.#payloadSize
  }

  /** Takes bytes, and answers with what became whole by them. */
  push(chunk: Buffer): ReadonlyArray<Read> {
    if (this.#isOver) return []
    this.#chunks.push(chunk)
    this.#size += chunk.length
    const found: Array<Read> = []
    for (let it = this.#next(); it !== undefined; it = this.#next()) {
      if (it === "frame") continue
      found.push(it)
      if (it._tag === "Refused") {
        this.#isOver = true
        this.#chunks = []
        this.#size = 0
        break
      }
    }
    return found
  }

  /** The next thing that is whole, `frame` for a piece of a message, `undefined` when more must come. */
  #next(): Read | "frame" | undefined {
    const head = this.#head()
    if (head === undefined) return undefined
    const wrong = this.#wrong(head)
    if (wrong !== undefined) return refused(wrong)
    const end = head.at + head.length
    if (this.#size < end) return undefined
    const bytes = this.#whole()
    const frame = bytes.subarray(0, end)
    const rest = bytes.subarray(end)
    this.#chunks = rest.length === 0 ? [] : [rest]
    this.#size = rest.length
    if (head.opcode >= 8) return { _tag: "Control", bytes: frame }
    if (head.opcode !== 0) {
      this.#isOpen = true
      this.#isText = head.opcode === 1
    }
    this.#frames.push(frame)
    this.#payload.push(unmasked(frame, head))
    this.#payloadSize += head.length
    if (!head.isFinal) return this.#frames.length > mostFrames ? refused(1009) : "frame"
    const message: Read = {
      _tag: "Message",
      bytes: this.#frames,
      isText: this.#isText,
      payload: Buffer.concat(this.#payload, this.#payloadSize)
    }
    this.#isOpen = false
    this.#frames = []
    this.#payload = []
    this.#payloadSize = 0
    return message
  }

  /** The head of the next frame: only its first bytes are put together. */
  #head(): Head | undefined {
    const [first] = this.#chunks
    if (first === undefined) return undefined
    return first.length >= 14 || this.#chunks.length === 1 ? headOf(first) : headOf(this.#whole())
  }

  #whole(): Buffer {
    if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks, this.#size)]
    return this.#chunks[0] ?? Buffer.alloc(0)
  }

  #wrong({ isFinal, isMasked, length, opcode, reserved }: Head): 1002 | 1009 | undefined {
    if (reserved || !isMasked) return 1002
    if (opcode >= 8) return !isFinal || length > 125 || opcode > 10 ? 1002 : undefined
    if (opcode > 2 || (opcode === 0) !== this.#isOpen) return 1002
    return this.#payloadSize + length > this.#limit ? 1009 : undefined
  }
}

/** Follows the frames of a server only far enough to know where one ends. */
export class FrameEdge {
  #head = Buffer.alloc(0)
  #left = 0

  /** Whether no frame is in its middle. */
  get isBetween(): boolean {
    return this.#left === 0 && this.#head.length === 0
  }

  /** Takes bytes; answers with the position behind the first frame that ends in them, -1 when none does. */
  push(chunk: Buffer): number {
    let edge = -1
    for (let at = 0; at < chunk.length;) {
      if (this.#left > 0) {
        const taken = Math.min(this.#left, chunk.length - at)
        this.#left -= taken
        at += taken
        if (this.#left === 0 && edge === -1) edge = at
        continue
      }
      const before = this.#head.length
      const bytes = Buffer.concat([this.#head, chunk.subarray(at, at + 14 - before)])
      const head = headOf(bytes)
      if (head === undefined) {
        this.#head = bytes
        break
      }
      this.#head = Buffer.alloc(0)
      at += head.at - before
      this.#left = head.length
      if (head.length === 0 && edge === -1) edge = at
    }
    return edge
  }
}

/** A frame of a server: opcode 1 is text, 8 a close. */
export const frame = (opcode: 1 | 8, payload: Buffer): Buffer => {
  const length = payload.length
  const head = length < 126
    ? Buffer.of(0x80 | opcode, length)
    : length < 65_536
    ? Buffer.of(0x80 | opcode, 126, length >> 8, length & 0xff)
    : Buffer.concat([Buffer.of(0x80 | opcode, 127), Buffer.alloc(4), Buffer.alloc(4)])
  if (length >= 65_536) head.writeBigUInt64BE(BigInt(length), 2)
  return Buffer.concat([head, payload])
}

/** A close frame with a code and a reason, which has room for 123 bytes. */
export const closeFrame = (code: number, reason: string): Buffer => {
  const text = Buffer.from(reason.slice(0, 120))
  const payload = Buffer.alloc(2 + text.length)
  payload.writeUInt16BE(code, 0)
  text.copy(payload, 2)
  return frame(8, payload)
}
