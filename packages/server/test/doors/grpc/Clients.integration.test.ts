/** The gRPC door asked by programs that are not ours: grpcurl, and the health probe of Kubernetes. */
import { assert, it } from "@effect/vitest"
import { Catalog, describeWith } from "@jotgate/servers"
import { Effect } from "effect"
import { execFile } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as World from "../../support/World.ts"

const run = (program: string, args: ReadonlyArray<string>) =>
  Effect.callback<{ readonly code: number; readonly text: string }>((resume) => {
    execFile(
      program,
      args,
      { timeout: 30_000 },
      (error, out, err) =>
        resume(Effect.succeed({ code: error === null ? 0 : Number(error.code ?? 1), text: `${out}${err}` }))
    )
  })

/** Our reduced schema, under the official name of the package that grpcurl asks for. */
const schema = Effect.acquireRelease(
  Effect.sync(() => {
    const folder = mkdtempSync(join(tmpdir(), "jotgate-grpc-"))
    const text = readFileSync(new URL("../../../src/doors/grpc/ExtAuthz.proto", import.meta.url), "utf8")
    writeFileSync(
      join(folder, "auth.proto"),
      text.replace("package jotgate;", "package envoy.service.auth.v3;") +
        "service Authorization { rpc Check(CheckRequest) returns (CheckResponse); }\n"
    )
    return folder
  }),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)

describeWith(["grpcurl", "grpc-health-probe"], "clients of gRPC", () => {
  it.live("grpcurl reads an allow with its metadata, and a denial", () =>
    Effect.gen(function*() {
      const { grpcPort, token } = yield* World.make({ grpc: true })
      const folder = yield* schema
      const ask = (model: string, bearer: string) => {
        const body = JSON.stringify({ model })
        const http = {
          method: "POST",
          path: "/v1/chat/completions",
          host: "gate.example",
          scheme: "https",
          headers: { authorization: `Bearer ${bearer}`, "content-type": "application/json" },
          raw_body: Buffer.from(body).toString("base64")
        }
        return run(Catalog.locate("grpcurl"), [
          "-plaintext",
          "-import-path",
          folder,
          "-proto",
          "auth.proto",
          "-d",
          JSON.stringify({ attributes: { request: { http } } }),
          `127.0.0.1:${grpcPort}`,
          "envoy.service.auth.v3.Authorization/Check"
        ])
      }
      const alice = yield* token("alice", { groups: ["red"] })
      const allowed = yield* ask("gpt-4o", alice)
      assert.strictEqual(allowed.code, 0, allowed.text)
      const answer = JSON.parse(allowed.text)
      assert.isDefined(answer.okResponse)
      assert.strictEqual(answer.dynamicMetadata.fields.team.stringValue, "red")
      const denied = JSON.parse((yield* ask("o1", alice)).text)
      assert.deepStrictEqual([denied.status.code, denied.deniedResponse.status.code], [7, 403])
      const listed = yield* run(Catalog.locate("grpcurl"), ["-plaintext", `127.0.0.1:${grpcPort}`, "list"])
      assert.notStrictEqual(listed.code, 0, "reflection is off")
    }))

  it.live("grpc-health-probe tells a gate that answers from one that drains", () =>
    Effect.gen(function*() {
      const { grpcPort, state } = yield* World.make({ grpc: true })
      const probe = (service: string) =>
        run(Catalog.locate("grpc-health-probe"), [`-addr=127.0.0.1:${grpcPort}`, `-service=${service}`])
      for (const service of ["", "envoy.service.auth.v3.Authorization"]) {
        const { code, text } = yield* probe(service)
        assert.strictEqual(code, 0, text)
      }
      // 3: the call failed (NOT_FOUND); 4: answered, and not serving.
      assert.strictEqual((yield* probe("other")).code, 3)
      state.draining = true
      assert.strictEqual((yield* probe("")).code, 4)
    }))
})
