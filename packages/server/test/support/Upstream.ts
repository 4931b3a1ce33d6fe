/** An upstream that notes what it is sent and answers as a test wants. */
import { Effect } from "effect"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"

/** One request as it arrived. */
export interface Noted {
  readonly method: string
  readonly url: string
  readonly rawHeaders: ReadonlyArray<string>
  readonly headers: Readonly<Record<string, string | ReadonlyArray<string> | undefined>>
  readonly trailers: Readonly<Record<string, string | undefined>>
  readonly body: Buffer
}

export type Answering = (request: IncomingMessage, response: ServerResponse, noted: Noted) => void

export interface Recorder {
  readonly url: string
  readonly port: number
  readonly requests: Array<Noted>
  /** Requests whose caller hung up before the answer was complete. */
  readonly hungUp: { count: number }
  answer: Answering
  /** Called as soon as the head is there, before the body. */
  early: ((request: IncomingMessage, response: ServerResponse) => boolean) | undefined
  readonly connections: () => Promise<number>
  readonly last: () => Noted
}

/** Answers with what was asked. */
export const echo: Answering = (_, response, { body, headers, method, url }) => {
  const text = JSON.stringify({ method, url, headers, body: body.toString("utf8") })
  response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(text) })
  response.end(text)
}

/** Starts one; it ends with the scope. */
export const make = Effect.acquireRelease(
  Effect.callback<{ readonly recorder: Recorder; readonly close: () => Promise<void> }>((resume) => {
    const requests: Array<Noted> = []
    const hungUp = { count: 0 }
    const server = createServer((request, response) => {
      const chunks: Array<Buffer> = []
      response.on("close", () => {
        if (!response.writableFinished) hungUp.count++
      })
      if (recorder.early?.(request, response) === true) return
      request.on("data", (chunk: Buffer) => chunks.push(chunk))
      request.on("error", () => {})
      request.on("end", () => {
        const noted = {
          method: request.method ?? "",
          url: request.url ?? "",
          rawHeaders: request.rawHeaders,
          headers: request.headers,
          trailers: request.trailers,
          body: Buffer.concat(chunks)
        }
        requests.push(noted)
        recorder.answer(request, response, noted)
      })
    })
    const recorder: Recorder = {
      url: "",
      port: 0,
      requests,
      hungUp,
      answer: echo,
      early: undefined,
      connections: () =>
        new Promise((done) => {
          server.getConnections((_, count) => done(count))
        }),
      last: () => {
        const it = requests.at(-1)
        if (it === undefined) throw new Error("the upstream was not asked")
        return it
      }
    }
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      const { port } = typeof address === "object" && address !== null
        ? address
        : { port: 0 } satisfies Pick<AddressInfo, "port">
      Object.assign(recorder, { url: `http://127.0.0.1:${port}`, port })
      resume(Effect.succeed({
        recorder,
        close: () =>
          new Promise<void>((done) => {
            server.close(() => done())
            server.closeAllConnections()
          })
      }))
    })
  }),
  ({ close }) => Effect.promise(close)
).pipe(Effect.map(({ recorder }) => recorder))
