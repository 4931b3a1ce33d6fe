/** Asks the directory's API as a program would: JSON in, JSON out. */
import { Effect } from "effect"

export interface Answer {
  readonly status: number
  readonly headers: Headers
  // The tests read what they expect to be there; what is not fails them.
  readonly body: ReturnType<typeof JSON.parse>
  readonly text: string
}

export interface Asking {
  readonly token?: string | undefined
  readonly headers?: Readonly<Record<string, string>>
}

const parsed = (text: string) => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** A client of the listener at `url`; without a token of its own each call may bring one. */
export const make = (url: string, token?: string) => {
  const ask = (method: string, path: string, body?: unknown, asking: Asking = {}): Effect.Effect<Answer> =>
    Effect.promise(async () => {
      const bearer = "token" in asking ? asking.token : token
      const response = await fetch(`${url}${path}`, {
        method,
        headers: {
          ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...asking.headers
        },
        ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) })
      })
      const text = await response.text()
      return { status: response.status, headers: response.headers, body: parsed(text), text }
    })
  return {
    ask,
    get: (path: string, asking?: Asking) => ask("GET", path, undefined, asking),
    post: (path: string, body: unknown, asking?: Asking) => ask("POST", path, body, asking),
    put: (path: string, body: unknown, asking?: Asking) => ask("PUT", path, body, asking),
    patch: (path: string, body: unknown, asking?: Asking) => ask("PATCH", path, body, asking),
    remove: (path: string, asking?: Asking) => ask("DELETE", path, undefined, asking)
  }
}
