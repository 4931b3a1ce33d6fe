/**
 * Reads bodies as Node servers do: forms of parts with busboy, the other forms with URLSearchParams, JSON with
 * JSON.parse. The protocol is that of read.py.
 */
import busboy from "busboy"
import { createInterface } from "node:readline"

const text = (body) => {
  try {
    return JSON.parse(body.toString("utf8"))
  } catch {
    return null
  }
}

const parts = (type, body) =>
  new Promise((done) => {
    const fields = []
    const files = []
    const refused = () => done({ fields: null, files: null })
    try {
      const reader = busboy({ headers: { "content-type": type }, limits: { fieldSize: 1 << 26 } })
      reader.on("field", (name, value) => fields.push([name, value]))
      reader.on("file", (name, stream) => {
        const pieces = []
        stream.on("data", (piece) => pieces.push(piece))
        stream.on("end", () => files.push([name, Buffer.concat(pieces).toString("base64")]))
      })
      reader.on("error", refused)
      reader.on("close", () => done({ fields, files }))
      reader.end(body)
    } catch {
      refused()
    }
  })

const form = async (type, body) => {
  const kind = type.split(";")[0].trim().toLowerCase()
  if (kind === "multipart/form-data") return parts(type, body)
  if (kind === "application/x-www-form-urlencoded") {
    return { fields: [...new URLSearchParams(body.toString("utf8"))], files: [] }
  }
  return { fields: null, files: null }
}

for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line)
  const body = Buffer.from(asked.body, "base64")
  const { fields, files } = await form(asked.type, body)
  const lines = (files ?? []).flatMap(([, content]) =>
    Buffer.from(content, "base64").toString("utf8").split(/\r?\n/).map((it) => text(Buffer.from(it)))
  )
  // Some readers of lines end one at these as well.
  const answer = JSON.stringify({ fields, files, json: text(body), lines })
    .replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029")
  process.stdout.write(`${answer}\n`)
}
