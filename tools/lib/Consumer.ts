/**
 * Programs of somebody who has the packed packages and nothing else: what must
 * compile, and what must not, with the words of the compiler's first line.
 */

/** The compilers that must take the declarations, each in both ways of finding modules. */
export const compilers: Readonly<Record<string, string>> = {
  "ts5.7": "npm:typescript@5.7.3",
  "ts5.9": "npm:typescript@5.9.3",
  "ts6.0": "npm:typescript@6.0.3",
  "ts7": "npm:typescript@7.0.2"
}

/** Options of a project with nothing silenced. */
export const optionsOf = (resolution: "NodeNext" | "Bundler") => ({
  target: "ES2024",
  lib: ["ES2024", "DOM", "DOM.Iterable", "ESNext.Disposable"],
  module: resolution === "NodeNext" ? "NodeNext" : "ESNext",
  moduleResolution: resolution,
  strict: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: false,
  noEmit: true,
  types: ["node"]
})

/** What a host writes: promises, an HttpApi, and the gate with every store. */
export const host = `import { Gate } from "@jotgate/core/Gate"
import { CurrentPrincipal, CurrentVerdict, HttpSecurity } from "@jotgate/core/HttpSecurity"
import { NodeSignature } from "@jotgate/core/node"
import type { Settings } from "@jotgate/core/Settings"
import { CoreTest, DirectorySuite, Issuer } from "@jotgate/core/testing"
import type { Verdict } from "@jotgate/core/Verdict"
import { createGate } from "@jotgate/server/EmbeddedGate"
import * as Server from "@jotgate/server"
import * as Store from "@jotgate/store"
import { Effect, Layer, Schema } from "effect"
import { HttpApi, HttpApiBuilder, HttpApiEndpoint, HttpApiGroup } from "effect/http-api"

const issuers = [{ id: "idp", issuer: "https://idp.test", audience: "gate", claims: { user: "sub" } }] as const
const settings: Settings.Input = { issuers, directory: { users: { unknown: "allow" } } }

export const gate = Gate.make(settings, {
  directory: { team: (id) => id === "red" ? { id, models: ["gpt-4o*"] } : null },
  hook: () => true,
  rule: ({ principal }) => principal.admin || "only admins",
  signature: NodeSignature.layer
})
export const why = (verdict: Verdict): string =>
  verdict.steps.map((it) => it.step === "team" ? \`team \${it.facts.team ?? "none"}\` : it.step).join()

class Api extends HttpApi.make("notes").add(
  HttpApiGroup.make("me").add(HttpApiEndpoint.get("me", "/me", { success: Schema.String })).middleware(HttpSecurity)
) {}
export const Live = HttpApiBuilder.layer(Api).pipe(
  Layer.provide(HttpApiBuilder.group(Api, "me", (handlers) =>
    handlers.handle("me", () =>
      Effect.gen(function*() {
        const { principal } = yield* CurrentPrincipal
        return \`\${principal.userId ?? "nobody"} \${(yield* CurrentVerdict).decision}\`
      })))),
  Layer.provide(HttpSecurity.layer),
  Layer.provide(Gate.layer(settings))
)
export const every = createGate({ issuers: [...issuers], directory: { url: "memory:" } })
export const used = [CoreTest, DirectorySuite, Issuer, Server, Store]
`

