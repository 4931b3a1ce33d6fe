/** The program that a worker runs. */
import { Context } from "effect"
import type { Serializable } from "node:child_process"

/** How a worker is started. */
export interface Start {
  /** The file of the program. */
  readonly exec: string
  /** What is said to Node. */
  readonly execArgv: ReadonlyArray<string>
  /** What the worker is told before anything else. */
  readonly first?: Serializable
}

/** Asked whenever a worker is started; the program of its owner, as its file is then, where nobody says otherwise. */
export const WorkerProgram = Context.Reference<() => Start>("@jotgate/server/WorkerProgram", {
  defaultValue: () => () => ({ exec: process.argv[1] ?? "", execArgv: process.execArgv })
})
