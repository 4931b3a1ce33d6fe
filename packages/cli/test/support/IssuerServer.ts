/** An issuer on loopback: it counts who fetches its keys, and can rotate them, fail, or go away. */
import { Issuer } from "@jotgate/core/testing"
import { Effect } from "effect"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"

/** The same issuer, whose key has another name; it publishes those of before besides. */
const renamed = (
  it: Issuer.TestIssuer,
  kid: string,
  before: ReadonlyArray<Readonly<Record<string, unknown>>>
): Issuer.TestIssuer => ({
  ...it,
  jwks: { keys: [...it.jwks.keys.map((key) => ({ ...key, kid })), ...before] },
  token: (options) => it.token({ ...options, header: { kid, ...options.header } })
})

/** Starts one; `otherwise` answers what is neither its keys nor its metadata. Left out, metadata answers everything else. */
export const make = Effect.fnUntraced(function*(
  otherwise?: (asked: IncomingMessage, answer: ServerResponse) => void
) {
  const state = { fetches: 0, down: false }
  const server = createServer((asked, answer) => {
    const isKeys = asked.url === "/keys"
    if (!isKeys && otherwise !== undefined && asked.url?.startsWith("/.well-known") !== true) {
      return otherwise(asked, answer)
    }
    if (isKeys) state.fetches++
    answer.writeHead(state.down ? 500 : 200, { "content-type": "application/json" })
    answer.end(JSON.stringify(isKeys ? idp.jwks : { issuer: origin, jwks_uri: `${origin}/keys` }))
  })
  const close = Effect.sync(() => {
    server.closeAllConnections()
    server.close()
  })
  yield* Effect.acquireRelease(
    Effect.callback<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void))),
    () => close
  )
  const address = server.address()
  const origin = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`
  let idp = yield* Issuer.make(origin)
  let turn = 0
  return {
    origin,
    /** `fetches`: of key sets; `down`: everything is answered with 500. */
    state,
    /** Who signs now. */
    idp: () => idp,
    /** Tokens of now on are signed with another key; that of before is published still, as issuers do. */
    rotate: Effect.map(Issuer.make(origin), (next) => {
      idp = renamed(next, `key-${++turn}`, idp.jwks.keys.slice(0, 1))
    }),
    close
  }
})
