/** Whatever the file system says of a key file: a key, no key, or a denial; never an exception, never the default instead. */
import { assert, describe, it } from "@effect/vitest"
import { makeTeam, TeamId } from "@jotgate/core/Directory"
import { Effect } from "effect"
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { compile, KeyFiles } from "../../src/proxy/UpstreamKey.ts"
import * as Raw from "../support/Raw.ts"
import * as World from "../support/World.ts"

const folder = mkdtempSync(join(tmpdir(), "jotgate-keys-"))
const keyFor = compile(
  { team: `file:${folder}/{team}.key`, default: "env:DEFAULT" },
  "authorization",
  "default",
  new KeyFiles(),
  { DEFAULT: "sk-default" }
)
const told = (team: string) => {
  const it = keyFor(team)
  return it._tag === "Key" ? it.credential.value : it._tag
}

describe("the key file of a team", () => {
  it("is the team's key, or the default where there can be no such file", () => {
    writeFileSync(join(folder, "red.key"), "sk-red\n")
    assert.strictEqual(told("red"), "Bearer sk-red")
    assert.strictEqual(told("blue"), "Bearer sk-default")
    // ENAMETOOLONG, with the ending and without.
    assert.strictEqual(told("x".repeat(252)), "Bearer sk-default")
    assert.strictEqual(told("é".repeat(200)), "Bearer sk-default")
    assert.strictEqual(told("x".repeat(100_000)), "Bearer sk-default")
  })

  it("is read anew when another one of the same age and size has taken its place", () => {
    for (const [name, key] of [["green.key", "sk-first"], ["green.new", "sk-other"]] as const) {
      writeFileSync(join(folder, name), key)
      utimesSync(join(folder, name), 0, 0)
    }
    assert.strictEqual(told("green"), "Bearer sk-first")
    renameSync(join(folder, "green.new"), join(folder, "green.key"))
    assert.strictEqual(told("green"), "Bearer sk-other")
  })

  it("that is there and cannot be read is a denial", () => {
    mkdirSync(join(folder, "folder.key"))
    symlinkSync("loop.key", join(folder, "loop.key"))
    writeFileSync(join(folder, "empty.key"), "\n")
    writeFileSync(join(folder, "large.key"), "x".repeat(20_000))
    writeFileSync(join(folder, "binary.key"), Uint8Array.of(0, 1, 2))
    for (const team of ["folder", "loop", "empty", "large", "binary"]) assert.strictEqual(told(team), "Missing", team)
    rmSync(folder, { recursive: true })
  })
})

/** Ids for which no file system has a name: too long as they are, or as they are encoded. */
const nameless = ["x".repeat(252), "é".repeat(84), "/".repeat(90), "x".repeat(255)]

describe("a team whose key file can have no such name", () => {
  for (
    const [onMissingTeamKey, status, code, key] of [
      ["default", 200, undefined, "Bearer sk-default"],
      ["deny", 403, "upstream_key_missing", undefined]
    ] as const
  ) {
    it.live(`is answered, and so is everybody after it, with onMissingTeamKey: ${onMissingTeamKey}`, () =>
      Effect.gen(function*() {
        const world = yield* World.make({
          rows: { teams: nameless.map((id) => makeTeam({ id: TeamId.make(id) })) },
          directory: { users: { unknown: "allow" } },
          env: { DEFAULT: "sk-default" },
          upstream: {
            authorization: { team: `file:${tmpdir()}/{team}.key`, default: "env:DEFAULT" },
            onMissingTeamKey
          },
          doors: { forwardAuth: { authorization: true, unseenModel: "pass" } }
        })
        for (const id of nameless) {
          const bearer = `Authorization: Bearer ${yield* world.token("alice", { groups: [id] })}`
          const proxied = yield* Raw.send(world.port, Raw.request("GET /v1/files HTTP/1.1", [bearer]))
          assert.deepStrictEqual(Raw.statuses(proxied), [status], proxied)
          if (status === 200) assert.strictEqual(world.upstream.last().headers["authorization"], key)
          else assert.strictEqual(Raw.problem(proxied).code, code)
          const asked = ["X-Forwarded-Method: GET", "X-Forwarded-Uri: /v1/files", bearer]
          const door = yield* Raw.send(world.port, Raw.request("GET /_jotgate/auth/caddy HTTP/1.1", asked))
          assert.deepStrictEqual(Raw.statuses(door), [status], door)
          assert.strictEqual(Raw.header(door, "authorization"), key)
        }
        assert.strictEqual(world.telemetry.defects(), 0)
      }))
  }
})
