/**
 * Free loopback ports.
 *
 * Taken from below the range that the system gives to outgoing connections, so that nothing slips into a port between
 * the moment it was found free and the moment a server binds it.
 */
import { connect, createServer } from "node:net"

export const host = "127.0.0.1"

const [lowest, highest] = [18_000, 32_000]
const given = new Set<number>()

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer()
    server.once("error", () => resolve(false))
    server.listen(port, host, () => server.close(() => resolve(true)))
  })

/** A port that nobody listens on and that this process gave to nobody else. */
export const free = async (): Promise<number> => {
  while (true) {
    const port = lowest + Math.floor(Math.random() * (highest - lowest))
    if (given.has(port)) continue
    given.add(port)
    if (await isFree(port)) return port
  }
}

/** Whether somebody accepts connections on the port. */
export const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host, port })
    const end = (outcome: boolean): void => {
      socket.destroy()
      resolve(outcome)
    }
    socket.once("connect", () => end(true))
    socket.once("error", () => end(false))
    socket.setTimeout(1_000, () => end(false))
  })
