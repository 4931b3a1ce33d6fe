/** Whoever asks again and again, and whether they may: a generator rests while its neighbour is measured. */
export class Asking {
  readonly #resting: Array<() => void> = []
  #isResting = false
  #busy = 0
  #whenIdle: () => void = () => {}

  /** One more that asks from now on. */
  begin(ask: () => void): void {
    this.#busy++
    this.next(ask)
  }

  /** Asks again, now or after the rest. */
  next(ask: () => void): void {
    if (!this.#isResting) return ask()
    this.#resting.push(ask)
    this.end()
  }

  /** One of them will not ask again. */
  end(): void {
    if (--this.#busy === 0) this.#whenIdle()
  }

  /** Ends when everybody has their answer. */
  rest(): Promise<void> {
    this.#isResting = true
    return this.#busy === 0 ? Promise.resolve() : new Promise((done) => this.#whenIdle = done)
  }

  /** Everybody who rests asks again. */
  go(): void {
    this.#isResting = false
    for (const ask of this.#resting.splice(0)) this.begin(ask)
  }

  /** What a line on standard input says: `rest`, `go`, or nothing of both. */
  async told(line: string): Promise<void> {
    if (line === "rest") await this.rest()
    else if (line === "go") this.go()
  }
}
