/**
 * Uploads a form with a large file, and is the upstream that takes it: `node Uploads.ts`. Says its port, then after
 * `PORT TOKEN MEBIBYTES` what became of one upload.
 */
import { writeSync } from "node:fs"
import { createServer, request as httpRequest } from "node:http"
import { createInterface } from "node:readline"

const tell = (it: unknown): void => void writeSync(3, `${JSON.stringify(it)}\n`)

let received = 0

const server = createServer((request, response) => {
  received = 0
  request.on("data", (chunk: Buffer) => {
    received += chunk.length
  }).on("end", () => response.end("{}")).on("error", () => {})
})
server.listen(0, "127.0.0.1", () => {
  const address = server.address()
  tell({ port: typeof address === "object" && address !== null ? address.port : 0 })
})

const piece = Buffer.alloc(64 * 1024, 0x61)

const upload = (port: number, token: string, mebibytes: number): void => {
  const request = httpRequest({
    host: "127.0.0.1",
    port,
    method: "POST",
    path: "/v1/audio/transcriptions",
    headers: { authorization: `Bearer ${token}`, "content-type": "multipart/form-data; boundary=B" }
  })
  request.on("error", () => tell({ status: 0, received }))
  request.on("response", (response) => {
    response.resume()
    tell({ status: response.statusCode ?? 0, received })
  })
  request.write("--B\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\ngpt-4o-transcribe\r\n")
  request.write("--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n\r\n")
  let left = mebibytes * 16
  const next = (): void => {
    while (left > 0) {
      left--
      if (!request.write(piece)) return void request.once("drain", next)
    }
    request.end("\r\n--B--\r\n")
  }
  next()
}

createInterface({ input: process.stdin })
  .on("line", (line) => {
    const [port = "0", token = "", mebibytes = "0"] = line.split(" ")
    upload(Number(port), token, Number(mebibytes))
  })
  .on("close", () => process.exit())
