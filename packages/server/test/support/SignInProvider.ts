/**
 * An OpenID provider (oidc-provider) that signs everybody in as alice, and gives tokens for the resource that is named,
 * with those scopes of it that are asked for.
 */
import { Effect } from "effect"
import { generateKeyPairSync } from "node:crypto"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { Provider } from "oidc-provider"

const scope = "mcp:tools files:write files:delete"

const configuration = () => ({
  clients: [{
    client_id: "mcp-client",
    token_endpoint_auth_method: "none",
    application_type: "native",
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
    redirect_uris: ["http://127.0.0.1:9/callback"]
  }],
  jwks: {
    keys: [{
      ...generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ format: "jwk" }),
      kid: "ec",
      use: "sig",
      alg: "ES256"
    }]
  },
  enabledJWA: { idTokenSigningAlgValues: ["ES256"] },
  clientDefaults: { id_token_signed_response_alg: "ES256" },
  cookies: { keys: ["test"] },
  findAccount: (_: unknown, id: string) => ({ accountId: id, claims: () => ({ sub: id }) }),
  interactions: { url: (_: unknown, { uid }: { readonly uid: string }) => `/interaction/${uid}` },
  features: {
    devInteractions: { enabled: false },
    resourceIndicators: {
      enabled: true,
      useGrantedResource: () => true,
      getResourceServerInfo: (_: unknown, audience: string) => ({
        scope,
        audience,
        accessTokenFormat: "jwt",
        jwt: { sign: { alg: "ES256" } }
      })
    }
  }
})

/** Starts one; it closes with the scope. */
export const signInProvider = Effect.acquireRelease(
  Effect.callback<{ readonly origin: string; readonly close: () => void }>((resume) => {
    const server = createServer()
    server.listen(0, "127.0.0.1", () => {
      const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
      const provider = new Provider(origin, configuration())
      const callback = provider.callback()
      server.on("request", (request, response) => {
        if (request.url?.startsWith("/interaction/") !== true) return callback(request, response)
        void provider.interactionDetails(request, response).then(async ({ params, prompt }) => {
          if (prompt.name === "login") {
            return provider.interactionFinished(request, response, { login: { accountId: "alice" } })
          }
          const grant = new provider.Grant({ accountId: "alice", clientId: "mcp-client" })
          grant.addResourceScope(String(params["resource"]), String(params["scope"]))
          grant.addOIDCScope("openid")
          const grantId = await grant.save()
          return provider.interactionFinished(request, response, { consent: { grantId } }, {
            mergeWithLastSubmission: true
          })
        })
      })
      resume(Effect.succeed({
        origin,
        close: () => {
          server.close()
          server.closeAllConnections()
        }
      }))
    })
  }),
  ({ close }) => Effect.sync(close)
)
