/** Why a server did not start, as one line that names the setting or the flag to change. */
import { type Failure, failure } from "./Outcome.ts"

/** How the two listeners are called: by settings in `serve`, by flags in `dev`. */
export interface ListenerNames {
  readonly gate: string
  readonly admin: string
}

const isTagged = (error: unknown): error is { readonly _tag: string } =>
  typeof error === "object" && error !== null && "_tag" in error && typeof error._tag === "string"

const member = (error: unknown, name: string): unknown =>
  typeof error === "object" && error !== null ? Reflect.get(error, name) : undefined

const listenReason = (code: unknown): string =>
  code === "EADDRINUSE" ? "is taken" : code === "EACCES" ? "may not be used" : `cannot be used (${String(code)})`

/** Words whatever stopped a server from starting. */
export const startFailure = (names: ListenerNames) => (error: unknown): Failure => {
  const tag = isTagged(error) ? error._tag : ""
  if (tag === "ListenFailed") {
    return failure(`${names.gate}: port ${String(member(error, "port"))} ${listenReason(member(error, "code"))}`)
  }
  if (tag === "ServeError") {
    const cause = member(error, "cause")
    return failure(`${names.admin}: port ${String(member(cause, "port"))} ${listenReason(member(cause, "code"))}`)
  }
  if (tag === "SqlError") return failure("directory.url: the database cannot be opened")
  return failure(error instanceof Error && error.message !== "" ? error.message : `cannot start (${tag})`)
}
