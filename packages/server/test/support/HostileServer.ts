/** The hostile issuer of the core's tests on a real socket of the loopback interface. */
import { HostileIssuer as Hostile } from "@jotgate/core/testing"
import { Effect } from "effect"
import { createServer, type ServerResponse } from "node:http"
import { createServer as createSecureServer, type ServerOptions } from "node:https"
import type { AddressInfo } from "node:net"
import { gzipSync } from "node:zlib"

const zeros = Buffer.alloc(64 * 1024)

/** So many bytes of zeros, compressed at next to no cost: members of 16 MiB, one after the other (RFC 1952, section 2.2). */
const bomb = (bytes: number): Buffer => {
  const member = Math.min(bytes, 16 * 1024 * 1024)
  const packed = gzipSync(Buffer.alloc(member))
  return Buffer.concat(Array.from({ length: Math.ceil(bytes / member) }, () => packed))
}

const play = (behaviour: Hostile.Settled, response: ServerResponse): void => {
  switch (behaviour._tag) {
    case "Answer":
      response.writeHead(behaviour.status, behaviour.headers).end(behaviour.body)
      return
    case "Refused":
      response.destroy()
      return
    case "Slow":
      setTimeout(() => play(behaviour.after, response), behaviour.millis).unref()
      return
    case "Stalling":
      response.writeHead(200, { "content-type": "application/json" }).flushHeaders()
      return
    case "Dripping": {
      response.writeHead(200, { "content-type": "application/json" })
      const drip = setInterval(() => response.write(" "), behaviour.everyMillis)
      response.on("close", () => clearInterval(drip))
      return
    }
    case "Endless": {
      response.writeHead(200, { "content-type": "application/json" })
      const pour = () => {
        while (!response.destroyed && response.write(zeros));
      }
      response.on("drain", pour)
      pour()
      return
    }
    case "Bomb":
      response.writeHead(200, { "content-type": "application/json", "content-encoding": "gzip" })
        .end(bomb(behaviour.bytes))
      return
    case "Silent":
  }
}

/** A running issuer; its script is filled in by the caller, who learns the port only now. Closes with the scope. */
export const start = (tls?: ServerOptions) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.callback<{ readonly issuer: Hostile.HostileIssuer; readonly close: () => void }>((resume) => {
        const answer = (request: { readonly url?: string | undefined }, response: ServerResponse) => {
          const path = new URL(request.url ?? "/", "http://localhost").pathname
          issuer.hits.push({ path, at: Date.now() })
          play(issuer.next(path), response)
        }
        const server = tls === undefined ? createServer(answer) : createSecureServer(tls, answer)
        let issuer = new Hostile.HostileIssuer("")
        server.listen(0, "127.0.0.1", () => {
          const { port } = server.address() as AddressInfo
          issuer = new Hostile.HostileIssuer(`${tls === undefined ? "http" : "https"}://127.0.0.1:${port}`)
          const close = () => {
            server.close()
            server.closeAllConnections()
          }
          resume(Effect.succeed({ issuer, close }))
        })
      }),
      ({ close }) => Effect.sync(close)
    ),
    ({ issuer }) => issuer
  )