/** A program with a mark in front of each name that an editor must have a text for. */
export const pointing = `import { /*?*/Gate } from "@jotgate/core/Gate"
import type { /*?*/Settings } from "@jotgate/core/Settings"
import type { /*?*/Verdict } from "@jotgate/core/Verdict"
import { /*?*/createGate } from "@jotgate/server/EmbeddedGate"
import type { FileSettings } from "@jotgate/server/GatewaySettings"

const gate = await Gate./*?*/make({
  /*?*/issuers: [{
    /*?*/id: "idp",
    /*?*/issuer: "https://idp.test",
    /*?*/audience: "gate",
    /*?*/jwks: "file:keys.json",
    /*?*/expiry: { /*?*/skew: "30s" },
    /*?*/claims: { /*?*/user: "sub", /*?*/teams: { /*?*/from: "groups", /*?*/by: "alias" } },
    /*?*/grants: { /*?*/models: ["gpt-4o*"] }
  }],
  /*?*/policy: { /*?*/roles: [{ /*?*/role: "team", /*?*/models: [] }], /*?*/withoutTeam: "none", /*?*/mcp: [] },
  /*?*/directory: { /*?*/users: { /*?*/unknown: "allow" }, /*?*/teams: { /*?*/create: { match: "^a" } } },
  /*?*/cache: { /*?*/tokens: 1000 }
}, { /*?*/directory: { /*?*/team: (id) => ({ id, /*?*/models: [] }) }, /*?*/hook: () => true, /*?*/rule: () => true })
const verdict: Verdict = await gate./*?*/decide(new Request("https://api.test"), { /*?*/steps: "always", /*?*/dry: true })
verdict./*?*/allowed
verdict./*?*/status
verdict./*?*/code
verdict./*?*/decision
verdict./*?*/claimed?./*?*/teams
verdict./*?*/user?./*?*/email
verdict./*?*/team?./*?*/alias
verdict./*?*/models
verdict./*?*/problem?./*?*/detail
verdict./*?*/headers
verdict./*?*/mayCall("gpt-4o")
verdict./*?*/toResponse()
verdict./*?*/text()
for (const it of verdict./*?*/steps) if (it.step === "team") it./*?*/facts./*?*/candidates
export type Input = Settings./*?*/Input
export const every = await createGate({
  /*?*/issuers: [],
  /*?*/cache: { /*?*/rows: "5s" },
  /*?*/directory: { /*?*/url: "memory:" },
  /*?*/gateway: { /*?*/credentials: ["x-token"], /*?*/limits: { /*?*/body: "1MiB" } }
})
export const file: typeof FileSettings.Encoded = {
  /*?*/gateway: {
    /*?*/limits: { /*?*/body: "1MiB" },
    /*?*/identityHeaders: { "x-who": { /*?*/from: "user", /*?*/raw: true } },
    /*?*/upstreams: [{ /*?*/url: "http://llm.test", /*?*/match: { /*?*/model: "*" }, /*?*/timeouts: { /*?*/idle: "1m" } }]
  },
  /*?*/policy: { /*?*/mcp: [{ /*?*/server: "a", /*?*/path: "/a", /*?*/upstream: { /*?*/url: "http://a.test" } }] },
  /*?*/decisions: { /*?*/keep: 1 }
}
`

/** What must not compile, with what the compiler must say first. */
export const refused: ReadonlyArray<readonly [words: RegExp, program: string]> = [
  [
    /Property 'issuers' is missing in type '\{\}' but required in type 'GateSettings'/,
    `import { createGate } from "@jotgate/server/EmbeddedGate"
await createGate({})
`
  ],
  [
    /'skew' does not exist in type/,
    `import { Gate } from "@jotgate/core/Gate"
await Gate.make({ issuers: [{ id: "idp", issuer: "https://idp.test", audience: "gate", skew: 30 }] })
`
  ],
  [
    /'custom' does not exist in type/,
    `import { Gate } from "@jotgate/core/Gate"
await Gate.make({ issuers: [], policy: { custom: "./claims-policy.mjs" } })
`
  ],
  [
    /'upstream' does not exist in type/,
    `import { createGate } from "@jotgate/server/EmbeddedGate"
await createGate({ issuers: [], gateway: { upstream: { url: "http://llm.test" } } })
`
  ],
  [
    /Type 'string' is not assignable to type 'Rule'/,
    `import { Gate } from "@jotgate/core/Gate"
await Gate.make({ issuers: [] }, { rule: "no" })
`
  ],
  [
    /'Layer<AuthBuilder, never, ClaimsPolicy \|/,
    `import { AuthBuilder } from "@jotgate/core/AuthBuilder"
import { Settings } from "@jotgate/core/Settings"
import { Effect, type Layer } from "effect"
export const open: Layer.Layer<AuthBuilder, unknown> = AuthBuilder.layerFor(Effect.runSync(Effect.succeed({} as Settings)))
`
  ],
  [
    /Property '#private' is missing in type/,
    `import { ClaimsPolicy } from "@jotgate/core/CustomPolicy"
import { Effect, Layer } from "effect"
export const unseen = Layer.succeed(ClaimsPolicy, { check: () => Effect.void })
`
  ],
  [
    /Cannot find module '@jotgate\/core\/KeySupply'/,
    `import { KeySupply } from "@jotgate/core/KeySupply"
export { KeySupply }
`
  ]
]

