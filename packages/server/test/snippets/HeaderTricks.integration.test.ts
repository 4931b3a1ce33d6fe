/** Each printed configuration attacked behind its real proxy: what the upstream is told of the caller is ours alone. */
import { assert, it } from "@effect/vitest"
import { canonical } from "@jotgate/core/HeaderNames"
import { identityHeaders, ourHeaders } from "@jotgate/core/IdentityHeaders"
import { describeWith } from "@jotgate/servers"
import { Effect } from "effect"
import { isOurs } from "../../src/config/GatewayHeaders.ts"
import * as Doors from "../support/Doors.ts"
import { names, proxies, setting } from "../support/Proxies.ts"
import * as Raw from "../support/Raw.ts"

/** What alice of red is told as; the decision's id apart. */
const told: Readonly<Record<string, string>> = {
  "x-jotgate-user": "alice",
  "x-jotgate-email": "alice%40acme.test",
  "x-jotgate-team": "red",
  "x-jotgate-models": "gpt-4o*",
  "x-jotgate-tools": "*"
}

const spellings = (name: string): ReadonlyArray<string> => [
  name,
  name.toUpperCase(),
  name.replaceAll("-", "_"),
  name.replaceAll("-", "."),
  name.replaceAll("-", "--"),
  name.replaceAll("-", "~"),
  name.replace("-", "_"),
  name.replace("x-jotgate-", "x-jotgate_"),
  name.replace("x-jotgate-", "x-jotgate."),
  name.replace("x-jotgate-", "X_JOTGATE-")
]

const everyName = [...ourHeaders, "x-jotgate-other", "x-jotgate-admin-2"]

/** Header lines of one request, by what they try. */
const tricks: Readonly<Record<string, ReadonlyArray<string>>> = {
  ...Object.fromEntries(spellings("x-jotgate-admin").map((it) => [`spells ${it}`, [`${it}: true`]])),
  "sends every name of ours": everyName.map((it) => `${it}: evil`),
  "sends a name that is not listed": ["X-Jotgate-Other: evil"],
  "sends one twice": ["X-Jotgate-User: evil", "x-jotgate-user: evil"],
  "has Connection take ours away": [`Connection: close, ${everyName.join(", ")}`],
  "has Connection take ours away, in capitals": [`Connection: close, X-JOTGATE-MODELS, X_JOTGATE_MODELS`],
  "has a second Connection take ours away": ["Connection: close", "Connection: x-jotgate-models"],
  "has Connection of an upgrade take ours away": ["Connection: Upgrade, x-jotgate-models", "Upgrade: h2c"],
  "has Connection of a WebSocket take ours away": ["Connection: Upgrade, x-jotgate-models", "Upgrade: websocket"],
  "has Keep-Alive and Proxy-Connection name ours": [
    "Proxy-Connection: x-jotgate-models",
    "Keep-Alive: x-jotgate-models",
    "Connection: close, keep-alive"
  ],
  "announces ours as a trailer": ["Trailer: x-jotgate-admin", "TE: trailers", "Connection: close, TE"]
}

/** The upstream's view is ours alone: exact names, exact values, nothing else that could be read as ours. */
const isOursAlone = (rawHeaders: ReadonlyArray<string>, title: string) => {
  const seen = new Map<string, string>()
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? ""
    if (!isOurs(canonical(name))) continue
    assert.include(identityHeaders, name.toLowerCase(), `${title}: ${name}`)
    assert.isFalse(seen.has(name.toLowerCase()), `${title}: ${name} twice`)
    seen.set(name.toLowerCase(), rawHeaders[i + 1] ?? "")
  }
  assert.match(seen.get("x-jotgate-decision") ?? "", /^d_/, title)
  for (const name of identityHeaders.slice(1)) {
    assert.strictEqual(seen.get(name) ?? "", told[name] ?? "", `${title}: ${name}`)
  }
  const connection = rawHeaders.flatMap((it, i) =>
    i % 2 === 0 && it.toLowerCase() === "connection" ? [rawHeaders[i + 1] ?? ""] : []
  )
  assert.notMatch(connection.join(","), /jotgate/i, `${title}: Connection`)
}

