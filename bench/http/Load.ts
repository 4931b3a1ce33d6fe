/**
 * A load generator in a process of its own: `node Load.ts PORT CONNECTIONS [RATE]`, the requests on standard input as a
 * JSON list, sent in turn. Without a rate a connection asks again when it was answered; with one, `RATE` times a second
 * all together, each at times of its own: callers know nothing of each other, so the time between two requests is drawn.
 * (Callers in step would come all at once, and what is measured then is how long the last ones stand behind the first.)
 *
 * Keep-alive connections over plain sockets, one request in flight on each; it counts whole answers (by
 * `Content-Length`, or by the end of a chunked body) and writes the count to file descriptor 3 whenever it is sent a line.
 * With the line `rest` it waits for what was asked and asks no more, until it is sent `go`.
 */
import { writeSync } from "node:fs"
import { connect, type Socket } from "node:net"
import { createInterface } from "node:readline"
import { Asking } from "./Asking.ts"

const [port = "0", connections = "32", rate = "0"] = process.argv.slice(2)
/** Milliseconds between two requests of one connection, on average; 0: no pause. */
const pause = Number(rate) === 0 ? 0 : 1000 * Number(connections) / Number(rate)
/** Milliseconds from one request of a connection to the next. */
const drawn = (): number => -pause * Math.log(1 - Math.random())
let done = 0
let failed = 0
const tell = (it: unknown): void => void writeSync(3, `${JSON.stringify(it)}\n`)
const latencies: Array<number> = []

const endOf = (text: string): number => {
  const head = text.indexOf("\r\n\r\n")
  if (head === -1) return -1
  const length = /content-length: (\d+)/i.exec(text.slice(0, head))?.[1]
  if (length !== undefined) return text.length >= head + 4 + Number(length) ? head + 4 + Number(length) : -1
  const end = text.indexOf("0\r\n\r\n", head + 4)
  return end === -1 ? -1 : end + 5
}

let turn = 0
const asking = new Asking()

const open = (requests: ReadonlyArray<string>): void => {
  const socket: Socket = connect(Number(port), "127.0.0.1")
  let text = ""
  let sent = 0
  /** When the next request is to be sent; one that is late is made up for, a rest is not. */
  let due = 0
  let isAsking = false
  const send = () => {
    // It was closed while it rested, and another one asks in its place.
    if (socket.destroyed) return asking.end()
    isAsking = true
    sent = performance.now()
    socket.write(requests[turn++ % requests.length] ?? "")
  }
  socket.setNoDelay(true)
  socket.setEncoding("latin1")
  socket.on("connect", () => asking.begin(send))
  socket.on("data", (chunk) => {
    if (text === "" && latencies.length < 200_000) latencies.push(performance.now() - sent)
    text += chunk
    const end = endOf(text)
    if (end === -1) return
    if (!text.startsWith("HTTP/1.1 200")) failed++
    done++
    text = text.slice(end)
    isAsking = false
    due = Math.max(due, sent - pause) + drawn()
    const wait = due - performance.now()
    if (wait > 0) setTimeout(() => asking.next(send), wait)
    else asking.next(send)
  })
  socket.on("error", () => failed++)
  socket.on("close", () => {
    if (isAsking) asking.end()
    setTimeout(() => open(requests), 10)
  })
}

let started = false
createInterface({ input: process.stdin }).on("line", async (line) => {
  if (!started) {
    started = true
    const requests: unknown = JSON.parse(line)
    if (Array.isArray(requests)) { for (let i = 0; i < Number(connections); i++) open(requests.map(String)) }
  } else {
    await asking.told(line)
    const sorted = latencies.splice(0).toSorted((left, right) => left - right)
    tell({ done, failed, median: sorted[sorted.length >> 1] ?? 0, high: sorted[Math.floor(sorted.length * 0.99)] ?? 0 })
  }
}).on("close", () => process.exit())
