/** A wire to a server that can be made slow: what goes through it comes later, and nothing is lost. */
import { Ports } from "@jotgate/servers"
import { Effect } from "effect"
import { createServer, Socket } from "node:net"

export interface SlowWire {
  readonly port: number
  /** Milliseconds by which every answer comes later, from now on. */
  readonly delay: (millis: number) => void
  /** Milliseconds after which a connection is made, for each that is asked for from now on: the first, the second, … */
  readonly connect: (after: (nth: number) => number) => void
}

/** A wire to this port of this machine, for as long as the scope lives. */
export const make = Effect.fnUntraced(function*(to: number) {
  let late = 0
  let nth = 0
  let after: (nth: number) => number = () => 0
  const sockets = new Set<Socket>()
  const server = createServer((near) => {
    near.pause()
    const far = new Socket()
    const join = () => {
      far.connect(to, Ports.host)
      near.resume()
    }
    const wait = after(nth++)
    if (wait === 0) join()
    else setTimeout(join, wait)
    for (const it of [near, far]) {
      sockets.add(it)
      it.on("error", () => {})
      it.on("close", () => {
        sockets.delete(it)
        near.destroy()
        far.destroy()
      })
    }
    near.on("data", (chunk) => void far.write(chunk))
    far.on("data", (chunk) => {
      if (late === 0) near.write(chunk)
      else setTimeout(() => near.write(chunk), late)
    })
  })
  yield* Effect.acquireRelease(
    Effect.callback<void>((resume) => void server.listen(0, Ports.host, () => resume(Effect.void))),
    () =>
      Effect.sync(() => {
        server.close()
        sockets.forEach((it) => it.destroy())
      })
  )
  const address = server.address()
  const wire: SlowWire = {
    port: typeof address === "object" && address !== null ? address.port : 0,
    delay: (millis) => {
      late = millis
    },
    connect: (it) => {
      nth = 0
      after = it
    }
  }
  return wire
})
