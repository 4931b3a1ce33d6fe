import { afterEach, assert, beforeEach, describe, it } from "@effect/vitest"
import { execFileSync, spawn } from "node:child_process"
import { mkdirSync, mkdtempSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { LineSink } from "../../src/record/LineSink.ts"

const sleep = (millis: number) => new Promise((done) => setTimeout(done, millis))

const until = async (condition: () => boolean) => {
  const end = performance.now() + 60_000
  while (!condition()) {
    if (performance.now() > end) throw new Error("it did not happen in time")
    await sleep(10)
  }
}

const textOf = (path: string): string => {
  try {
    return readFileSync(path, "utf8")
  } catch {
    return ""
  }
}

describe("LineSink", () => {
  let folder = ""
  let codes: Array<string> = []
  const note = (code: string) => void codes.push(code)
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "jotgate-sink-"))
    codes = []
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  it("writes whole lines in order, all of them by its end", async () => {
    const path = join(folder, "audit.jsonl")
    const sink = new LineSink({ path }, note)
    const lines = Array.from({ length: 2_000 }, (_, at) => `line ${at} ${"é".repeat(at % 50)}\n`)
    for (const it of lines) sink.write(it, 1)
    await sink.close()
    assert.strictEqual(textOf(path), lines.join(""))
    assert.deepStrictEqual([sink.dropped, sink.trouble, codes], [0, undefined, []])
  })

  it("a file that is renamed is followed by a new one, at once when it is asked to look", async () => {
    const path = join(folder, "audit.jsonl")
    const sink = new LineSink({ path }, note)
    sink.write("one\n", 1)
    await until(() => textOf(path) === "one\n")
    renameSync(path, `${path}.1`)
    sink.reopen()
    sink.write("two\n", 1)
    await until(() => textOf(path) === "two\n")
    renameSync(path, `${path}.2`)
    // Nobody says so: it is seen in time.
    await until(() => {
      sink.write("x\n", 1)
      return textOf(path) !== ""
    })
    await sink.close()
    assert.strictEqual(textOf(`${path}.1`), "one\n")
    assert.strictEqual(sink.dropped, 0)
  })

  it("a folder that is missing costs lines, and nothing else; they are counted where it can be told", async () => {
    const path = join(folder, "later", "audit.jsonl")
    const sink = new LineSink({ path }, note)
    for (let at = 0; at < 10; at++) sink.write("lost\n", 1)
    await until(() => sink.trouble === "ENOENT")
    sink.write("lost\n", 1)
    assert.deepStrictEqual(codes, ["ENOENT"])
    mkdirSync(join(folder, "later"))
    await until(() => textOf(path).includes("dropped"))
    sink.write("kept\n", 1)
    await sink.close()
    assert.strictEqual(textOf(path), `{"message":"decisions dropped","count":11}\nkept\n`)
    assert.deepStrictEqual([sink.dropped, sink.trouble], [11, undefined])
  })

  it("a disk that is full costs lines, and nothing else", async () => {
    const sink = new LineSink({ path: "/dev/full" }, note)
    for (let at = 1; at <= 5; at++) {
      sink.write("lost\n", 1)
      await until(() => sink.dropped === at)
    }
    assert.strictEqual(sink.trouble, "ENOSPC")
    assert.deepStrictEqual(codes, ["ENOSPC"], "it is told once")
    await sink.close()
  })

  it("a file that is a folder, or may not be written, is no end either", async () => {
    const sink = new LineSink({ path: folder }, note)
    sink.write("lost\n", 1)
    await until(() => sink.trouble === "EISDIR")
    await sink.close()
    const below = join(folder, "file")
    writeFileSync(below, "")
    const other = new LineSink({ path: join(below, "audit.jsonl") }, note)
    other.write("lost\n", 1)
    await until(() => other.trouble === "ENOTDIR")
    await other.close()
  })

  it("a named pipe that nobody reads costs lines, and goes on with whoever reads it", async () => {
    const path = join(folder, "pipe")
    execFileSync("mkfifo", [path])
    const sink = new LineSink({ path }, note)
    sink.write("lost\n", 1)
    await until(() => sink.trouble === "ENXIO")
    assert.strictEqual(sink.dropped, 1)
    const reader = spawn("cat", [path], { stdio: ["ignore", "pipe", "ignore"] })
    let read = ""
    reader.stdout.on("data", (it) => void (read += it))
    await until(() => sink.trouble === undefined)
    sink.write("kept\n", 1)
    await until(() => read.includes("kept"))
    await sink.close()
    assert.strictEqual(read, `{"message":"decisions dropped","count":1}\nkept\n`)
  })

  it("a reader that is gone, and one that does not read, cost lines and no memory", async () => {
    const pipe = join(folder, "pipe")
    execFileSync("mkfifo", [pipe])
    const reader = spawn("sleep", ["60"], { stdio: ["ignore", "ignore", "ignore"] })
    // Both ends are ours, so that opening does not wait; nobody reads.
    const fd = openSync(pipe, 0o2 | 0o4000)
    const sink = new LineSink({ fd }, note)
    const large = `${"x".repeat(1024 * 1024 - 1)}\n`
    for (let at = 0; at < 40; at++) sink.write(large, 1)
    assert.strictEqual(sink.trouble, "FULL")
    assert.isAtLeast(sink.dropped, 20)
    assert.deepStrictEqual(codes, [])
    await sink.close()
    reader.kill()
  })
})
