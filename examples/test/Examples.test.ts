import { assert, describe, it } from "@effect/vitest"
import { Gate } from "@jotgate/core/Gate"
import { KeyStore } from "@jotgate/core/KeyStore"
import { Issuer } from "@jotgate/core/testing"
import { Effect } from "effect"
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs"
import { dirname, join, relative } from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../..", import.meta.url))
const source = join(root, "examples/src")
const page = readFileSync(join(root, "docs/embedding.md"), "utf8")

const filesIn = (folder: string): ReadonlyArray<string> =>
  readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((it) => it.endsWith(".ts")).map((it) =>
    join(folder, it)
  )

/** The files that one names, and what else it imports. */
const importsOf = (file: string) => {
  const names = [...readFileSync(file, "utf8").matchAll(/from "([^"]+)"/g)].map(([, it = ""]) => it)
  return {
    own: names.filter((it) => it.startsWith(".")).map((it) => join(dirname(file), it)),
    others: names.filter((it) => !it.startsWith("."))
  }
}

/** What a file reaches through relative imports, itself included. */
const reached = (files: ReadonlyArray<string>, seen: Set<string> = new Set()): ReadonlySet<string> => {
  for (const it of files) {
    if (seen.has(it) || !existsSync(it)) continue
    seen.add(it)
    reached(importsOf(it).own, seen)
  }
  return seen
}

const programs = filesIn(source).filter((it) => relative(source, it) !== "index.ts")
const linked = [...page.matchAll(/\]\(\.\.\/examples\/src\/([^)]+)\)/g)].map(([, it = ""]) => join(source, it))
const shown = reached(linked.flatMap((it) => statSync(it).isDirectory() ? filesIn(it) : [it]))
const tests = filesIn(join(root, "examples/test"))
/** What tests import, or start as a program. */
const tested = reached([
  ...tests,
  ...tests.flatMap((it) =>
    [...readFileSync(it, "utf8").matchAll(/new URL\("(\.\.\/src\/[^"]+)"/g)].map(([, to = ""]) => join(dirname(it), to))
  )
])
const frameworks = ["effect", "express", "fastify", "hono", "@effect/platform-node"]

describe("the examples", () => {
  for (const file of programs) {
    const name = relative(source, file)
    it(`${name}: at most sixty lines, of what is published, run by a test and shown`, () => {
      assert.isAtMost(readFileSync(file, "utf8").trimEnd().split("\n").length, 60)
      const foreign = importsOf(file).others.filter((it) =>
        !frameworks.some((one) => it === one || it.startsWith(`${one}/`)) && !/^(?:node:|@jotgate\/)/.test(it)
      )
      assert.deepStrictEqual(foreign, [])
      assert.isTrue(tested.has(file), "no test runs it")
      assert.isTrue(
        shown.has(file) || [...reached([file])].some((it) => shown.has(it)),
        "docs/embedding.md names it not"
      )
    })
  }
})

describe("docs/embedding.md", () => {
  it("shows of a denial what text() says", async () => {
    const issuer = "https://acme.okta.com/oauth2/aus1"
    const idp = await Effect.runPromise(Issuer.make(issuer))
    const claims = { sub: "alice", groups: ["red"], aud: "llm-gateway", scope: undefined }
    const token = await Effect.runPromise(idp.token({ now: Math.floor(Date.now() / 1000), claims }))
    const gate = await Gate.make({
      issuers: [{ id: "okta", issuer, audience: "llm-gateway", claims: { user: "sub", teams: "groups" } }],
      directory: { users: { unknown: "allow" } }
    }, {
      directory: { team: (id) => ({ id, models: ["gpt-4o*"] }) },
      keys: KeyStore.layerMemory({ okta: idp.jwks })
    })
    const headers = { authorization: `Bearer ${token}` }
    const verdict = await gate.decide({ method: "POST", path: "/v1/chat/completions", headers, body: { model: "o1" } })
    await gate.close()
    const shapeOf = (text: string) =>
      text.trim().replace(/d_\w{26}/, "d_").replace(/kid \S+,/, "kid,").replace(/\d+ min/, "0 min")
    const [block = ""] = /^403 deny [^]*?(?=```)/m.exec(page) ?? []
    assert.strictEqual(shapeOf(verdict.text()), shapeOf(block))
  })
})
