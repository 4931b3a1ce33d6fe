/**
 * Proves the preset `keycloak` against a real Keycloak (tried with 26.7.3):
 *
 *   node examples/keycloak/proof.mjs URL [ADMIN PASSWORD]
 *
 * `URL` is a Keycloak in development mode (`KC_BOOTSTRAP_ADMIN_USERNAME=admin KC_BOOTSTRAP_ADMIN_PASSWORD=admin bin/kc.sh
 * start-dev`). A realm is made there, with people, groups, an organization, a client of each kind; then `jotgate check
 * --expand` and `jotgate explain --token` say whom each token stands for. Prints a line for each expectation, with the
 * claims of every token under `SHOW=1`, and exits 1 when one does not hold.
 */
import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

const [url, admin = "admin", password = "admin"] = process.argv.slice(2)
if (url === undefined) {
  console.error("which Keycloak? node examples/keycloak/proof.mjs http://127.0.0.1:8080")
  process.exit(2)
}
const realm = "jotgate-proof"
const folder = mkdtempSync(join(tmpdir(), "jotgate-keycloak-"))
process.on("exit", () => rmSync(folder, { recursive: true, force: true }))

const form = async (name, fields) => {
  const answer = await fetch(`${url}/realms/${name}/protocol/openid-connect/token`, {
    method: "POST",
    body: new URLSearchParams(fields)
  })
  const body = await answer.json()
  if (!answer.ok) throw new Error(`${name} ${JSON.stringify(fields)}: ${answer.status} ${JSON.stringify(body)}`)
  return body
}

// An administrator's token lives for a minute: a new one for each call.
const rootToken = async () =>
  (await form("master", { grant_type: "password", client_id: "admin-cli", username: admin, password })).access_token

