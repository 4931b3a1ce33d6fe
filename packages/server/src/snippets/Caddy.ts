import { metadataPath as metadata } from "../answer/ResourceMetadata.ts"
import { bare, hostPort, identity, otherCredentials, ours, rewriting, teamHeaders } from "./HeaderLists.ts"
import type { SnippetOptions } from "./Snippet.ts"

const title = (name: string): string =>
  name.replace(/(^|-)([a-z])/g, (_, dash: string, letter: string) => dash + letter.toUpperCase())

/** A complete Caddyfile. */
export const caddy = ({ gate, listen, upstream }: SnippetOptions): string =>
  `# Caddy in front of an LLM gateway; jotgate at ${bare(gate)} decides on every request.
# In jotgate.yaml: gateway.trustedProxies must list the address that this Caddy asks from.
# The model of a JSON body is not seen here: X-Jotgate-Models tells the upstream what may be called.
{
	admin off
	auto_https off
}

http://:${listen.port} {
	bind ${listen.host}
	route {
		# The caller's own, and spellings that an upstream could read as ours.
		request_header -X-Jotgate-*
		request_header -X_Jotgate_*

		# Who issues the tokens (RFC 9728): the gate's own documents, for anybody.
		reverse_proxy ${metadata}* ${gate.origin}

		forward_auth ${hostPort(gate)} {
			uri /_jotgate/auth/caddy
			copy_headers ${identity.map(title).join(" ")}
			transport http {${gate.protocol === "https:" ? "\n\t\t\t\ttls" : ""}
				dial_timeout 1s
				response_header_timeout 5s
			}
		}

		# The caller's token goes no further. With gateway.forwardAuth.authorization write Authorization
		# into copy_headers above and take this line away: the team's key replaces it.
		request_header -Authorization
${[...otherCredentials, ...teamHeaders, ...rewriting].map((it) => `\t\trequest_header -${title(it)}`).join("\n")}

		reverse_proxy ${upstream.origin} {
			flush_interval -1
${ours.map((it) => `\t\t\theader_down -${title(it)}`).join("\n")}
		}
	}
}
`
