/**
 * Takes the content codings of a request body off (RFC 9110 §8.4.1): gzip, deflate, br and zstd, one upon another.
 *
 * The window of zstd is bounded as RFC 9659 asks, so that a caller cannot have the gate reserve memory; how much comes
 * out is bounded by whoever reads it.
 */
import {
  type BrotliDecompress,
  constants,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createZstdDecompress,
  type Gunzip,
  type Inflate,
  type ZstdDecompress
} from "node:zlib"

type Decoder = BrotliDecompress | Gunzip | Inflate | ZstdDecompress

/** How many codings may lie upon another. */
const maxCodings = 3
/** The largest window of zstd, as a power of two: 8 MiB. */
export const zstdParams = { [constants.ZSTD_d_windowLogMax]: 23 }

const decoderOf = (coding: string): Decoder | undefined => {
  switch (coding) {
    case "gzip":
    case "x-gzip":
      return createGunzip()
    case "deflate":
      return createInflate()
    case "br":
      return createBrotliDecompress()
    case "zstd":
      return createZstdDecompress({ params: zstdParams })
    default:
      return undefined
  }
}

/** The codings that a header names, in the order in which they were applied; `identity` is none. */
const codingsOf = (encoding: string): ReadonlyArray<string> =>
  encoding.toLowerCase().split(",").map((it) => it.trim()).filter((it) => it !== "" && it !== "identity")

/** Gets what comes out of the last decoder. */
export interface Decoded {
  readonly data: (chunk: Buffer) => void
  readonly end: () => void
  /** Called at most once; nothing comes after it. */
  readonly failed: () => void
}

/** Decoders in a row. */
export interface Decoding {
  /** False when the source is to wait until `drained` is called. */
  readonly write: (chunk: Buffer, drained: () => void) => boolean
  readonly end: () => void
  readonly pause: () => void
  readonly resume: () => void
  readonly destroy: () => void
}

/** Starts to decode; `undefined` when a coding is unknown, or there are more than three. */
export const decoding = (encoding: string, to: Decoded): Decoding | undefined => {
  const codings = codingsOf(encoding)
  if (codings.length === 0 || codings.length > maxCodings) return undefined
  const decoders: Array<Decoder> = []
  for (const coding of codings.toReversed()) {
    const decoder = decoderOf(coding)
    if (decoder === undefined) {
      for (const it of decoders) it.destroy()
      return undefined
    }
    decoders.push(decoder)
  }
  const [first] = decoders
  const last = decoders.at(-1)
  if (first === undefined || last === undefined) return undefined
  let isOpen = true
  const destroy = () => {
    isOpen = false
    for (const it of decoders) it.destroy()
  }
  const failed = () => {
    if (!isOpen) return
    destroy()
    to.failed()
  }
  // What each was given: zstd stops behind its first frame and says nothing of what is left, gzip does.
  const given = decoders.map(() => 0)
  const count = (at: number, chunk: Buffer) => {
    given[at] = (given[at] ?? 0) + chunk.length
  }
  for (const [at, it] of decoders.entries()) {
    const next = decoders[at + 1]
    it.on("error", failed)
    it.on("end", () => {
      if ((given[at] ?? 0) > it.bytesWritten) failed()
    })
    if (next !== undefined) {
      it.on("data", (chunk: Buffer) => count(at + 1, chunk))
      it.pipe(next)
    }
  }
  last.on("data", (chunk: Buffer) => {
    if (isOpen) to.data(chunk)
  })
  last.on("end", () => {
    if (isOpen) to.end()
  })
  return {
    write: (chunk, drained) => {
      if (!isOpen) return true
      count(0, chunk)
      if (first.write(chunk)) return true
      first.once("drain", drained)
      return false
    },
    end: () => void first.end(),
    pause: () => void last.pause(),
    resume: () => void last.resume(),
    destroy
  }
}
