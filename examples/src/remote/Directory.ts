/** A directory behind HTTP: rows are asked of another service, and one that does not answer is 503. */
import type { PlainDirectory, TeamRow, UserRow } from "@jotgate/core/Gate"

/** Rows of `${url}/users/{id}` and `${url}/teams/{id}`; 404 is no row, anything else but 200 is a failure. */
export const remote = (url: string): PlainDirectory => {
  const row = async <A>(path: string): Promise<A | undefined> => {
    const response = await fetch(`${url}${path}`, { signal: AbortSignal.timeout(1_000) })
    if (response.status === 404) return undefined
    if (!response.ok) throw new Error(`the directory answers ${response.status}`)
    return response.json()
  }
  return {
    user: (id) => row<UserRow>(`/users/${encodeURIComponent(id)}`),
    team: (id) => row<TeamRow>(`/teams/${encodeURIComponent(id)}`)
  }
}
