import { metadataPath as metadata } from "@jotgate/core/ResourceMetadata"
import { bare, hostPort, identity, otherCredentials, rewriting } from "./HeaderLists.ts"
import type { SnippetOptions } from "./SnippetOptions.ts"

const title = (name: string): string =>
  name.replace(/(^|-)([a-z])/g, (_, dash: string, letter: string) => dash + letter.toUpperCase())

/** A complete Caddyfile. */
export const caddy = (options: SnippetOptions): string => {
  const { gate, listen, teamHeaders, upstream } = options
  return `# Caddy in front of an LLM gateway; jotgate at ${bare(gate)} decides on every request.
# In jotgate.yaml: gateway.trustedProxies must list the address that this Caddy asks from.
# The model of a JSON body is not seen here: model routes are for callers who may call everything, unless the upstream keeps
# to X-Jotgate-Models and jotgate.yaml says so with gateway.forwardAuth.unseenModel: pass.
{
	admin off
	auto_https off
}

http://:${listen.port} {
	bind ${listen.host}
	route {
		# Any name of the caller's with jotgate in it could be read as ours by an upstream, whatever stands around it.
		request_header -*jotgate*

		# Caddy takes away what Connection names on the way to the upstream, and that could be ours:
		# only WebSocket keeps the header, and nothing but its one word.
		@upgrade {
			header_regexp Connection (?i)(^|,)\\s*upgrade\\s*(,|$)
			header_regexp Upgrade (?i)^websocket$
		}
		@plain not {
			header_regexp Connection (?i)(^|,)\\s*upgrade\\s*(,|$)
			header_regexp Upgrade (?i)^websocket$
		}
		request_header @upgrade Connection Upgrade
		request_header @plain -Connection
		request_header @plain -Upgrade

		# Who issues the tokens (RFC 9728): the gate's own documents, for anybody.
		reverse_proxy ${metadata}* ${gate.origin}

		forward_auth ${hostPort(gate)} {
			uri /_jotgate/auth/caddy
			copy_headers ${identity(options).map(title).join(" ")}
			transport http {${gate.protocol === "https:" ? "\n\t\t\t\ttls" : ""}
				dial_timeout 1s
				response_header_timeout 5s
			}
		}

		# The caller's token goes no further. With gateway.forwardAuth.authorization write Authorization
		# into copy_headers above and take this line away: the team's key replaces it.
		request_header -Authorization
${
    [...otherCredentials(options), ...teamHeaders, ...rewriting].map((it) => `\t\trequest_header -${title(it)}`).join(
      "\n"
    )
  }

		reverse_proxy ${upstream.origin} {
			flush_interval -1
			header_down -*jotgate*
${options.identityHeaders.map((it) => `\t\t\theader_down -${title(it)}\n`).join("")}		}
	}
}
`
}
