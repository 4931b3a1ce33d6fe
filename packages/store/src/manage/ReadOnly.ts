/**
 * A directory that may not be written (`directory.write: false`): decisions
 * write nothing, and whoever manages rows is told so.
 */
import { Effect } from "effect"
import { DirectoryAdmin, refused } from "./DirectoryAdmin.ts"

/** What is changed beside the rows (the deny list) is not in a database that is only read; its audit is the log. */
export const recorded: DirectoryAdmin["Service"]["recorded"] = (change, { action, actor, id, kind }) =>
  Effect.tap(change, Effect.logInfo("changed", { actor, action, kind, id }))

/**
 * The same administration for reading only. `takesFile`: the rows of `directory.file` are taken all the same, because
 * nothing outlives the process.
 */
export const of = (admin: DirectoryAdmin["Service"], takesFile = false): DirectoryAdmin["Service"] => {
  const no = Effect.fail(refused("readonly"))
  return DirectoryAdmin.of({
    ...admin,
    put: () => no,
    remove: () => no,
    apply: (file, options) =>
      options.dryRun === true || (takesFile && (options.origin ?? "file") === "file")
        ? admin.apply(file, options)
        : no,
    recorded,
    once: () => no
  })
}
