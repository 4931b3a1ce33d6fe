/**
 * `node quickinfo.mjs TYPESCRIPT FILE`: what a person sees who points at a name of this program.
 *
 * Asks the language server of the compiler about every name that a comment with a question mark stands in front of,
 * prints what it answers, and fails where there is no text. Runs where the tarballs are installed, so it is plain
 * JavaScript.
 */
import { spawn } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { createInterface } from "node:readline"

const [compiler, name] = process.argv.slice(2)
const file = join(process.cwd(), name)
const server = spawn(
  process.execPath,
  [join("node_modules", compiler, "lib/tsserver.js"), "--disableAutomaticTypingAcquisition"],
  { stdio: ["pipe", "pipe", "inherit"] }
)
const waiting = new Map()
createInterface({ input: server.stdout }).on("line", (line) => {
  if (!line.startsWith("{")) return
  const message = JSON.parse(line)
  if (message.type === "response") waiting.get(message.request_seq)?.(message.body)
})
let sent = 0
const send = (command, args) => {
  server.stdin.write(`${JSON.stringify({ seq: ++sent, type: "request", command, arguments: args })}\n`)
  return sent
}
const ask = (command, args) => new Promise((answer) => waiting.set(send(command, args), answer))

send("open", { file })
for (const [index, line] of readFileSync(file, "utf8").split("\n").entries()) {
  for (const { 0: mark, 1: word, index: at } of line.matchAll(/\/\*\?\*\/(\w+)/g)) {
    const offset = at + mark.length - word.length + 1
    const { displayString = "", documentation = "", tags = [] } =
      await ask("quickinfo", { file, line: index + 1, offset }) ?? {}
    const [type] = displayString.split("\n")
    console.log([type, documentation, ...tags.map((it) => `@${it.name} ${it.text ?? ""}`)].join("\n  "))
    if (documentation === "") {
      console.log(`${word}: nothing is said of it`)
      process.exitCode = 1
    }
  }
}
server.kill()
