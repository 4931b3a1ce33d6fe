/**
 * Whether a request says which trace it belongs to: the header of LiteLLM, or
 * one in which a client names its session.
 */
const own: ReadonlySet<string> = new Set(["x-litellm-trace-id", "x-litellm-session-id"])
const session = /^x-(?:.+-)?session-id$/
const sessionText = /^[A-Za-z0-9_-]{8,}$/

/** A request as far as its headers go. */
interface Headers {
  /** Name, value, name, value … as they came. */
  readonly rawHeaders: ReadonlyArray<string>
}

/** Whether there is one that is not empty. */
export const hasTraceId = ({ rawHeaders }: Headers): boolean => {
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]?.toLowerCase() ?? ""
    const value = rawHeaders[i + 1] ?? ""
    if (own.has(name) ? value !== "" : session.test(name) && sessionText.test(value)) return true
  }
  return false
}
