/** The proxies that the printed configurations are run on, and a gate behind each. */
import { Caddy, Envoy, HAProxy, Nginx, Traefik } from "@jotgate/servers"
import { Effect, Exit, Scope } from "effect"
import { lua, snippet } from "../../src/snippets/Snippet.ts"
import * as World from "./World.ts"

export interface Proxy {
  readonly port: number
  readonly url: string
}
interface Ends {
  readonly gate: URL
  /** Where the gate is asked over gRPC. */
  readonly grpc: { readonly host: string; readonly port: number }
  readonly upstream: URL
}

const listening = (place: { readonly host: string; readonly port: number }) => ({ host: place.host, port: place.port })

export const proxies = {
  nginx: {
    needs: "nginx",
    start: (ends: Ends) => Nginx.make({ config: (it) => snippet("nginx", { ...ends, listen: listening(it) }) })
  },
  "caddy of Debian": {
    needs: "caddy",
    start: (ends: Ends) => Caddy.make({ config: (it) => snippet("caddy", { ...ends, listen: listening(it) }) })
  },
  "caddy, current": {
    needs: "caddy-current",
    start: (ends: Ends) =>
      Caddy.make({ release: "current", config: (it) => snippet("caddy", { ...ends, listen: listening(it) }) })
  },
  haproxy: {
    needs: "haproxy",
    start: (ends: Ends) =>
      HAProxy.make({
        config: (it) => snippet("haproxy", { ...ends, listen: listening(it) }),
        files: { "jotgate.lua": lua(ends) }
      })
  },
  traefik: {
    needs: "traefik",
    start: (ends: Ends) =>
      Traefik.make({
        config: ({ folder, host, port }) =>
          `entryPoints: { web: { address: "${host}:${port}" } }\nproviders: { file: { filename: ${folder}/jotgate.yaml } }\n`,
        files: { "jotgate.yaml": (it) => snippet("traefik", { ...ends, listen: listening(it) }) },
        // Before its file is read it knows no route; after it, whoever is asked may hang.
        ready: ({ port }) =>
          fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(1_000) })
            .then((it) => it.status !== 404, (error) => error instanceof Error && error.name === "TimeoutError")
      })
  },
  envoy: {
    needs: "envoy",
    start: ({ gate, upstream }: Ends) =>
      Envoy.make({ config: (it) => snippet("envoy", { gate, upstream, listen: listening(it) }) })
  },
  "envoy over gRPC": {
    needs: "envoy",
    start: (ends: Ends) => Envoy.make({ config: (it) => snippet("envoy", { ...ends, listen: listening(it) }) })
  }
} as const

/** The name of one of them. */
export type Name = keyof typeof proxies
export const names = Object.keys(proxies) as ReadonlyArray<Name>

/** The gate lives in a scope of its own, so that a test can take it down. */
export const setting = Effect.fnUntraced(function*(name: Name, options: World.WorldOptions = {}) {
  const gateScope = yield* Scope.make()
  yield* Effect.addFinalizer(() => Scope.close(gateScope, Exit.void))
  const world = yield* Scope.provide(World.make({ grpc: name === "envoy over gRPC", ...options }), gateScope)
  const proxy: Proxy = yield* proxies[name].start({
    gate: new URL(world.url),
    grpc: { host: "127.0.0.1", port: world.grpcPort },
    upstream: new URL(world.upstream.url)
  })
  const token = yield* world.token("alice", { groups: ["red"] })
  const call = (path: string, init: RequestInit = {}) =>
    Effect.promise(async () => {
      const response = await fetch(`${proxy.url}${path}`, {
        ...init,
        headers: { authorization: `Bearer ${token}`, ...init.headers }
      })
      return { status: response.status, headers: response.headers, text: await response.text() }
    })
  return { world, proxy, token, call, close: Scope.close(gateScope, Exit.void) }
})
