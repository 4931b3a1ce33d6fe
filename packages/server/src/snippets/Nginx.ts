import { metadataPath as metadata } from "@jotgate/core/ResourceMetadata"
import { bare, identity, otherCredentials, ours, rewriting } from "./HeaderLists.ts"
import type { SnippetOptions } from "./SnippetOptions.ts"

const variable = (name: string): string => `$${name.replaceAll("-", "_").replace(/^x_/, "")}`

const lines = (names: ReadonlyArray<string>, line: (name: string) => string, indent = "      "): string =>
  names.map((it) => `${indent}${line(it)}`).join("\n")

/** The body of a denial; nginx drops the gate's own, so it is written again from the code. */
const problem = (status: string, code: string): string =>
  `'{"type":"https://jotgate.dev/problems/${code}","title":"Not allowed","status":${status},"code":"${code}",` +
  `"decision":"$jotgate_decision","error":{"message":"Not allowed (${code}, $jotgate_decision)","type":"invalid_request_error","code":"${code}","param":null}}'`

const statuses = [400, 404, 413, 429]

/** A complete `nginx.conf`: the caller's request goes on only after the gate has said yes. */
export const nginx = (options: SnippetOptions): string => {
  const { gate, listen, teamHeaders, upstream } = options
  return `# nginx in front of an LLM gateway; jotgate at ${bare(gate)} decides on every request.
# In jotgate.yaml: gateway.trustedProxies must list the address that this nginx asks from.
# nginx carries 200, 401 and 403 of the gate; the other statuses come in headers and are restored below.
# The model of a JSON body is not seen here: model routes are for callers who may call everything, unless the upstream keeps
# to x-jotgate-models and jotgate.yaml says so with gateway.forwardAuth.unseenModel: pass.
worker_processes auto;
events { worker_connections 4096; }

http {
  default_type application/octet-stream;
  # Tokens of some providers are long.
  large_client_header_buffers 8 32k;
  # Names with an underscore or a dot could be read as ours by the upstream (these are also nginx's defaults); what is
  # left of such spellings, and names of ours that are not listed below, the gate refuses.
  underscores_in_headers off;
  ignore_invalid_headers on;
  # WebSocket, and no other upgrade, goes through to the upstream.
  map $http_upgrade $jotgate_upgrade { default ""; ~*^websocket$ websocket; }
  map $jotgate_upgrade $jotgate_connection { default upgrade; "" ""; }

  server {
    listen ${listen.host.includes(":") ? `[${listen.host}]` : listen.host}:${listen.port};
    client_max_body_size 32m;

    location = /_jotgate_ask {
      internal;
      proxy_pass ${bare(gate)}/_jotgate/auth/nginx;
      proxy_http_version 1.1;
      proxy_pass_request_body off;
      proxy_set_header Content-Length "";
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_set_header X-Original-Method $request_method;
      proxy_set_header X-Original-URI $request_uri;
      proxy_set_header X-Forwarded-Host $http_host;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_connect_timeout 1s;
      proxy_read_timeout 5s;
    }

    # Who issues the tokens (RFC 9728): the gate's own documents, for anybody.
    location ^~ ${metadata} {
      proxy_pass ${bare(gate)};
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-Host $http_host;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_connect_timeout 1s;
      proxy_read_timeout 5s;
    }

    location / {
      auth_request /_jotgate_ask;
${lines(ours(options), (it) => `auth_request_set ${variable(it)} $upstream_http_${it.replaceAll("-", "_")};`)}
      auth_request_set $jotgate_authorization $upstream_http_authorization;
      auth_request_set $jotgate_retry $upstream_http_retry_after;
      error_page 401 = @jotgate_unauthenticated;
      error_page 403 = @jotgate_denied;
      error_page 500 = @jotgate_failed;

      # Ours replace whatever the caller sent; an empty value is not sent.
${lines(identity(options), (it) => `proxy_set_header ${it} ${variable(it)};`)}
${
    lines(["x-jotgate-status", "x-jotgate-code", ...otherCredentials(options), ...teamHeaders, ...rewriting], (it) =>
      `proxy_set_header ${it} "";`)
  }
      # The team's key with gateway.forwardAuth.authorization; the caller's token goes no further.
      proxy_set_header Authorization $jotgate_authorization;
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Proto $scheme;
      # No path here: the upstream must get the very path that was judged.
      proxy_pass ${upstream.origin};
      proxy_http_version 1.1;
      proxy_set_header Upgrade $jotgate_upgrade;
      proxy_set_header Connection $jotgate_connection;
      proxy_request_buffering off;
      proxy_buffering off;
      proxy_read_timeout 600s;
${lines(ours(options), (it) => `proxy_hide_header ${it};`)}
    }

    location @jotgate_unauthenticated {
      internal;
      default_type application/problem+json;
      return 401 ${problem("401", "$jotgate_code")};
    }

    location @jotgate_denied {
      internal;
      default_type application/problem+json;
${
    statuses.map((it) => `      if ($jotgate_status = ${it}) { return ${it} ${problem(String(it), "$jotgate_code")}; }`)
      .join("\n")
  }
      return 403 ${problem("403", "$jotgate_code")};
    }

    location @jotgate_failed {
      internal;
      default_type application/problem+json;
      add_header Retry-After 5 always;
      if ($jotgate_code = "") { return 503 ${problem("503", "gate_unreachable")}; }
      return 503 ${problem("503", "$jotgate_code")};
    }
  }
}
`
}
