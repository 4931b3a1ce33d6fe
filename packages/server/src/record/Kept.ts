/**
 * The last records, in a ring: noting one costs some assignments, finding one a
 * walk, and looking for one is rare.
 *
 * Thousands of answers are kept, and each for long enough that a collector of
 * garbage would copy it twice. So of an answer about which there is nothing
 * particular to tell only that is held which differs from other answers of the
 * same decision, in columns that are there from the start. The others are held
 * whole; denials have large steps, so their number is bounded by these too.
 */
import type { Recording } from "./Recording.ts"
import { type Constant, constantOf, plainLine } from "./RecordLine.ts"
import type { Redaction } from "./Redaction.ts"
import { type Searched, Told } from "./Told.ts"

/** What the steps of the kept records may hold together, in characters. */
const mostStepsKept = 64 * 1024 * 1024

/** Stands for what an upstream has not said. */
const unsaid = -1

/** Whether an answer says nothing but what its columns hold. */
const isPlain = (it: Recording): boolean =>
  it.models === null && it.tools === null && it.cause === null && !it.aborted && !it.dry &&
  !it.hasSteps

/** A kept record: how it is searched, and how it is read. */
export interface Held {
  readonly decision: string
  readonly searched: () => Searched | undefined
  readonly whole: () => Recording | Told
}

export class Kept {
  readonly #capacity: number
  readonly #redact: Redaction | undefined
  readonly #whole: Array<Recording | Told | undefined>
  readonly #ids: Array<string>
  readonly #constants: Array<Constant | undefined>
  readonly #requestIds: Array<string | null>
  readonly #questions: Array<string | null>
  readonly #upstreams: Array<string | null>
  readonly #times: Float64Array
  readonly #millis: Float64Array
  readonly #firstBytes: Float64Array
  readonly #statuses: Int32Array
  #next = 0
  #count = 0
  #size = 0

  /** `redact` is applied to the lines of what is not held whole. */
  constructor(capacity: number, redact: Redaction | undefined) {
    this.#capacity = capacity
    this.#redact = redact
    this.#whole = Array.from({ length: capacity }, () => undefined)
    this.#ids = Array.from({ length: capacity }, () => "")
    this.#constants = Array.from({ length: capacity }, () => undefined)
    this.#requestIds = Array.from({ length: capacity }, () => null)
    this.#questions = Array.from({ length: capacity }, () => null)
    this.#upstreams = Array.from({ length: capacity }, () => null)
    this.#times = new Float64Array(capacity)
    this.#millis = new Float64Array(capacity)
    this.#firstBytes = new Float64Array(capacity)
    this.#statuses = new Int32Array(capacity)
  }

  /** Takes a record that is written. */
  add(it: Recording | Told): void {
    if (this.#capacity === 0) return
    if (this.#count === this.#capacity) this.#drop()
    const at = this.#next
    this.#next = (at + 1) % this.#capacity
    this.#count++
    this.#ids[at] = it.decision
    if (it instanceof Told || !isPlain(it)) {
      this.#whole[at] = it
      this.#size += it.stepsSize
      while (this.#size > mostStepsKept && this.#count > 1) this.#drop()
      return
    }
    const { upstream } = it
    this.#constants[at] = constantOf(it)
    this.#requestIds[at] = it.requestId
    this.#questions[at] = it.question
    this.#times[at] = it.time
    this.#millis[at] = it.millis
    this.#upstreams[at] = upstream === null ? null : upstream.name
    this.#statuses[at] = upstream?.status ?? unsaid
    this.#firstBytes[at] = upstream?.firstByteMillis ?? unsaid
  }

  find(id: string): Recording | Told | undefined {
    const at = this.#ids.indexOf(id)
    return at === -1 || id === "" ? undefined : this.#wholeAt(at)
  }

  *newest(): Generator<Held> {
    for (let i = 1; i <= this.#count; i++) {
      const at = (this.#next - i + this.#capacity) % this.#capacity
      yield { decision: this.#ids[at] ?? "", searched: () => this.#searchedAt(at), whole: () => this.#wholeAt(at) }
    }
  }

  #searchedAt(at: number): Searched | undefined {
    const whole = this.#whole[at]
    if (whole !== undefined) return whole instanceof Told ? whole.searched() : whole
    const constant = this.#constants[at]
    return constant === undefined
      ? undefined
      : { ...constant, decision: this.#ids[at] ?? "", models: null, tools: null }
  }

  #wholeAt(at: number): Recording | Told {
    const whole = this.#whole[at]
    const constant = this.#constants[at]
    if (whole !== undefined || constant === undefined) return whole ?? new Told("", null)
    const [name, status, firstByte] = [this.#upstreams[at] ?? null, this.#statuses[at], this.#firstBytes[at]]
    const text = plainLine({
      time: this.#times[at] ?? 0,
      decision: this.#ids[at] ?? "",
      requestId: this.#requestIds[at] ?? null,
      cause: null,
      millis: this.#millis[at] ?? 0,
      upstream: name === null ? null : {
        name,
        status: status === undefined || status === unsaid ? null : status,
        firstByteMillis: firstByte === undefined || firstByte === unsaid ? null : firstByte
      }
    }, constant)
    return new Told(this.#redact === undefined ? text : this.#redact(text), this.#questions[at] ?? null)
  }

  #drop(): void {
    const at = (this.#next - this.#count + this.#capacity) % this.#capacity
    const whole = this.#whole[at]
    this.#whole[at] = undefined
    this.#constants[at] = undefined
    this.#requestIds[at] = null
    this.#questions[at] = null
    this.#ids[at] = ""
    this.#count--
    if (whole !== undefined) this.#size -= whole.stepsSize
  }
}
