import { describeWith, Postgres, Redis } from "@jotgate/servers"
import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { assert, it } from "vitest"

const demo = fileURLToPath(new URL("../two-gates/demo.ts", import.meta.url))

describeWith(["postgres", "redis"], "two gates on one PostgreSQL and one Redis", () => {
  it("what is changed through the one is in force at the other within two seconds", async () => {
    const [postgres, redis] = await Promise.all([Postgres.start(), Redis.start()])
    try {
      const { stdout } = await promisify(execFile)(process.execPath, ["--conditions=source", demo], {
        env: { PATH: process.env["PATH"] ?? "", DATABASE_URL: postgres.url, REDIS_URL: redis.url }
      })
      const millis = [...stdout.matchAll(/^ {3}gate B answers .* after (\d+) ms$/gm)].map((it) => Number(it[1]))
      assert.lengthOf(millis, 6, stdout)
      assert.isBelow(Math.max(...millis), 2_000)
      assert.match(stdout, /done\n$/)
    } finally {
      await Promise.all([postgres.stop(), redis.stop()])
    }
  })
})
