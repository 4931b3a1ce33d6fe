/**
 * A directory that may not be written (`directory.write: false`): decisions
 * write nothing, and whoever manages rows is told so.
 */
import { Effect } from "effect"
import { DirectoryAdmin, refused } from "./DirectoryAdmin.ts"

/** The same administration for reading only. */
export const of = (admin: DirectoryAdmin["Service"]): DirectoryAdmin["Service"] => {
  const no = Effect.fail(refused("readonly"))
  return DirectoryAdmin.of({
    ...admin,
    put: () => no,
    remove: () => no,
    apply: (file, options) => options.dryRun === true ? admin.apply(file, options) : no,
    once: () => no
  })
}
