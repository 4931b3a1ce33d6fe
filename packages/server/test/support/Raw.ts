/** Sends bytes as they are: client libraries tidy what a test wants to be untidy. */
import { Effect } from "effect"
import { connect } from "node:net"

/** Whether the first answer is there as a whole. */
export const isWhole = (answer: string): boolean => {
  const end = answer.indexOf("\r\n\r\n")
  const length = /^content-length: (\d+)\r?$/im.exec(answer)?.[1]
  return end !== -1 && length !== undefined && answer.length >= end + 4 + Number(length)
}

/** What came back within `patience`: everything until the connection ended or fell silent; times in milliseconds. */
export const send = (
  port: number,
  text: string | Uint8Array,
  silence = 150,
  patience = 15_000
): Effect.Effect<string> =>
  Effect.callback<string>((resume) => {
    let answer = ""
    const single = typeof text === "string" && text.split("HTTP/1.").length === 2 && !/^expect:/im.test(text)
    const socket = connect(port, "127.0.0.1", () => socket.write(text))
    const done = () => {
      clearTimeout(timer)
      socket.destroy()
      resume(Effect.succeed(answer))
    }
    let timer = setTimeout(done, patience)
    socket.on("data", (chunk) => {
      answer += chunk.toString("latin1")
      clearTimeout(timer)
      if (single && isWhole(answer)) done()
      else timer = setTimeout(done, silence)
    })
    socket.on("close", done)
    socket.on("error", done)
    return Effect.sync(() => socket.destroy())
  })

/** A request with these header lines; `Host` is added unless one of them is. */
export const request = (line: string, headers: ReadonlyArray<string> = [], body = ""): string =>
  [
    line,
    ...(headers.some((it) => /^host\s*:/i.test(it)) ? [] : ["Host: gate.test"]),
    ...headers,
    "",
    body
  ].join("\r\n")

/** The statuses of all answers in a text. */
export const statuses = (answer: string): ReadonlyArray<number> =>
  [...answer.matchAll(/^HTTP\/1\.[01] (\d{3})/gm)].map((it) => Number(it[1]))

/** The value of a header of the first answer. */
export const header = (answer: string, name: string): string | undefined =>
  new RegExp(`^${name}: (.*?)\r?$`, "im").exec(answer.split("\r\n\r\n", 1)[0] ?? "")?.[1]

/** The body of the first answer, as JSON. */
export const problem = (answer: string): { readonly code?: string } =>
  JSON.parse(answer.slice(answer.indexOf("\r\n\r\n") + 4))