for (const name of [...names, "ingress-nginx"] as const) {
  describeWith(name === "ingress-nginx" ? "nginx" : proxies[name].needs, `the snippet of ${name}, attacked`, () => {
    it.live(
      "threats E01, E02, E03: no header of the caller takes ours away, or stands in for one",
      () =>
        Effect.gen(function*() {
          const { proxy, token, world } = yield* setting(name)
          let served = 0
          for (const [title, lines] of Object.entries(tricks)) {
            const before = world.upstream.requests.length
            const closes = lines.some((it) => it.startsWith("Connection:")) ? [] : ["Connection: close"]
            const answer = yield* Raw.send(
              proxy.port,
              Raw.request("GET /v1/files HTTP/1.1", [`Authorization: Bearer ${token}`, ...lines, ...closes]),
              1_000
            )
            const asked = world.upstream.requests.slice(before)
            const [status] = Raw.statuses(answer)
            // A refusal is as good as a header that was taken away.
            assert.include(asked.length === 0 ? [400, 403] : [200], status, `${title}: ${answer}`)
            for (const it of asked) isOursAlone(it.rawHeaders, title)
            served += asked.length
          }
          assert.isAbove(served, Object.keys(tricks).length / 2)
        })
    )

    it.live("no trailer of the caller reaches the upstream under a name of ours", () =>
      Effect.gen(function*() {
        const { proxy, token, world } = yield* setting(name)
        const lines = [
          `Authorization: Bearer ${token}`,
          "Content-Type: application/json",
          "Transfer-Encoding: chunked",
          "Trailer: x-jotgate-admin",
          "Connection: close"
        ]
        const text = `{"model":"gpt-4o"}`
        const body = `${
          text.length.toString(16)
        }\r\n${text}\r\n0\r\nX-Jotgate-Admin: true\r\nx_jotgate_user: root\r\n\r\n`
        yield* Raw.send(proxy.port, Raw.request("POST /v1/chat/completions HTTP/1.1", lines, body), 1_000)
        for (const { rawHeaders, trailers } of world.upstream.requests) {
          isOursAlone(rawHeaders, "trailers")
          assert.isEmpty(Object.keys(trailers).filter((it) => isOurs(canonical(it))))
        }
      }))
  }, { concurrent: true })
}

describeWith("nginx", "the snippet of ingress-nginx", () => {
  it.live(
    "lets an allowed request through with the caller's identity and without credentials, and no other",
    () =>
      Effect.gen(function*() {
        const { call, proxy, world } = yield* setting("ingress-nginx")
        const headers = {
          "x-api-key": "sk-mine",
          "x-jotgate-user": "root",
          "x-team-id": "red",
          "x-http-method-override": "PUT"
        }
        assert.strictEqual((yield* call("/v1/files?a=%2F&b=1", { headers })).status, 200)
        const { headers: seen, rawHeaders, url } = world.upstream.last()
        assert.strictEqual(url, "/v1/files?a=%2F&b=1")
        assert.strictEqual(seen["x-jotgate-user"], "alice")
        assert.strictEqual(seen["x-jotgate-models"], "gpt-4o*")
        assert.notMatch(rawHeaders.join("\n"), /sk-mine|Bearer|x-team-id|override/i)
        const missing = yield* call("/v1/files", { headers: { authorization: "" } })
        assert.strictEqual(missing.status, 401)
        assert.include(
          missing.headers.get("www-authenticate") ?? "",
          `${proxy.url}/.well-known/oauth-protected-resource/v1/files`
        )
        assert.strictEqual((yield* call("/key/generate")).status, 403)
        assert.strictEqual(world.upstream.requests.length, 1)
      })
  )

  it.live(
    "decides as every door does, in the statuses that nginx can carry",
    () =>
      Effect.gen(function*() {
        const { proxy, world } = yield* setting("ingress-nginx")
        for (const { question, title, unseen } of yield* Doors.cases(world.token)) {
          const { body, headers, method, path } = question
          const response = yield* Effect.promise(() =>
            fetch(`${proxy.url}${path}`, { method, headers, ...(body === undefined ? {} : { body }) })
          )
          assert.strictEqual(
            response.status,
            unseen.status === 401 || unseen.status === 200 ? unseen.status : 403,
            title
          )
        }
      })
  )
}, { concurrent: true })
