/**
 * `mcp_servers` of the file, and their aliases: each becomes a server of
 * `policy.mcp` that is asked for through LiteLLM, at the path where LiteLLM
 * serves it alone.
 *
 * What rows of LiteLLM say of a server they say of its id, which is made of the
 * entry where none is pinned, or of one of its groups: both become its aliases.
 * How LiteLLM reaches a server stays LiteLLM's.
 */
import { hash } from "node:crypto"
import type { Draft, Value } from "./Draft.ts"
import type { LitellmFile, McpEntry } from "./LitellmFile.ts"

const names = (text: string): ReadonlyArray<string> => text.trim().split(/\s+/)

/** How LiteLLM reaches a server, and what it tells of it. */
const reaching = new Set(
  names(`url spec_path transport protocol_version command args env env_vars static_headers timeout
  max_concurrent_requests rpm description instructions mcp_info auth_type authentication_token auth_value client_id
  client_secret oauth2_flow issuer authorization_url token_url registration_url token_endpoint_auth_method scopes dcr_bridge
  per_server_oauth_discovery token_validation oauth_identity_binding aws_access_key_id aws_secret_access_key
  aws_session_token aws_region_name aws_service_name aws_role_name aws_session_name token_exchange_endpoint
  token_exchange_profile audience subject_token_type upstream_resource upstream_token_header
  id_jag_resource_token_endpoint id_jag_resource id_jag_subject_source id_jag_resource_client_id
  id_jag_resource_client_secret client_private_key client_private_key_id client_assertion_signing_alg allow_sampling
  allow_elicitation`)
)

/** What LiteLLM takes away for everybody. */
const narrowing = new Set(names("allowed_tools disallowed_tools allowed_params pinned_tools"))

/** What counts in some of its values. */
const switches = new Set(
  names("extra_headers allow_all_keys available_on_public_internet delegate_auth_to_upstream oauth_passthrough")
)

/** Ways to sign in at a server for which LiteLLM needs what the caller itself carries. */
const ofTheCaller = new Set(names("oauth2_token_exchange oauth2_id_jag true_passthrough oauth_delegate"))

const isText = (value: unknown): value is string => typeof value === "string" && value.trim() !== ""
const texts = (value: unknown): ReadonlyArray<string> => Array.isArray(value) ? value.filter(isText) : []

/** The alias of an entry: its own, else the first of `mcp_aliases` that leads to it. */
const aliasOf = (name: string, entry: McpEntry, aliases: Readonly<Record<string, string>>): string | undefined =>
  entry["alias"] === undefined || entry["alias"] === null
    ? Object.keys(aliases).find((it) => aliases[it] === name)
    : isText(entry["alias"])
    ? entry["alias"]
    : undefined

/** The id that LiteLLM gives an entry that pins none: its rows name servers by it. */
const madeId = (name: string, entry: McpEntry, alias: string | undefined): string => {
  const text = (key: string): string => isText(entry[key]) ? entry[key] : ""
  // What stands for a transport that is left out is the name of LiteLLM's own constant.
  const parts = [name, text("url"), text("transport") || "MCPTransport.http", text("auth_type"), alias ?? ""]
  return hash("sha256", parts.join("|")).slice(0, 32)
}

