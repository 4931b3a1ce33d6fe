/**
 * `dev` waits on somebody's laptop most of the time: what starting it needed is
 * given back.
 */
import { Effect } from "effect"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"

/** Collects what the start left behind, once, and shrinks the heap to what is used. */
export const shrink = Effect.sync(() => {
  setFlagsFromString("--expose-gc")
  const collect: unknown = runInNewContext("gc")
  if (typeof collect === "function") collect({ type: "major", execution: "sync", flavor: "last-resort" })
})