const call = async (method, path, body) => {
  const answer = await fetch(`${url}/admin/realms${path}`, {
    method,
    headers: { authorization: `Bearer ${await rootToken()}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) })
  })
  if (!answer.ok && answer.status !== 404) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
  const text = await answer.text()
  return text === "" ? answer.headers.get("location")?.split("/").at(-1) : JSON.parse(text)
}

const audience = {
  name: "audience",
  protocol: "openid-connect",
  protocolMapper: "oidc-audience-mapper",
  config: { "included.custom.audience": "llm-gateway", "access.token.claim": "true", "id.token.claim": "true" }
}
/** The same at the UserInfo endpoint alone. */
const onlyUserInfo = (mapper) => ({ ...mapper, config: { ...mapper.config, "access.token.claim": "false" } })
/** The same in light tokens. */
const inLight = (mapper) => ({ ...mapper, config: { ...mapper.config, "lightweight.claim": "true" } })
const subject = {
  name: "sub",
  protocol: "openid-connect",
  protocolMapper: "oidc-sub-mapper",
  config: { "access.token.claim": "true" }
}
const groups = (full) => ({
  name: "groups",
  protocol: "openid-connect",
  protocolMapper: "oidc-group-membership-mapper",
  config: {
    "claim.name": "groups",
    "full.path": String(full),
    "access.token.claim": "true",
    "id.token.claim": "true",
    "userinfo.token.claim": "true"
  }
})
const client = (clientId, mappers, more = {}) => ({
  clientId,
  publicClient: true,
  directAccessGrantsEnabled: true,
  redirectUris: ["http://127.0.0.1/*"],
  protocolMappers: mappers,
  ...more
})
const person = (username, more) => ({
  username,
  firstName: username,
  lastName: "Acme",
  email: `${username}@acme.test`,
  emailVerified: true,
  enabled: true,
  credentials: [{ type: "password", value: "pw", temporary: false }],
  ...more
})

await call("DELETE", `/${realm}`)
await call("POST", "", {
  realm,
  enabled: true,
  organizationsEnabled: true,
  groups: [{ name: "red" }, { name: "llm", subGroups: [{ name: "blue" }] }],
  roles: { realm: [{ name: "internal_user" }] },
  users: [
    person("ada", { groups: ["/red"], realmRoles: ["internal_user"] }),
    person("bob", { groups: ["/llm/blue"], emailVerified: false }),
    person("eve", {})
  ],
  clients: [
    client("llm-cli", [audience, groups(false)]),
    client("llm-paths", [audience, groups(true)]),
    client("llm-noaud", [groups(false)]),
    client("llm-other", [
      { ...audience, config: { ...audience.config, "included.custom.audience": "other-api" } },
      groups(false)
    ]),
    client("llm-light", [audience, groups(false)], {
      attributes: { "client.use.lightweight.access.token.enabled": "true" }
    }),
    client("llm-light-mapped", [audience, subject, groups(false)].map(inLight), {
      attributes: { "client.use.lightweight.access.token.enabled": "true" }
    }),
    client("llm-bare", [audience, onlyUserInfo(groups(false))]),
    client("llm-rfc9068", [audience, groups(false)], { attributes: { "access.token.header.type.rfc9068": "true" } }),
    client("llm-es256", [audience, groups(false)], { attributes: { "access.token.signed.response.alg": "ES256" } }),
    client("llm-eddsa", [audience, groups(false)], { attributes: { "access.token.signed.response.alg": "EdDSA" } }),
    client("llm-hs512", [audience, groups(false)], { attributes: { "access.token.signed.response.alg": "HS512" } }),
    client("llm-bot", [audience], {
      publicClient: false,
      secret: "bot-secret",
      serviceAccountsEnabled: true,
      directAccessGrantsEnabled: false
    })
  ]
})
const users = await call("GET", `/${realm}/users`)
const idOf = Object.fromEntries(users.map((it) => [it.username, it.id]))
for (const [alias, domain] of [["acme", "acme.test"], ["corp", "corp.test"]]) {
  const id = await call("POST", `/${realm}/organizations`, {
    name: alias,
    alias,
    enabled: true,
    domains: [{ name: domain }]
  })
  await call("POST", `/${realm}/organizations/${id}/members`, idOf.ada)
}

const tokens = (clientId, username, scope = "openid") =>
  form(realm, { grant_type: "password", client_id: clientId, username, password: "pw", scope })
const access = async (...of) => (await tokens(...of)).access_token
const bot = await form(realm, { grant_type: "client_credentials", client_id: "llm-bot", client_secret: "bot-secret" })
const alice = await tokens("llm-cli", "ada")

const write = (name, more) =>
  writeFileSync(
    join(folder, name),
    `issuers:
  - preset: keycloak
    url: ${url}
    realm: ${realm}
    audience: llm-gateway
${more}directory:
  url: "memory:"
  file: rows.yaml
  users: { unknown: allow }
cache: { dir: null }
`
  )
write("jotgate.yaml", "")
write("enriched.yaml", "    enrich: userinfo\n")
writeFileSync(
  join(folder, "rows.yaml"),
  `organizations: [{ id: o-acme, alias: acme }]\nteams: [{ id: red, models: [gpt-4o] }, { id: llm/blue, models: [gpt-4o] }]\n`
)

const jotgate = (...args) =>
  spawnSync(process.execPath, [join(import.meta.dirname, "../../packages/cli/bin/jotgate.js"), ...args], {
    cwd: folder,
    encoding: "utf8"
  })
const ask = (token, file = "jotgate.yaml") => {
  const { stderr, stdout } = jotgate(
    "explain",
    "-c",
    file,
    "--token",
    token,
    "--model",
    "gpt-4o",
    "--json"
  )
  const at = stdout.indexOf("{")
  if (at < 0) return stderr.trim()
  const it = JSON.parse(stdout.slice(at))
  const why = it.steps.find(({ outcome, step }) => outcome === "denied" && step === "token")?.facts.reason
  return it.allowed
    ? `allow ${it.user?.id ?? it.user} ${it.team?.id ?? ""} ${it.organization?.id ?? it.organization ?? ""}`.trim()
    : `${it.status} ${it.code}${why === undefined ? "" : ` ${why}`}`
}

const checked = jotgate("check", "jotgate.yaml")
const rows = [
  ["ada", alice.access_token, `allow ${idOf.ada} red`],
  ["ada, typ at+jwt", await access("llm-rfc9068", "ada"), `allow ${idOf.ada} red`],
  ["ada, ES256", await access("llm-es256", "ada"), `allow ${idOf.ada} red`],
  ["ada, EdDSA", await access("llm-eddsa", "ada"), `allow ${idOf.ada} red`],
  ["ada, with full paths", await access("llm-paths", "ada"), `allow ${idOf.ada} red`],
  ["bob, in a subgroup with full paths", await access("llm-paths", "bob"), `allow ${idOf.bob} llm/blue`],
  ["bob, in a subgroup by its leaf name", await access("llm-cli", "bob"), "404 team_not_found"],
  ["ada, one organization", await access("llm-cli", "ada", "openid organization:acme"), `allow ${idOf.ada} red o-acme`],
  ["ada, all organizations", await access("llm-cli", "ada", "openid organization:*"), "403 organization_ambiguous"],
  [
    "ada, an organization that is not here",
    await access("llm-cli", "ada", "openid organization:corp"),
    "404 organization_not_found"
  ],
  ["her ID token", alice.id_token, "401 invalid_token token_kind"],
  ["her refresh token", alice.refresh_token, "401 invalid_token algorithm"],
  ["signed with a shared secret", await access("llm-hs512", "ada"), "401 invalid_token algorithm"],
  ["without an audience", await access("llm-noaud", "ada"), "401 invalid_token audience"],
  ["for another audience", await access("llm-other", "ada"), "401 invalid_token audience"],
  ["a light token", await access("llm-light", "ada"), "401 invalid_token audience"],
  ["a light token with audience, subject and groups", await access("llm-light-mapped", "ada"), `allow ${idOf.ada} red`],
  ["ada, whose groups UserInfo alone has", await access("llm-bare", "ada"), "403 user_model_denied"],
  ["the same, completed from UserInfo", await access("llm-bare", "ada"), `allow ${idOf.ada} red`, "enriched.yaml"],
  [
    "a light token, which UserInfo refuses",
    await access("llm-light-mapped", "ada"),
    "503 issuer_unavailable",
    "enriched.yaml"
  ],
  ["a service account", bot.access_token, "403 principal_required"],
  ["another realm's", await rootToken(), "401 invalid_token issuer"]
]
let failed = 0
const expectThat = (what, found, wanted) => {
  const holds = found === wanted
  if (!holds) failed++
  console.log(`${holds ? "ok    " : "FAILED"}  ${what}: ${found}${holds ? "" : `, wanted ${wanted}`}`)
}
expectThat("jotgate check", `${checked.stdout}${checked.stderr}`.trim(), "jotgate.yaml: sound")
const block = jotgate("check", "--expand", "jotgate.yaml").stdout
expectThat(
  "check --expand names the key set",
  String(block.includes(`${url}/realms/${realm}/protocol/openid-connect/certs`)),
  "true"
)
for (const [what, token, wanted, file] of rows) {
  expectThat(what, ask(token, file), wanted)
  if (process.env.SHOW === "1") {
    for (const part of token.split(".").slice(0, 2)) console.log(Buffer.from(part, "base64url").toString())
  }
}
await call("DELETE", `/${realm}`)
console.log(failed === 0 ? "all hold" : `${failed} FAILED`)
process.exit(failed === 0 ? 0 : 1)
