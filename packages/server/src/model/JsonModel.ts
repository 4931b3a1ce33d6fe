/**
 * Finds the top-level `model` of a JSON body, in one pass over the bytes.
 *
 * The body is fed in as it arrives, so that 10 MB never stop the event loop; it
 * is checked against the whole grammar of RFC 8259 meanwhile (`JsonWalk.ts`). A
 * body that another parser could read otherwise is refused (RULES D19): two
 * `model` members, the name spelt with escapes or in another case, a model that
 * is no plain text. What passes here names one model to every JSON parser, or
 * none.
 */
import { isDone, type Place, startPlace, type Stop, walk } from "./JsonWalk.ts"
import { ambiguous, found, invalid, isModelName, nothing, type Peeked } from "./Peeked.ts"

/**
 * Members by which an upstream is told of further models to try: LiteLLM calls them when the first one fails, so a
 * request that names some names several models (RULES D19).
 */
const furtherModels = new Set(["fallbacks", "context_window_fallbacks", "content_policy_fallbacks"])

/** Raw bytes of the model that are read; a longer one is no model name. */
const maxModel = 6 * 1024

/** Ends a number that nothing follows; means nothing elsewhere. */
const lineFeed = Uint8Array.of(0x0a)

/** Decodes the raw inside of a JSON text that was found well-formed. */
const decodeText = (raw: Uint8Array): string => {
  const text: unknown = JSON.parse(`"${Buffer.from(raw.buffer, raw.byteOffset, raw.length).toString("utf8")}"`)
  return typeof text === "string" ? text : ""
}

/** Reads one JSON body. Feed it with `push`, then ask `end`; after a refusal the rest is not looked at. */
export class JsonModel {
  readonly #place: Place = startPlace()
  #model: string | undefined
  #refused: Peeked | undefined
  readonly #onStop = (why: Stop, raw: Uint8Array): boolean => {
    this.#refused = why === "Bad"
      ? invalid
      : why === "Name"
      ? this.#name(raw)
      : why === "Text"
      ? this.#text(raw)
      : ambiguous
    return this.#refused === undefined
  }

  /** Reads the next bytes. */
  push(chunk: Uint8Array): void {
    if (this.#refused === undefined) walk(this.#place, chunk, this.#onStop)
  }

  /** What the whole body names. */
  end(): Peeked {
    this.push(lineFeed)
    if (this.#refused !== undefined) return this.#refused
    if (!isDone(this.#place)) return invalid
    return this.#model === undefined ? nothing : found(this.#model)
  }

  /** Looks at the name of a member of the whole; says what comes next. */
  #name(raw: Uint8Array): Peeked | undefined {
    const name = decodeText(raw)
    const lower = name.toLowerCase()
    if (furtherModels.has(lower)) {
      this.#place.wanted = "NullOrStop"
    } else if (lower === "model") {
      // `raw` is longer than the name when a byte of it was escaped.
      if (name !== "model" || raw.length !== 5 || this.#model !== undefined) return ambiguous
      this.#place.wanted = "Text"
    }
    return undefined
  }

  /** Takes the model. */
  #text(raw: Uint8Array): Peeked | undefined {
    const name = raw.length > maxModel ? "" : decodeText(raw)
    if (!isModelName(name)) return name.includes(",") ? ambiguous : invalid
    this.#model = name
    this.#place.wanted = "Nothing"
    return undefined
  }
}
