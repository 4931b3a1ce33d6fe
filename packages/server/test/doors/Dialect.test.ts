import { assert, describe, it } from "@effect/vitest"
import { ourHeaders } from "@jotgate/core/IdentityHeaders"
import { Effect } from "effect"
import { dialects, original, originTold } from "../../src/doors/Dialect.ts"
import * as Asking from "../support/Asking.ts"
import * as Raw from "../support/Raw.ts"
import * as World from "../support/World.ts"

const pairs = (lines: ReadonlyArray<string>): ReadonlyArray<string> =>
  lines.flatMap((it) => [it.slice(0, it.indexOf(":")), it.slice(it.indexOf(":") + 1).trim()])

/** Every header that some proxy tells something in, forged by the caller. */
const forged = [
  "X-Original-URI: /forged",
  "X-Original-URL: https://forged.test/forged",
  "X-Original-Method: FORGED",
  "X-Forwarded-Uri: /forged",
  "X-Forwarded-Method: FORGED",
  "X-Forwarded-Host: forged.test",
  "X-Forwarded-Proto: https",
  "X-Envoy-Original-Path: /forged",
  "Forwarded: for=6.6.6.6;host=forged.test"
]

const nameOf = (line: string) => line.slice(0, line.indexOf(":")).toLowerCase()

describe("doors rule 1: a door reads the headers of its own proxy alone", () => {
  for (const dialect of dialects) {
    it(`${dialect}: what the caller forges in other proxies' headers is not heard`, () => {
      const [line, told] = Asking.lines(dialect, "POST", "/v1/files?a=%2F")
      const own = new Set(told.map(nameOf))
      const rawHeaders = pairs([...told, ...forged.filter((it) => !own.has(nameOf(it)))])
      const [method = "", target = ""] = line.split(" ")
      const it = original(dialect, { method, target, rawHeaders })
      assert.deepStrictEqual(it, { dialect, method: "POST", target: "/v1/files?a=%2F" })
      assert.strictEqual(originTold(dialect, rawHeaders), `https://${Asking.host}`)
    })
  }
})

describe("where a caller asked", () => {
  it("is an http origin for a WebSocket too, which Traefik tells by its own scheme, and nothing for other schemes", () => {
    const told = (proto: string) =>
      originTold("traefik", ["X-Forwarded-Host", "llm.example", "X-Forwarded-Proto", proto])
    assert.deepStrictEqual(["ws", "wss", "http", "https", "ftp", "wsx"].map(told), [
      "http://llm.example",
      "https://llm.example",
      "http://llm.example",
      "https://llm.example",
      "",
      ""
    ])
  })
})

describe("the door of ingress-nginx", () => {
  const ask = (url: string) =>
    original("ingress-nginx", {
      method: "GET",
      target: "/_jotgate/auth/ingress-nginx",
      rawHeaders: ["X-Original-Method", "GET", "X-Original-URL", url]
    })?.target

  it("takes the target out of the URL byte for byte", () => {
    assert.strictEqual(ask("https://llm.example/v1/files?u=http://x/y#z"), "/v1/files?u=http://x/y#z")
    assert.strictEqual(ask("http://[::1]:8080//x/%2e%2e/y"), "//x/%2e%2e/y")
  })

  it("refuses a URL whose host could be something else", () => {
    for (
      const url of [
        "/v1/files",
        "ftp://llm.example/v1/files",
        "https://llm.example",
        "https:///v1/files",
        "https://llm.example?/v1/files",
        "https://llm.example#/v1/files",
        "https://root@llm.example/v1/files",
        "https://llm.example\\/v1/files",
        "https://a,b/v1/files",
        ""
      ]
    ) {
      assert.isUndefined(ask(url), url)
    }
  })
})

describe("threat E02: a header that the proxy would pass on in our name", () => {
  for (const dialect of dialects) {
    it.live(`${dialect}: is refused in every spelling, and what the proxy replaces is not`, () =>
      Effect.gen(function*() {
        const world = yield* World.make()
        const bearer = `Authorization: Bearer ${yield* world.token("alice", { groups: ["red"] })}`
        const ask = (header: string) => {
          const [line, told] = Asking.lines(dialect, "GET", "/v1/files")
          return Raw.send(world.port, Raw.request(line, [...told, bearer, header]))
        }
        for (
          const name of [
            "x_jotgate_user",
            "X.Jotgate.User",
            "x--jotgate-user",
            "X-Jotgate-Other",
            "x-jotgate_team",
            "X-Pass-X-Jotgate-User"
          ]
        ) {
          assert.include([400, 403], Raw.statuses(yield* ask(`${name}: evil`))[0], name)
        }
        for (const name of [...ourHeaders, "X-JOTGATE-USER", "X-Jotgates: 1", "x-other-jotgate-user"]) {
          assert.deepStrictEqual(Raw.statuses(yield* ask(`${name}: evil`)), [200], name)
        }
      }))
  }
})
