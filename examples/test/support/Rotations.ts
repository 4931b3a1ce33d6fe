/**
 * An issuer that rotates its keys while a host is asked: what is asked of every
 * runtime that the gate is said to run on.
 */
import { Issuer } from "@jotgate/core/testing"
import { Clock, Effect } from "effect"
import { createServer } from "node:http"
import { setTimeout } from "node:timers/promises"

/** The audience that the host of these tests asks for. */
export const audience = "https://api.test"

/** An issuer whose key set is a value. */
const publishing = (keys: () => ReadonlyArray<unknown>) =>
  Effect.acquireRelease(
    Effect.callback<{ readonly origin: string; readonly close: () => Promise<void>; hits: number }>((resume) => {
      const it = { origin: "", hits: 0, close: () => new Promise<void>((done) => server.close(() => done())) }
      const server = createServer((request, response) => {
        const isKeys = request.url === "/keys"
        if (isKeys) it.hits++
        const body = isKeys
          ? { keys: keys() }
          : { issuer: it.origin, jwks_uri: `${it.origin}/keys` }
        response.writeHead(200, { "content-type": "application/json", connection: "close" })
        void setTimeout(20).then(() => response.end(JSON.stringify(body)))
      })
      server.listen(0, "127.0.0.1", () => {
        const address = server.address()
        it.origin = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`
        resume(Effect.succeed(it))
      })
    }),
    (it) => Effect.promise(it.close)
  )

/** What a host answered over all rounds. */
export interface Answered {
  /** How often each answer was given, round by round. */
  readonly rounds: ReadonlyArray<ReadonlyMap<string, number>>
  /** Answers that told the client to come again, because the issuer's came too late. */
  readonly late: number
  /** How often the key set was fetched. */
  readonly fetches: number
}

/** What each of the four rounds must have answered. */
export const expected: ReadonlyMap<string, number> = new Map([
  ["200 gpt-4o", 84],
  ["403 team_model_denied", 84],
  ["401 token_missing", 84]
])

/** Asks a host 1 008 times in four rounds of 252 at once, with a new key of its issuer in each. */
export const rotations = Effect.fnUntraced(function*<E, R>(
  serving: (issuer: string) => Effect.Effect<{ readonly url: string }, E, R>
) {
  let published: ReadonlyArray<Issuer.TestKey> = []
  const issuer = yield* publishing(() => published.map((it) => it.publicJwk))
  const { url } = yield* serving(issuer.origin)
  const now = Math.floor((yield* Clock.currentTimeMillis) / 1000)
  let late = 0
  const ask = async (token: string | undefined, model: string): Promise<string> => {
    const response = await fetch(`${url}/v1/chat/completions`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` })
      },
      body: JSON.stringify({ model }),
      signal: AbortSignal.timeout(20_000)
    })
    const body = await response.json()
    // On a busy machine the issuer's answer can come too late; a client asks again when it is told to.
    if (response.status === 503) {
      late++
      await setTimeout(1_000 * Number(response.headers.get("retry-after")))
      return ask(token, model)
    }
    return response.ok ? `200 ${body.model}` : `${response.status} ${body.code}`
  }
  const keys = yield* Effect.forEach(["one", "two", "three", "four"], (kid) => Issuer.makeKey("ES256", kid))
  const rounds: Array<ReadonlyMap<string, number>> = []
  for (const [round, key] of keys.entries()) {
    // As providers do: the old key stays for a while, and the last one was published before it signs.
    published = keys.slice(Math.max(0, round - 1), round < 2 ? round + 1 : 4)
    const claims = { iss: issuer.origin, aud: audience, sub: "ada", groups: ["red"], iat: now, exp: now + 600 }
    const token = yield* Issuer.signAnything(key, Issuer.headerOf(key), claims)
    const answers = yield* Effect.promise(() =>
      Promise.all(
        Array.from(
          { length: 252 },
          (_, i) => i % 3 === 0 ? ask(token, "gpt-4o") : i % 3 === 1 ? ask(token, "o1") : ask(undefined, "gpt-4o")
        )
      )
    )
    rounds.push(new Map([...Map.groupBy(answers, (it) => it)].map(([answer, all]) => [answer, all.length])))
  }
  const answered: Answered = { rounds, late, fetches: issuer.hits }
  return answered
})