/** A decision of the core and one of the gate with every store, which must be alike, for a token that is signed there. */
export const deciding = `import { Gate } from "@jotgate/core/Gate"
import { Issuer } from "@jotgate/core/testing"
import { createGate } from "@jotgate/server/EmbeddedGate"
import { Effect } from "effect"

const now = Math.floor(Date.now() / 1000)
const idp = await Effect.runPromise(Issuer.make("https://idp.test", ["ES256"]))
const token = await Effect.runPromise(idp.token({ now, claims: { aud: "gate", sub: "ada" } }))
const jwks = { keys: idp.jwks.keys.map((it) => ({ ...it })) }
const settings = {
  issuers: [{ id: "idp", issuer: idp.iss, audience: "gate", jwks, claims: { user: "sub" } }],
  directory: { users: { unknown: "allow" } },
  policy: { withoutTeam: "all" }
}
const request = (headers) => ({
  method: "POST",
  path: "/v1/chat/completions",
  headers: { "content-type": "application/json", ...headers },
  body: '{"model":"gpt-4o"}'
})
const lines = []
for (const gate of [await Gate.make(settings), await createGate(settings)]) {
  const allowed = await gate.decide(request({ authorization: "Bearer " + token }), { steps: "always" })
  const denied = await gate.decide(request({}))
  lines.push([allowed.status, allowed.user?.id, allowed.steps.length > 3, denied.status, denied.code].join(" "))
  await gate.close()
}
console.log(lines.join("\\n"))
`

/** The example hosts of `Request`s and events, over the packages as they are packed: one caller who may, and one without a token. */
export const hosts = `import { Gate } from "@jotgate/core/Gate"
import { Issuer } from "@jotgate/core/testing"
import { Effect } from "effect"
import { app as fetching } from "./examples/fetch/app.ts"
import { handler } from "./examples/lambda/handler.ts"
import { worker } from "./examples/workerd/worker.ts"

const now = Math.floor(Date.now() / 1000)
const idp = await Effect.runPromise(Issuer.make("https://idp.test", ["ES256"]))
const token = await Effect.runPromise(idp.token({ now, claims: { aud: "gate", sub: "ada", groups: ["red"] } }))
globalThis.fetch = async (input) => Response.json(
  String(input).endsWith("/keys") ? idp.jwks : { issuer: idp.iss, jwks_uri: idp.iss + "/keys" }
)
const gate = await Gate.make({
  issuers: [{ id: "company", issuer: idp.iss, audience: "gate", claims: { user: "sub", teams: "groups" } }],
  directory: { users: { unknown: "allow" } }
}, { directory: { team: (id) => id === "red" ? { id, models: ["gpt-4o*"] } : null } })
const lambda = handler(gate, async (_, verdict) => ({ statusCode: 200, headers: {}, body: verdict.user.id }))
const hosts = {
  Fetch: fetching(gate),
  Worker: (request) => worker.fetch(request, { ISSUER: idp.iss, AUDIENCE: "gate" }),
  Lambda: async (request) => {
    const { body, headers, statusCode } = await lambda({
      rawPath: new URL(request.url).pathname,
      rawQueryString: "",
      headers: Object.fromEntries(request.headers),
      requestContext: { domainName: "api.test", http: { method: request.method } },
      body: btoa(await request.text()),
      isBase64Encoded: true
    })
    return new Response(body, { status: statusCode, headers })
  }
}
for (const [name, host] of Object.entries(hosts)) {
  const ask = async (model, headers) => (await host(new Request("https://api.test/v1/chat/completions", {
    method: "POST", headers: { "content-type": "application/json", ...headers }, body: JSON.stringify({ model })
  }))).status
  const authorization = "Bearer " + token
  console.log(name, await ask("gpt-4o", { authorization }), await ask("o1", { authorization }), await ask("gpt-4o", {}))
}
`
