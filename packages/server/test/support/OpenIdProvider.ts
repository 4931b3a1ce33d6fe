/** An independent OpenID provider (oidc-provider) on loopback, with tokens of every kind and keys that rotate. */
import { Effect } from "effect"
import { generateKeyPairSync } from "node:crypto"
import { createServer, type RequestListener } from "node:http"
import type { AddressInfo } from "node:net"
import { Provider } from "oidc-provider"

/** The kinds of resources that tokens are for, each with its way to sign. */
export const resources = {
  "urn:rs256": { audience: "llm-gateway", accessTokenFormat: "jwt", jwt: { sign: { alg: "RS256" } } },
  "urn:es256": { audience: "llm-gateway", accessTokenFormat: "jwt", jwt: { sign: { alg: "ES256" } } },
  "urn:ed25519": { audience: "llm-gateway", accessTokenFormat: "jwt", jwt: { sign: { alg: "Ed25519" } } },
  "urn:eddsa": { audience: "llm-gateway", accessTokenFormat: "jwt", jwt: { sign: { alg: "EdDSA" } } },
  "urn:other": { audience: "other-api", accessTokenFormat: "jwt", jwt: { sign: { alg: "RS256" } } },
  "urn:opaque": { audience: "llm-gateway", accessTokenFormat: "opaque" },
  "urn:opaque-other": { audience: "other-api", accessTokenFormat: "opaque" }
} as const
export type Resource = keyof typeof resources

const clientKey = generateKeyPairSync("ec", { namedCurve: "P-256" })

/** The key with which the client `gate-jwt` shows who it is. */
export const clientPem = String(clientKey.privateKey.export({ type: "pkcs8", format: "pem" }))

const keysOf = (generation: number) => {
  const named = (
    pair: { readonly privateKey: { export(options: { format: "jwk" }): object } },
    kid: string,
    more: object
  ) => ({
    ...pair.privateKey.export({ format: "jwk" }),
    kid: `${kid}-${generation}`,
    use: "sig",
    ...more
  })
  return [
    named(generateKeyPairSync("rsa", { modulusLength: 2048 }), "rsa", { alg: "RS256" }),
    named(generateKeyPairSync("ec", { namedCurve: "P-256" }), "ec", { alg: "ES256" }),
    named(generateKeyPairSync("ed25519"), "ed", {}),
    {
      ...generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "jwk" }),
      kid: "enc",
      use: "enc"
    }
  ]
}

const client = (id: string, method: string, more: object = {}) => ({
  client_id: id,
  ...(method === "private_key_jwt" ? {} : { client_secret: `${id}: s3cret+%&=` }),
  token_endpoint_auth_method: method,
  grant_types: ["client_credentials", "authorization_code"],
  redirect_uris: ["https://client.test/"],
  response_types: ["code"],
  ...more
})

const configuration = (keys: ReadonlyArray<object>) => ({
  clients: [
    client("llm-cli", "client_secret_post"),
    client("gate-basic", "client_secret_basic"),
    client("gate-post", "client_secret_post"),
    client("gate-jwt", "private_key_jwt", {
      token_endpoint_auth_signing_alg: "ES256",
      jwks: { keys: [{ ...clientKey.publicKey.export({ format: "jwk" }), kid: "client", use: "sig", alg: "ES256" }] }
    }),
    client("signed-info", "client_secret_post", { userinfo_signed_response_alg: "ES256" })
  ],
  jwks: { keys },
  enabledJWA: {
    idTokenSigningAlgValues: ["RS256", "ES256", "EdDSA", "Ed25519"],
    userinfoSigningAlgValues: ["RS256", "ES256"]
  },
  cookies: { keys: ["test"] },
  claims: { openid: ["sub"], email: ["email", "email_verified", "groups"] },
  scopes: ["openid", "email"],
  findAccount: (_: unknown, id: string) => ({
    accountId: id,
    claims: () => ({ sub: id, email: `${id}@acme.com`, email_verified: true, groups: ["llm-platform"] })
  }),
  features: {
    // For the encryption key in the set alone, which must not be taken for one that signs.
    encryption: { enabled: true },
    requestObjects: { enabled: true },
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    introspection: { enabled: true },
    jwtUserinfo: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => undefined,
      getResourceServerInfo: (_: unknown, resource: string) => ({
        scope: "llm.chat",
        ...resources[resource as Resource]
      })
    }
  }
})

/** A running provider; closes with the scope. */
export const start = Effect.acquireRelease(
  Effect.callback<
    { readonly origin: string; readonly serve: (listener: RequestListener) => void; readonly close: () => void }
  >(
    (resume) => {
      let listener: RequestListener = (_, response) => void response.writeHead(503).end()
      const server = createServer((request, response) => listener(request, response))
      server.listen(0, "127.0.0.1", () => {
        const { port } = server.address() as AddressInfo
        resume(Effect.succeed({
          origin: `http://127.0.0.1:${port}`,
          serve: (next) => {
            listener = next
          },
          close: () => {
            server.close()
            server.closeAllConnections()
          }
        }))
      })
    }
  ),
  ({ close }) => Effect.sync(close)
).pipe(Effect.map(({ origin, serve }) => {
  let generation = 0
  let keys: ReadonlyArray<object> = keysOf(generation)
  let provider = new Provider(origin, configuration(keys))
  serve(provider.callback())

  /** A token by client credentials for one resource. */
  const machineToken = (resource: Resource) =>
    Effect.promise(async () => {
      const response = await fetch(`${origin}/token`, {
        method: "POST",
        body: new URLSearchParams({
          grant_type: "client_credentials",
          client_id: "llm-cli",
          client_secret: "llm-cli: s3cret+%&=",
          scope: "llm.chat",
          resource
        })
      })
      const { access_token: token, ...rest } = await response.json() as Readonly<Record<string, string>>
      if (token === undefined) throw new Error(`no token: ${response.status} ${rest.error_description}`)
      return token
    })

  /** An opaque token of a person, for UserInfo, as a client got it. */
  const personToken = (accountId: string, clientId = "llm-cli") =>
    Effect.promise(async () => {
      const found = await provider.Client.find(clientId)
      if (found === undefined) throw new Error("no client")
      const grant = new provider.Grant({ accountId, clientId })
      grant.addOIDCScope("openid email")
      const grantId = await grant.save()
      const scope = "openid email"
      return new provider.AccessToken({ accountId, client: found, grantId, gty: "authorization_code", scope }).save()
    })

  return {
    origin,
    machineToken,
    personToken,
    /** New keys sign from now on; the old ones stay in the set when `keep`. */
    rotate: (keep: boolean) =>
      Effect.sync(() => {
        generation += 1
        keys = keep
          ? [...keysOf(generation), ...keys.filter((key) => "use" in key && key.use === "sig")]
          : keysOf(generation)
        provider = new Provider(origin, configuration(keys))
        serve(provider.callback())
      }),
    serve
  }
}))
