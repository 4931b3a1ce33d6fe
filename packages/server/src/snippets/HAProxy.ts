import { canonical } from "@jotgate/core/HeaderNames"
import { metadataPath as metadata } from "@jotgate/core/ResourceMetadata"
import { bare, hostPort, otherCredentials, ours, portOf, rewriting } from "./HeaderLists.ts"
import type { SnippetOptions } from "./SnippetOptions.ts"

/** A complete `haproxy.cfg`; it loads `jotgate.lua` from the folder in which HAProxy is started. */
export const haproxy = (options: SnippetOptions): string => {
  const { gate, listen, teamHeaders, upstream } = options
  return `# HAProxy in front of an LLM gateway; jotgate at ${bare(gate)} decides on every request.
# HAProxy has no forward authentication of its own: jotgate.lua (snippets haproxy --lua) asks. Keep it beside this file.
# In jotgate.yaml: gateway.trustedProxies must list the address that this HAProxy asks from.
# The model of a JSON body is not seen here: model routes are for callers who may call everything, unless the upstream keeps
# to x-jotgate-models and jotgate.yaml says so with gateway.forwardAuth.unseenModel: pass.
global
  lua-load jotgate.lua
  # Tokens of some providers are long.
  tune.bufsize 65536

defaults
  mode http
  timeout connect 5s
  timeout client 600s
  timeout server 600s
  timeout http-request 60s

frontend llm
  bind ${listen.host.includes(":") ? `[${listen.host}]` : listen.host}:${listen.port}
  # Only a path can be asked about, not a whole URL.
  http-request deny deny_status 400 unless { url_beg / }
  # HAProxy passes trailers on unread, and their names could be ours. Those that are not announced come through all the
  # same: an upstream that takes trailers for headers does not belong behind HAProxy.
  http-request deny deny_status 400 if { req.hdr(trailer) -m found }
  # Who issues the tokens (RFC 9728): the gate's own documents, for anybody.
  acl metadata path_beg ${metadata}
  http-request set-header x-forwarded-host %[req.hdr(host)] if metadata
  http-request set-header x-forwarded-proto http if metadata !{ ssl_fc }
  http-request set-header x-forwarded-proto https if metadata { ssl_fc }
  http-request lua.jotgate unless metadata
${
    [...otherCredentials(options), ...teamHeaders, ...rewriting].map((it) => `  http-request del-header ${it}`).join(
      "\n"
    )
  }
  http-request set-header x-forwarded-for %[src]
  # What Connection names, an upstream may take away, and that could be ours: WebSocket keeps its one word.
  http-request set-header connection upgrade if { req.hdr(upgrade) -i websocket }
  http-request del-header connection unless { req.hdr(upgrade) -i websocket }
  http-request del-header upgrade unless { req.hdr(upgrade) -i websocket }
${ours(options).map((it) => `  http-response del-header ${it}`).join("\n")}
  use_backend jotgate if metadata
  default_backend upstream

backend jotgate
  server jotgate ${hostPort(gate)}

backend upstream
  server upstream ${hostPort(upstream)}${
    upstream.protocol === "https:" ? ` ssl verify required ca-file @system-ca sni str(${upstream.hostname})` : ""
  }
`
}

/** The Lua action: one question, one try, one second. Only plain HTTP to the gate, which stands on the same network. */
export const haproxyLua = ({ gate, identityHeaders }: SnippetOptions): string =>
  `-- Asks jotgate about every request: one question, one try, one second. No answer means closed.
local HOST, PORT = "${gate.hostname}", ${portOf(gate)}

-- Not told to the gate: what ends here, and what the gate would believe.
local untold = {
  ["connection"] = true, ["content-length"] = true, ["transfer-encoding"] = true, ["expect"] = true, ["te"] = true,
  ["upgrade"] = true, ["host"] = true, ["x-forwarded-method"] = true, ["x-forwarded-uri"] = true,
  ["x-forwarded-host"] = true, ["x-forwarded-proto"] = true, ["x-forwarded-for"] = true
}

local further = {${identityHeaders.map((it) => ` ["${canonical(it)}"] = true`).join(",")} }

local function is_ours(name)
  local plain = name:lower():gsub("[^a-z0-9]+", "-")
  return plain:sub(1, 10) == "x-jotgate-" or further[plain] == true
end

local function read_answer(text)
  local head, body = text:match("^(.-)\\r\\n\\r\\n(.*)$")
  if head == nil then return nil end
  local status = tonumber(head:match("^HTTP/1%.[01] (%d%d%d)"))
  local headers = {}
  for name, value in head:gmatch("\\r\\n([^:\\r\\n]+):[ \\t]*([^\\r\\n]*)") do
    name = name:lower()
    headers[name] = headers[name] or {}
    table.insert(headers[name], value)
  end
  return status, headers, body
end

local function ask(txn)
  local lines = { "GET /_jotgate/auth/haproxy HTTP/1.0", "Connection: close" }
  for name, values in pairs(txn.http:req_get_headers()) do
    if not untold[name:lower()] and not is_ours(name) then
      for i = 0, #values do lines[#lines + 1] = name .. ": " .. values[i] end
    end
  end
  local host = txn.sf:req_fhdr("host")
  if host ~= nil and host ~= "" then lines[#lines + 1] = "X-Forwarded-Host: " .. host end
  lines[#lines + 1] = "Host: " .. HOST
  lines[#lines + 1] = "X-Forwarded-Method: " .. txn.sf:method()
  lines[#lines + 1] = "X-Forwarded-Uri: " .. txn.sf:url()
  lines[#lines + 1] = "X-Forwarded-Proto: " .. (txn.sf:ssl_fc() == 1 and "https" or "http")
  local socket = core.tcp()
  socket:settimeout(1)
  if not socket:connect(HOST, PORT) then return nil end
  if not socket:send(table.concat(lines, "\\r\\n") .. "\\r\\n\\r\\n") then
    socket:close()
    return nil
  end
  local text, _, partial = socket:receive("*a")
  socket:close()
  return read_answer(text or partial or "")
end

local function deny(txn, status, headers, body)
  local reply = txn:reply({ status = status })
  for _, name in ipairs({ "content-type", "www-authenticate", "retry-after", "cache-control", "x-jotgate-decision" }) do
    for _, value in ipairs(headers[name] or {}) do reply:add_header(name, value) end
  end
  reply:set_body(body)
  txn:done(reply)
end

core.register_action("jotgate", { "http-req" }, function(txn)
  local status, headers, body = ask(txn)
  if status == nil then
    return deny(txn, 503, { ["content-type"] = { "application/problem+json" }, ["retry-after"] = { "5" } },
      '{"title":"Service unavailable","status":503,"code":"gate_unreachable"}')
  end
  if status ~= 200 then return deny(txn, status, headers, body) end
  for name, _ in pairs(txn.http:req_get_headers()) do
    if is_ours(name) then txn.http:req_del_header(name) end
  end
  -- The team's key with gateway.forwardAuth.authorization; the caller's token goes no further.
  txn.http:req_del_header("authorization")
  for _, value in ipairs(headers["authorization"] or {}) do txn.http:req_set_header("authorization", value) end
  for name, values in pairs(headers) do
    if is_ours(name) and values[1] ~= "" then txn.http:req_set_header(name, values[1]) end
  end
end, 0)
`