const plainAlias = /^(?!!)[^/*\p{Cc}]+$/u
const plainPath = /^(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._~!$&'()+,=:@-]+)+$/

/** What an entry becomes; `undefined` when no path of ours can be its. */
const serverOf = (
  name: string,
  entry: McpEntry,
  aliases: Readonly<Record<string, string>>
): { readonly [key: string]: Value } | undefined => {
  const alias = aliasOf(name, entry, aliases)
  const shown = alias ?? name
  const path = `/mcp/${shown}`
  const server = shown.replaceAll(/[^A-Za-z0-9_.-]/g, "_").replace(/^[.-]/, "_")
  if (!plainPath.test(path)) return undefined
  const id = isText(entry["server_id"]) ? entry["server_id"].trim() : madeId(name, entry, alias)
  const others = [...new Set([shown, name, id].filter((it) => it !== server && plainAlias.test(it)))]
  const groups = texts(entry["access_groups"]).map((it) => `group:${it}`).filter((it) => plainAlias.test(it))
  return {
    server,
    path,
    aliases: [...others, ...groups],
    prefixes: [...new Set([shown, name, id])].map((it) => `${it}-`)
  }
}

const lines = (draft: Draft, place: string, entry: McpEntry, setting: string): void => {
  const { auth_type: auth } = entry
  for (const [key, value] of Object.entries(entry)) {
    const at = `${place}.${key}`
    if (key === "alias" || key === "server_id") {
      draft.line(at, "exact", key === "alias" ? "the server's name, and its path" : "rows name it so", {
        setting: key === "alias" ? `${setting}.server` : `${setting}.aliases`
      })
    } else if (key === "access_groups") {
      draft.line(at, "exact", "rows that grant the group grant the server", { setting: `${setting}.aliases` })
    } else if (narrowing.has(key)) {
      draft.line(at, "ignored", "LiteLLM lists and runs no others, whoever asks", { deviations: ["D47"] })
    } else if (key === "allow_all_keys" && Boolean(value)) {
      draft.line(at, "stricter", "who has a list of tools needs the server in it", { setting })
    } else if (key === "available_on_public_internet" && !value) {
      draft.line(at, "wider", "LiteLLM looks at the address that calls it, which is the gate's", {
        recommendation: "leave the server out of policy.mcp and of the routes where the gate is reached from outside"
      })
    } else if (key === "extra_headers" && texts(value).some((it) => /^(?:authorization|x-api-key)$/i.test(it))) {
      draft.line(at, "needs a decision", "hands on the caller's credential; what reaches LiteLLM is the gate's", {
        recommendation: "another header for what the server wants, or gateway.upstream.authorization: passthrough"
      })
    } else if ((key === "delegate_auth_to_upstream" || key === "oauth_passthrough") && Boolean(value)) {
      draft.line(at, "needs a decision", "the caller's token is for the server; the gate takes it for its own", {
        recommendation: `${setting}.upstream with authorization: passthrough, for tokens that are good at both`
      })
    } else if (key === "auth_type" && (ofTheCaller.has(String(auth)) || isInteractive(entry))) {
      draft.line(
        at,
        "needs a decision",
        `${String(auth)} needs who calls to be known to LiteLLM: it sees the gate's key`,
        {
          recommendation: "gateway.upstream.authorization: passthrough hands LiteLLM the caller's token"
        }
      )
    } else if (reaching.has(key)) {
      draft.line(at, "ignored", "how LiteLLM reaches the server, which it goes on doing", { deviations: ["D47"] })
    } else if (switches.has(key)) {
      draft.line(at, "ignored", "belongs to the upstream", { deviations: ["D47"] })
    } else draft.line(at, "ignored", "is no key that LiteLLM reads here")
  }
}

/** Each person signs in at such a server on their own. */
const isInteractive = ({ auth_type: auth, oauth2_flow: flow }: McpEntry): boolean =>
  auth === "oauth2" && flow === "authorization_code"

/** Writes the servers, and the lines on each of their keys. */
export const importMcp = (draft: Draft, { litellm, mcpAliases, mcpServers }: LitellmFile): void => {
  const written: Array<{ readonly [key: string]: Value }> = []
  for (const [name, entry] of Object.entries(mcpServers)) {
    const place = `mcp_servers.${name}`
    const server = serverOf(name, entry, mcpAliases)
    const taken = server === undefined ?
      undefined :
      written.find((it) => it["server"] === server["server"] || it["path"] === server["path"])
    if (server === undefined || taken !== undefined) {
      draft.line(
        place,
        "needs a decision",
        server === undefined
          ? "its name cannot stand in a path here: its tools are not judged, and its paths are closed where tools are ruled"
          : "is called as another server is: its tools are not judged apart",
        { setting: "policy.mcp", recommendation: "an alias of letters, digits and _" }
      )
      continue
    }
    const setting = `policy.mcp[${written.length}]`
    written.push(server)
    draft.line(place, "exact", `what it offers is judged at ${String(server["path"])}; LiteLLM serves it there`, {
      setting,
      recommendation:
        "send clients there: paths of several servers (/mcp) and /NAME/mcp are closed where tools are ruled"
    })
    lines(draft, place, entry, setting)
  }
  if (written.length > 0) draft.set(["policy", "mcp"], written, "mcp_servers")
  if (litellm["mcp_aliases"] === undefined) return
  for (const [alias, target] of Object.entries(mcpAliases)) {
    const isFirst = Object.keys(mcpAliases).find((it) => mcpAliases[it] === target) === alias
    const entry = mcpServers[target]
    const at = `litellm_settings.mcp_aliases.${alias}`
    if (entry === undefined) draft.line(at, "ignored", "leads to no server of the file")
    else if (!isFirst || (entry["alias"] ?? null) !== null) draft.line(at, "ignored", "the server has another alias")
    else draft.line(at, "exact", "the server's name, and its path", { setting: "policy.mcp[].server" })
  }
}
