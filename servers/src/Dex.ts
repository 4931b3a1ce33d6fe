/**
 * A real dex.
 *
 * Serves the sources of its Go module with everything in memory: who signs in is said by headers, as behind a proxy that
 * has authenticated somebody; `ada` has a password of dex's own.
 */
import * as Catalog from "./Catalog.ts"
import * as Folder from "./Folder.ts"
import * as Ports from "./Ports.ts"
import * as Process from "./Process.ts"

export interface Options {
  /** How long a signing key is used, as Go writes durations: `2s`. Six hours unless said. */
  readonly rotation?: string
}

/** Who signs in through the proxy connector. */
export interface Person {
  readonly id: string
  readonly email: string
  readonly groups: ReadonlyArray<string>
}

/** What the token endpoint gives. */
export interface Tokens {
  readonly access: string
  readonly id: string
}

export interface Dex extends Process.Process {
  readonly issuer: string
  /** The tokens of `client` (`llm-gateway`, `llm-cli`, `other`) for somebody, with further scopes. */
  readonly signIn: (client: string, person: Person, scopes?: string) => Promise<Tokens>
  /** The same by ada's password. */
  readonly password: (client: string) => Promise<Tokens>
}

const REDIRECT = "http://127.0.0.1/callback"

const textIn = (body: unknown, name: string): string => {
  const value: unknown = typeof body === "object" && body !== null ? Reflect.get(body, name) : undefined
  if (typeof value !== "string") throw new TypeError(`dex answered ${JSON.stringify(body)}`)
  return value
}

export const start = async ({ rotation }: Options = {}): Promise<Dex> => {
  const program = Catalog.locate("dex")
  const folder = Folder.make("dex")
  const port = await Ports.free()
  const issuer = `http://${Ports.host}:${port}/dex`

  const exchange = async (client: string, fields: Readonly<Record<string, string>>): Promise<Tokens> => {
    const answer = await fetch(`${issuer}/token`, {
      method: "POST",
      headers: { authorization: `Basic ${btoa(`${client}:${client}-secret`)}` },
      body: new URLSearchParams(fields)
    })
    const body: unknown = await answer.json()
    return { access: textIn(body, "access_token"), id: textIn(body, "id_token") }
  }

  const signIn = async (client: string, { email, groups, id }: Person, scopes = ""): Promise<Tokens> => {
    const headers = { "x-remote-user": id, "x-remote-user-email": email, "x-remote-group": groups.join(", ") }
    const query = new URLSearchParams({
      client_id: client,
      redirect_uri: REDIRECT,
      response_type: "code",
      scope: `openid email groups profile ${scopes}`.trim(),
      nonce: "n"
    })
    let place = `${issuer}/auth/proxy?${query.toString()}`
    while (!place.startsWith(REDIRECT)) {
      const answer = await fetch(place, { headers, redirect: "manual" })
      const next = answer.headers.get("location")
      if (next === null) throw new Error(`dex answered ${answer.status} at ${place}: ${await answer.text()}`)
      place = new URL(next, place).href
    }
    const code = new URL(place).searchParams.get("code") ?? ""
    return exchange(client, { grant_type: "authorization_code", code, redirect_uri: REDIRECT })
  }

  try {
    const server = await Process.start({
      name: "dex",
      program,
      args: [`${Ports.host}:${port}`],
      cwd: folder.path,
      ...(rotation === undefined ? {} : { env: { DEX_ROTATION: rotation } }),
      ready: async () => (await fetch(`${issuer}/.well-known/openid-configuration`)).ok
    })
    const password = (client: string) =>
      exchange(client, { grant_type: "password", username: "ada@acme.test", password: "pw", scope: "openid email" })
    return { ...server, issuer, signIn, password, stop: () => server.stop().finally(folder.remove) }
  } catch (error) {
    folder.remove()
    throw error
  }
}

/** Dex for as long as the scope is open. */
export const make = (options?: Options) => Process.scoped(() => start(options))
