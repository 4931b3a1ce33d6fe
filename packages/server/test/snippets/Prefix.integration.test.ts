/** A gateway that is mounted below a path, behind every real proxy: the proxy tells the path as it stands. */
import { assert, it } from "@effect/vitest"
import { Caddy, describeWith, Traefik } from "@jotgate/servers"
import { Effect } from "effect"
import { names, proxies, setting } from "../support/Proxies.ts"
import * as World from "../support/World.ts"

for (const name of [...names, "ingress-nginx"] as const) {
  describeWith(name === "ingress-nginx" ? "nginx" : proxies[name].needs, `gateway.prefix behind ${name}`, () => {
    it.live(
      "is taken off before anything is judged, and nothing beside it is let through",
      () =>
        Effect.gen(function*() {
          const { call, proxy, world } = yield* setting(name, { doors: { prefix: "/llm" } })
          const statusOf = (path: string) => Effect.map(call(path), ({ status }) => status)
          const allowed = yield* call("/llm/v1/models/gpt-4o?a=%2F")
          assert.strictEqual(allowed.status, 200, allowed.text)
          assert.strictEqual(world.upstream.last().url, "/llm/v1/models/gpt-4o?a=%2F")
          assert.strictEqual(world.upstream.last().headers["x-jotgate-user"], "alice")
          const before = world.upstream.requests.length
          assert.strictEqual(yield* statusOf("/llm/v1/models/o1"), 403)
          assert.strictEqual(yield* statusOf("/llm/key/generate"), 403)
          for (
            const beside of [
              "/v1/models/gpt-4o",
              "/llms/v1/models/gpt-4o",
              "/LLM/v1/models/gpt-4o",
              "/llm%2Fv1/models/gpt-4o"
            ]
          ) {
            assert.include([400, 403, 404], yield* statusOf(beside), beside)
          }
          assert.strictEqual(world.upstream.requests.length, before)
          const { headers } = yield* call("/llm/v1/files", { headers: { authorization: "" } })
          const [, metadata = ""] = /resource_metadata="([^"]+)"/.exec(headers.get("www-authenticate") ?? "") ?? []
          if (name !== "ingress-nginx") {
            assert.strictEqual(metadata, `${proxy.url}/.well-known/oauth-protected-resource/llm/v1/files`)
            const document = yield* Effect.promise(() => fetch(metadata).then((it) => it.text()))
            assert.strictEqual(JSON.parse(document).resource, `${proxy.url}/llm/v1/files`)
          }
        })
    )
  })
}

type Strips = (
  ends: { readonly gate: string; readonly upstream: string }
) => ReturnType<typeof Caddy.make> | ReturnType<typeof Traefik.make>

const caddy = (release: "debian" | "current"): Strips => ({ gate, upstream }) =>
  Caddy.make({
    release,
    config: ({ host, port }) =>
      `http://${host}:${port} {
  handle_path /llm/* {
    forward_auth ${gate} {
      uri /_jotgate/auth/caddy
      copy_headers X-Jotgate-User
    }
    reverse_proxy ${upstream}
  }
}
`
  })

const traefik: Strips = ({ gate, upstream }) =>
  Traefik.make({
    config: ({ folder, host, port }) =>
      `entryPoints: { web: { address: "${host}:${port}" } }\nproviders: { file: { filename: ${folder}/jotgate.yaml } }\n`,
    files: {
      "jotgate.yaml": `http:
  routers: { llm: { rule: "PathPrefix(\`/llm\`)", service: llm, middlewares: [strip, ask] } }
  middlewares:
    strip: { stripPrefix: { prefixes: [/llm] } }
    ask: { forwardAuth: { address: "${gate}/_jotgate/auth/traefik", authResponseHeaders: [X-Jotgate-User] } }
  services: { llm: { loadBalancer: { servers: [{ url: "${upstream}" }] } } }
`
    },
    ready: ({ port }) => fetch(`http://127.0.0.1:${port}/llm/`).then((it) => it.status !== 404)
  })

const stripping = {
  "caddy of Debian, handle_path": ["caddy", caddy("debian")],
  "caddy, current, handle_path": ["caddy-current", caddy("current")],
  "traefik, stripPrefix": ["traefik", traefik]
} as const

for (const [name, [needs, start]] of Object.entries(stripping)) {
  describeWith(needs, `a proxy that takes the prefix off itself: ${name}`, () => {
    it.live("tells the path as it forwards it, so the gate has no prefix", () =>
      Effect.gen(function*() {
        const world = yield* World.make()
        const proxy = yield* start({ gate: world.url, upstream: world.upstream.url })
        const authorization = `Bearer ${yield* world.token("alice", { groups: ["red"] })}`
        const ask = (path: string) =>
          Effect.promise(() => fetch(`${proxy.url}${path}`, { headers: { authorization } }).then((it) => it.status))
        assert.strictEqual(yield* ask("/llm/v1/models/gpt-4o"), 200)
        assert.strictEqual(world.upstream.last().url, "/v1/models/gpt-4o")
        assert.strictEqual(world.upstream.last().headers["x-jotgate-user"], "alice")
        assert.strictEqual(yield* ask("/llm/v1/models/o1"), 403)
      }))
  })
}
