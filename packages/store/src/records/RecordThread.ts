/**
 * Changes one SQLite file in a thread of its own: SQLite is synchronous, and a batch of a thousand records would keep
 * every answer waiting for as long as it takes.
 *
 * A thread that ends takes the statements that it was given with it, each of which fails; the next one gets another
 * thread.
 */
import { Effect, type Scope } from "effect"
import type { SqlError } from "effect/sql"
import { once } from "node:events"
import type { SQLInputValue } from "node:sqlite"
import { Worker } from "node:worker_threads"
import * as SqliteClient from "../sqlite/SqliteClient.ts"

/** A statement with its parameters; one to be run for each row of some batches; or that there are no more. */
export type Asked =
  | { readonly text: string; readonly params: ReadonlyArray<SQLInputValue> }
  | { readonly text: string; readonly batches: ReadonlyArray<Uint8Array> }
  | "end"

/** How many rows a statement changed, or why it failed, with SQLite's code; in the order of what was asked. */
export type Told = { readonly changes: number } | { readonly message: string; readonly code: number | undefined }

/** Changes of one file; each tells how many rows it changed. */
export interface Service {
  /** Runs a statement. */
  readonly change: (text: string, params: ReadonlyArray<SQLInputValue>) => Effect.Effect<number, SqlError.SqlError>
  /** Runs a statement for each row of batches as `RecordText` makes them, for all or for none. */
  readonly insert: (text: string, batches: ReadonlyArray<Uint8Array>) => Effect.Effect<number, SqlError.SqlError>
}

/** How long the end waits for what was asked, in milliseconds. */
const patience = 2_000

/** The program beside this one: as it is written, or as it was built. */
const program = new URL(`./RecordThreadProgram${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`, import.meta.url)

const failure = (message: string, errcode?: number) =>
  SqliteClient.sqlError(Object.assign(new Error(message), errcode === undefined ? {} : { errcode }), "change records")

class RecordThread {
  readonly #filename: string
  #worker: Worker | undefined
  #waiting: Array<(told: Told) => void> = []

  constructor(filename: string) {
    this.#filename = filename
  }

  ask(asked: Asked, done: (told: Told) => void): void {
    this.#worker ??= this.#start()
    this.#waiting.push(done)
    this.#worker.postMessage(asked, [])
  }

  async close(): Promise<void> {
    const worker = this.#worker
    if (worker === undefined) return
    const ended = once(worker, "exit")
    worker.postMessage("end", [])
    const timer = setTimeout(() => void worker.terminate(), patience)
    await ended
    clearTimeout(timer)
  }

  #start(): Worker {
    const worker = new Worker(program, { workerData: this.#filename, execArgv: [], env: {}, name: "records" })
    let why = "its thread has ended"
    worker.on("message", (told: Told) => this.#waiting.shift()?.(told))
    worker.on("error", (error) => {
      why = error instanceof Error ? error.message : why
    })
    worker.once("exit", () => {
      const lost = this.#waiting
      this.#waiting = []
      this.#worker = undefined
      for (const done of lost) done({ message: why, code: undefined })
    })
    return worker
  }
}

/** A thread for the file, which is there when it is first needed and ends with the scope. */
export const make = (filename: string): Effect.Effect<Service, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => new RecordThread(filename)),
      (it) => Effect.promise(() => it.close())
    ),
    (thread) => {
      const ask = (asked: Asked) =>
        Effect.callback<number, SqlError.SqlError>((resume) =>
          thread.ask(asked, (told) =>
            resume("changes" in told ? Effect.succeed(told.changes) : Effect.fail(failure(told.message, told.code))))
        )
      return {
        change: (text, params) =>
          ask({ text, params }),
        insert: (text, batches) =>
          ask({ text, batches })
      }
    }
  )
