/** A Worker behind the gate: keys are fetched by the requests that need them, nothing goes on between requests. */
import { Gate, type PromiseGate } from "@jotgate/core/Gate"
import { app } from "../fetch/app.ts"

/** The bindings of the Worker. */
export interface Env {
  readonly ISSUER: string
  readonly AUDIENCE: string
}

const gateOf = ({ AUDIENCE, ISSUER }: Env): Promise<PromiseGate> =>
  Gate.make({
    issuers: [{ id: "company", issuer: ISSUER, audience: AUDIENCE, claims: { user: "sub", teams: "groups" } }],
    directory: { users: { unknown: "allow" } }
  }, {
    directory: { team: (id) => id === "red" ? { id, models: ["gpt-4o*"] } : null }
  })

let handler: ((request: Request) => Promise<Response>) | undefined

/** What the entry of the Worker exports as its default: `export { worker as default } from "./worker.ts"`. */
export const worker = {
  fetch: async (request: Request, env: Env): Promise<Response> => {
    handler ??= app(await gateOf(env))
    return handler(request)
  }
}
