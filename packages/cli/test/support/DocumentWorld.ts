/** A folder, an issuer and a gate in which what the documents suppose is true, and their commands as they are run there. */
import { assert } from "@effect/vitest"
import { Ports } from "@jotgate/servers"
import { Effect, FileSystem } from "effect"
import { execFile } from "node:child_process"
import * as IssuerServer from "./IssuerServer.ts"
import { main, start } from "./Process.ts"
import { jotgate } from "./Shell.ts"

const adminToken = "a-token-for-the-admin-listener"

/** What a file of LiteLLM says that is to be imported. */
const litellm = `
model_list: [{ model_name: o1, litellm_params: { model: openai/o1 } }]
general_settings: { enable_jwt_auth: true, litellm_jwtauth: { user_id_jwt_field: sub, team_ids_jwt_field: groups } }
`

/** Makes it; the gate ends with the scope. */
export const make = Effect.gen(function*() {
  const files = yield* FileSystem.FileSystem
  const folder = yield* files.makeTempDirectoryScoped()
  // What is asked of the upstream is a list of models, the only answer that the gate reads.
  const issuer = yield* IssuerServer.make((asked, answer) => {
    asked.resume()
    answer.writeHead(200, { "content-type": "application/json" })
    answer.end(JSON.stringify({ object: "list", data: [{ id: "o1", object: "model" }] }))
  })
  const port = yield* Effect.promise(() => Ports.free())
  const write = (name: string, text: string) => files.writeFileString(`${folder}/${name}`, text)
  const configuration = (database: string) =>
    JSON.stringify({
      issuers: [{
        id: "okta",
        issuer: issuer.origin,
        audience: "https://api.test",
        claims: { user: "sub", email: "email", teams: "groups", agent: { actor: "act" } }
      }],
      policy: {
        teamRoutes: ["llm_api_routes", "info_routes", "/mcp/*"],
        mcp: [{ server: "github", path: "/mcp/github" }]
      },
      directory: { url: `sqlite:${folder}/${database}` },
      decisions: { store: `sqlite:${folder}/records.db` },
      gateway: {
        listen: "127.0.0.1:0",
        admin: `127.0.0.1:${port}`,
        adminToken: "file:admin.token",
        drain: "0s",
        upstream: { url: issuer.origin }
      }
    })
  for (const name of ["jotgate", "new", "sqlite"]) yield* write(`${name}.yaml`, configuration("jotgate.db"))
  yield* write("postgres.yaml", configuration("other.db"))
  yield* write("config.yaml", litellm)
  yield* write("admin.token", adminToken)
  yield* files.makeDirectory(`${folder}/policy`)
  yield* write("claims.json", JSON.stringify({ sub: "alice", groups: ["blue"] }))
  yield* write(
    "policy/blue.yaml",
    "tests: [{ name: blue, given: { claims: { sub: alice, groups: [blue] } }, when: { model: o1 }, then: { allowed: true } }]"
  )
  yield* write(
    "rows.yaml",
    JSON.stringify({
      users: [
        { id: "alice", email: "alice@acme.com" },
        { id: "bob", email: "bob@acme.com" },
        { id: "u-1", email: "a@acme.com" }
      ],
      teams: [{ id: "blue", models: ["o1"], tools: ["github/*"] }],
      memberships: [{ user: "alice", team: "blue" }, { user: "bob", team: "blue" }],
      agents: [{ id: "agent-7" }, { id: "reviewer" }]
    })
  )
  const applied = yield* jotgate(
    ...["directory", "apply", `${folder}/rows.yaml`, "--config", `${folder}/jotgate.yaml`, "--direct"]
  )
  assert.strictEqual(applied.code, 0, applied.err)
  const serve = yield* start(["serve", "--config", `${folder}/jotgate.yaml`])
  const [, gate = ""] = yield* serve.until(/^ready gate=(\S+)/m)
  const admin = `http://127.0.0.1:${port}`
  const token = yield* issuer.idp().token({
    now: Math.floor(Date.now() / 1000),
    claims: { sub: "alice", email: "alice@acme.com", email_verified: true, groups: ["blue"] }
  })
  const denied = yield* Effect.promise(() =>
    fetch(`${gate}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify({ model: "gpt-4o", messages: [] })
    }).then((it) => it.text())
  )
  return { folder, issuer, admin, gate, token, decision: /d_\w{26}/.exec(denied)?.[0] ?? denied }
})

export type DocumentWorld = Effect.Success<typeof make>

const subject = { type: "user", id: "alice" }
const action = { name: "call" }
const resource = { type: "model", id: "o1" }

/** What is sent to routes that the pages name without a body. */
const bodies: Readonly<Record<string, unknown>> = {
  "/decide": { method: "POST", path: "/v1/chat/completions", headers: {}, body: { model: "o1" } },
  "/admin/v1/config/plan": { text: "issuers: [{ id: okta, issuer: https://idp.test, audience: a }]" },
  "/access/v1/evaluation": { subject, action, resource },
  "/access/v1/evaluations": { evaluations: [{ subject, action, resource }] },
  "/access/v1/search/subject": { subject: { type: "user" }, action, resource },
  "/access/v1/search/resource": { subject, action, resource: { type: "model" } },
  "/access/v1/search/action": { subject, resource }
}

/** What the words of syntax are here; nobody who is asked about is denied by them. */
const meant: Readonly<Record<string, string>> = {
  ISS: "okta",
  JTI: "a-token-that-is-gone",
  KID: "a-key-that-is-gone",
  M: "o1",
  MODEL: "o1",
  R: "/v1/chat/completions",
  S: "somebody",
  T: "blue",
  TIME: "2020-01-01T00:00:00Z",
  USER: "alice"
}

/** The routes of the gate itself; all others are of the admin listener. */
const ofGate = /^\/(?:v1|model)\//

/** A route between backticks, as `curl` asks it; a stream that goes on is left after a second. */
const asked = ({ admin, gate }: DocumentWorld, method: string, target: string): string => {
  const url = `${ofGate.test(target) ? gate : admin}${
    target.replaceAll(/(?<=\w=)(?=&|$)/g, "0").replace(/\?who=0.*/, "")
  }`
  const bearer = ofGate.test(target) ? "$TOKEN" : "$ADMIN_TOKEN"
  const body = bodies[target]
  const sent = body === undefined ? "" : ` -H 'content-type: application/json' -d '${JSON.stringify(body)}'`
  const left = target.endsWith("/live") ? " --max-time 1 || [ $? = 28 ]" : ""
  return `curl -sfg -X ${method} -H "authorization: Bearer ${bearer}"${sent} '${url}'${left}`
}

/** A command with what this world calls the things of the page. */
export const here = (world: DocumentWorld, command: string): string => {
  const { admin, decision, folder, issuer } = world
  return command
    .replace(/^npx /, "")
    .replace(/^(GET|POST|DELETE) (\S+)$/, (_, method: string, target: string) => asked(world, method, target))
    .replace(/^curl … /, `curl -sf -H "authorization: Bearer $ADMIN_TOKEN" -H 'content-type: application/json' `)
    // An answer that is an error is one of the command too.
    .replace(/^curl (?!-sf)/, "curl -sf ")
    .replaceAll(/http:\/\/(?:127\.0\.0\.1|HOST):4181/g, admin)
    .replaceAll(/d_(?:01M8)?…/g, decision)
    .replaceAll(
      /(?<![\w/.-])(?:FILE|(\w+\.(?:yaml|json)))(?![\w.])/g,
      (_, name: string = "jotgate.yaml") => `${folder}/${name}`
    )
    .replace(/(import litellm.*)\/jotgate\.yaml/, "$1/config.yaml")
    .replace(/(import litellm .* --out) \S+$/, `$1 ${folder}/imported.yaml`)
    .replaceAll("policy/*.yaml", `${folder}/policy/blue.yaml`)
    .replaceAll(/\/backup\/jotgate-.*?\.db/g, `${folder}/backup.db`)
    .replace(/^jotgate backup (\S+)/, "rm -f $1; jotgate backup $1")
    .replace(/^(jotgate restore) \S*\/jotgate\.yaml$/, `$1 ${folder}/backup.db --config ${folder}/jotgate.yaml`)
    .replaceAll("> /etc/systemd/system/", `> ${folder}/`)
    .replace("envoy.yaml", `${folder}/envoy.yaml`)
    .replaceAll("2026-11-24", new Date().toISOString().slice(0, 10))
    .replace(/^(jotgate directory (?:apply|export))(?!.*--config) (.*)$/, `$1 $2 --config ${folder}/jotgate.yaml`)
    .replace(/(directory apply \S*\/)jotgate\.yaml/, "$1rows.yaml")
    .replace(/(directory export --out \S*\/)jotgate\.yaml/, "$1exported.yaml")
    .replace("--expires-at TIME", "--expires-at 2099-01-01T00:00:00Z")
    .replaceAll(/\b(?:ISS|JTI|TIME|KID|MODEL|USER|S|T|R|M)\b/g, (it) => meant[it] ?? it)
    .replaceAll("--issuer URL", `--issuer ${issuer.origin}`)
    .replaceAll(/(?<= )URL\b/g, admin)
    .replaceAll("HOST:PORT", "127.0.0.1:8080")
    .replaceAll(/\bNAME\b/g, "nginx")
    .replaceAll("--token TOKEN", `--token "$TOKEN"`)
    .replace("decisions/{id}", `decisions/${decision}`)
    .replaceAll("{id}", "okta")
    .replaceAll("code=CODE", "code=team_model_denied")
    .replace("can U --model", "can alice --model")
    .replace("team update ID", "team update blue")
    .replace("user update ID", "user update alice")
    .replace(
      /^(jotgate (?:who|can|deny|decide|decisions|explain|doctor|team|user)\b(?!.* (?:-c|--config|--admin) )(?!.*\.yaml).*)$/,
      `$1 -c ${folder}/jotgate.yaml`
    )
    .replace(/^(jotgate serve .*)$/, "$1 --listen 127.0.0.1:0 --admin 127.0.0.1:0")
}

export interface Ran {
  readonly code: number
  readonly text: string
}

/** Starts what goes on until it is told to end, and tells it when it is ready. */
const served = (args: ReadonlyArray<string>): Effect.Effect<Ran> =>
  Effect.gen(function*() {
    const it = yield* start(args)
    yield* it.until(/^ready /m)
    it.process.kill("SIGTERM")
    return { code: (yield* it.ended) ?? -1, text: it.out() + it.err() }
  }).pipe(Effect.scoped)

/** Runs one in this process where it is the command alone, else by a shell with the command that ships. */
export const run = ({ folder, token }: DocumentWorld, command: string): Effect.Effect<Ran> => {
  const words = command.split(/\s+/).slice(1)
  if (command.startsWith("jotgate serve ")) return served(words)
  if (/^jotgate (?!.*--admin)[^$|><(*~`'"\\&;]*$/.test(command)) {
    return Effect.map(jotgate(...words), ({ code, err, out }) => ({ code, text: out + err }))
  }
  return Effect.callback<Ran>((resume) => {
    const script = `set -o pipefail\njotgate() { ${process.execPath} ${main} "$@"; }\n${command}`
    const env = {
      ...process.env,
      TOKEN: token,
      ADMIN_TOKEN: adminToken,
      JOTGATE_ADMIN_TOKEN: adminToken
    }
    execFile("bash", ["-c", script], { cwd: folder, env }, (error, stdout, stderr) =>
      resume(Effect.succeed({
        code: typeof error?.code === "number" ? error.code : error === null ? 0 : -1,
        text: stdout + stderr
      })))
  })
}
