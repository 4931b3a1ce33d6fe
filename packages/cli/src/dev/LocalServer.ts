/** A small HTTP server on loopback, for as long as the scope lives: the companions of `dev` need no more. */
import { Effect, type Scope } from "effect"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"

/** Answers one request; the whole body is at hand. */
export type Handler = (request: IncomingMessage, body: string, response: ServerResponse) => void

/** Larger bodies are refused: nothing that belongs to `dev` needs them. */
const largest = 8 * 1024 * 1024

const bodyOf = (request: IncomingMessage, done: (body: string | undefined) => void): void => {
  const chunks: Array<Buffer> = []
  let size = 0
  request.on("data", (chunk: Buffer) => {
    size += chunk.length
    if (size <= largest) chunks.push(chunk)
  })
  request.on("end", () => done(size <= largest ? Buffer.concat(chunks).toString("utf8") : undefined))
}

/** Answers with JSON. */
export const json = (response: ServerResponse, status: number, value: unknown): void => {
  response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" })
  response.end(JSON.stringify(value))
}

/** Listens on a free port of 127.0.0.1; the result is the URL without a slash at its end. */
export const serve = (handle: (url: string) => Handler): Effect.Effect<string, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.callback<{ readonly url: string; readonly close: () => void }>((resume) => {
        let handler: Handler = (_, __, response) => json(response, 503, {})
        const server = createServer((request, response) => {
          bodyOf(request, (body) =>
            body === undefined ? json(response, 413, { error: "too large" }) : handler(request, body, response))
        })
        server.listen(0, "127.0.0.1", () => {
          const address = server.address()
          const url = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`
          handler = handle(url)
          resume(Effect.succeed({
            url,
            close: () => {
              server.close()
              server.closeAllConnections()
            }
          }))
        })
      }),
      (it) =>
        Effect.sync(it.close)
    ),
    (it) => it.url
  )
