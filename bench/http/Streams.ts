/**
 * Many streams at once, from both ends, in a process of its own: an upstream whose streams send one event and stay
 * open, and callers that wait for it. `{ port }` comes first; `OPEN PORT COUNT` and the request as JSON, one line each,
 * opens streams and says how many have begun; `close` ends them and says how many the upstream still has.
 */
import { writeSync } from "node:fs"
import { createServer, type ServerResponse } from "node:http"
import { connect, type Socket } from "node:net"
import { createInterface } from "node:readline"
import { setTimeout as sleep } from "node:timers/promises"

const tell = (it: unknown): void => void writeSync(3, `${JSON.stringify(it)}\n`)

const streams = new Set<ServerResponse>()
const server = createServer((request, response) => {
  request.resume().on("end", () => {
    streams.add(response)
    response.on("close", () => streams.delete(response))
    response.writeHead(200, { "content-type": "text/event-stream" })
    response.write(`data: {"choices":[{"delta":{"content":"word"}}]}\n\n`)
  })
})
server.listen(0, "127.0.0.1", () => {
  const address = server.address()
  tell({ port: typeof address === "object" ? address?.port : 0 })
})

const callers: Array<Socket> = []
const opened = (port: number, request: string): Promise<boolean> =>
  new Promise((done) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(request))
    let text = ""
    socket.setEncoding("latin1")
    socket.on("data", (chunk: string) => {
      text += chunk
      if (text.includes("data: ")) done(text.startsWith("HTTP/1.1 200"))
    })
    socket.on("error", () => done(false)).on("close", () => done(false))
    callers.push(socket)
  })

const open = async (port: number, count: number, request: string): Promise<void> => {
  let begun = 0
  for (let at = 0; at < count; at += 50) {
    const some = Array.from({ length: Math.min(50, count - at) }, () => opened(port, request))
    for (const it of await Promise.all(some)) if (it) begun++
  }
  tell({ begun })
}

const close = async (): Promise<void> => {
  for (const it of callers.splice(0)) it.destroy()
  for (let round = 0; round < 100 && streams.size > 0; round++) await sleep(20)
  tell({ left: streams.size })
}

let wanted: ReadonlyArray<number> | undefined
createInterface({ input: process.stdin }).on("line", (line) => {
  if (line === "close") return void close()
  if (wanted === undefined) {
    wanted = line.split(" ").slice(1).map(Number)
    return
  }
  const [port = 0, count = 0] = wanted
  wanted = undefined
  const request: unknown = JSON.parse(line)
  if (typeof request === "string") void open(port, count, request)
}).on("close", () => process.exit())
