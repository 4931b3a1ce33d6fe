import { assert, it } from "@effect/vitest"
import { existsSync } from "node:fs"
import { Caddy, type Configured, describeWith, Envoy, HAProxy, Nginx, Process, Traefik } from "../src/index.ts"

/** Starts it, asks it, tells it something else, asks again, stops it; nothing of it may remain. */
const proves = async (
  start: () => Promise<Configured.Configured>,
  second: Configured.Text,
  files?: Configured.Options["files"]
): Promise<void> => {
  const server = await start()
  const ask = async (): Promise<string> => (await fetch(`${server.url}/`)).text()
  let pids: ReadonlyArray<number> = []
  try {
    assert.strictEqual((await ask()).trim(), "one")
    await server.configure(second, files)
    assert.strictEqual((await ask()).trim(), "two")
    pids = Process.family(server.pid())
  } finally {
    await server.stop()
  }
  assert.deepStrictEqual(pids.filter(Process.isRunning), [])
  assert.isFalse(existsSync(server.folder))
}

describeWith("nginx", "nginx", () => {
  const config = (text: string): Configured.Text => (place) =>
    Nginx.http(place, `server { listen ${place.host}:${place.port}; location / { return 200 "${text}"; } }`)

  it("answers and stops", () => proves(() => Nginx.start({ config: config("one") }), config("two")))

  it("has the module for forward auth", async () => {
    const server = await Nginx.start({
      config: (place) =>
        Nginx.http(
          place,
          `server {
            listen ${place.host}:${place.port};
            location / { auth_request /auth; root ${place.folder}; }
            location = /auth { internal; return 401; }
          }`
        )
    })
    try {
      assert.strictEqual((await fetch(server.url)).status, 401)
    } finally {
      await server.stop()
    }
  })

  it("a broken configuration is told with nginx's own words", async () => {
    const failed = await Nginx.start({ config: "nonsense;" }).then(() => undefined, (error: unknown) => error)
    assert.instanceOf(failed, Process.ServerFailed)
    assert.match(failed.message, /unknown directive "nonsense"/)
  })
})

const caddyfile = (text: string): Configured.Text => ({ host, port }) =>
  `http://${host}:${port} {\n  respond ${text}\n}\n`

describeWith("caddy", "Caddy of Debian", () => {
  it("answers and stops", () => proves(() => Caddy.start({ config: caddyfile("one") }), caddyfile("two")))
})

describeWith("caddy-current", "Caddy, a current release", () => {
  it("answers and stops", () =>
    proves(() => Caddy.start({ config: caddyfile("one"), release: "current" }), caddyfile("two")))
})

describeWith("haproxy", "HAProxy", () => {
  const config: Configured.Text = ({ folder, host, port }) => `
global
  lua-load ${folder}/answer.lua
defaults
  mode http
  timeout client 5s
  timeout server 5s
  timeout connect 5s
frontend here
  bind ${host}:${port}
  http-request use-service lua.answer
`
  const files = (text: string) => ({
    "answer.lua": `core.register_service("answer", "http", function(applet)
      applet:set_status(200)
      applet:start_response()
      applet:send("${text}")
    end)`
  })

  it("answers with a Lua script and stops", () =>
    proves(() => HAProxy.start({ config, files: files("one") }), config, files("two")))
})

describeWith("envoy", "Envoy", () => {
  const config = (text: string): Configured.Text => ({ host, port }) => `
static_resources:
  listeners:
    - name: here
      address: { socket_address: { address: ${host}, port_value: ${port} } }
      filter_chains:
        - filters:
            - name: envoy.filters.network.http_connection_manager
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                stat_prefix: here
                http_filters:
                  - name: envoy.filters.http.router
                    typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router }
                route_config:
                  virtual_hosts:
                    - name: all
                      domains: ["*"]
                      routes:
                        - match: { prefix: "/" }
                          direct_response: { status: 200, body: { inline_string: ${text} } }
`

  it("answers and stops", () => proves(() => Envoy.start({ config: config("one") }), config("two")))
})

describeWith("traefik", "Traefik", () => {
  const config = (extra: string): Configured.Text => ({ folder, host, port }) => `
entryPoints: { web: { address: "${host}:${port}" } }
ping: { entryPoint: web }
providers: { file: { filename: ${folder}/dynamic.yaml } }
${extra}`

  it("answers and stops", async () => {
    const server = await Traefik.start({
      config: config(""),
      files: { "dynamic.yaml": "http: {}" },
      ready: async ({ host, port }) => (await fetch(`http://${host}:${port}/ping`)).ok
    })
    const pid = server.pid()
    try {
      assert.strictEqual(await (await fetch(`${server.url}/ping`)).text(), "OK")
      await server.configure(config("log: { level: ERROR }"))
      assert.strictEqual((await fetch(`${server.url}/other`)).status, 404)
    } finally {
      await server.stop()
    }
    assert.isFalse(Process.isRunning(pid))
  })
})
