/**
 * One table of questions, and every way to put them to a gate: a door that answers another way than the table says is
 * wrong. The people and teams are those of `World.ts`.
 */
import { Effect } from "effect"
import type { Dialect } from "../../src/doors/Dialect.ts"
import type { EmbeddedGate } from "../../src/EmbeddedGate.ts"
import * as Asking from "./Asking.ts"
import * as GrpcClient from "./GrpcClient.ts"
import * as Raw from "./Raw.ts"

/** One request of a caller. */
export interface Question {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

/** What a caller is told; `null` is an allow. */
export interface Verdict {
  readonly status: number
  readonly code: string | null
}

/** A question with its answer: through doors that see the body, and through those that do not. */
export interface Case {
  readonly title: string
  readonly question: Question
  readonly seen: Verdict
  readonly unseen: Verdict
}

const allowed: Verdict = { status: 200, code: null }

type TokenOf<R> = (
  sub: string,
  claims?: Readonly<Record<string, unknown>>
) => Effect.Effect<string, never, R>

/** The table; `token` signs for the gate that is asked. */
export const cases = <R>(token: TokenOf<R>): Effect.Effect<ReadonlyArray<Case>, never, R> =>
  Effect.gen(function*() {
    const red = yield* token("alice", { groups: ["red"] })
    const both = yield* token("alice", { groups: ["red", "blue"] })
    const chat = "/v1/chat/completions"
    const one = (title: string, bearer: string | undefined, path: string, expected: Verdict, more: {
      readonly headers?: Readonly<Record<string, string>>
      readonly body?: string
      readonly unseen?: Verdict
      readonly method?: string
    } = {}): Case => ({
      title,
      question: {
        method: more.method ?? (more.body === undefined ? "GET" : "POST"),
        path,
        headers: {
          ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
          ...(more.body === undefined ? {} : { "content-type": "application/json" }),
          ...more.headers
        },
        ...(more.body === undefined ? {} : { body: more.body })
      },
      seen: expected,
      unseen: more.unseen ?? expected
    })
    const denied = (code: string, status = 403): Verdict => ({ status, code })
    const body = (model: string) => JSON.stringify({ messages: [{ role: "user", content: "hello" }], model })
    return [
      one("a route of the team", red, "/v1/files?a=%2F&b=1", allowed),
      one("a model of the team", red, chat, allowed, { body: body("gpt-4o") }),
      one("another team's model", red, chat, denied("team_model_denied"), { body: body("claude-x"), unseen: allowed }),
      one("a model of the second team", both, chat, allowed, { body: body("claude-x") }),
      one("two models", red, chat, denied("request_ambiguous", 400), {
        body: `{"model":"gpt-4o","model":"gpt-4o"}`,
        unseen: allowed
      }),
      one("a body that is no JSON", red, chat, denied("body_invalid", 400), { body: "model=gpt-4o", unseen: allowed }),
      one("a model in the path", red, "/openai/deployments/gpt-4o/chat/completions", allowed, { body: "{}" }),
      one("a denied model in the path", red, "/openai/deployments/o1/chat/completions", denied("team_model_denied"), {
        body: "{}"
      }),
      one("a listed model", red, "/v1/models/gpt-4o-mini", allowed),
      one("a model that is not listed", red, "/v1/models/claude-x", denied("team_model_denied")),
      one("a route that no team has", red, "/key/generate", denied("team_route_denied")),
      one("another method", red, "/v1/files/f-1", allowed, { method: "DELETE" }),
      one("the team of the header", both, "/v1/models/claude-x", allowed, { headers: { "x-team-id": "blue" } }),
      one("not another team than the header's", both, "/v1/models/gpt-4o", denied("team_model_denied"), {
        headers: { "x-team-id": "blue" }
      }),
      one("a team that is not the caller's", red, "/v1/files", denied("team_denied"), {
        headers: { "x-team-id": "blue" }
      }),
      one("a person without a team", yield* token("carol"), "/v1/models/gpt-4o-mini", allowed),
      one("a person's own models", yield* token("carol"), "/v1/models/o1", denied("user_model_denied")),
      one("no token", undefined, chat, denied("token_missing", 401), { body: body("gpt-4o") }),
      one("a token that is none", "bad", "/v1/files", denied("invalid_token", 401)),
      one("another audience", yield* token("alice", { aud: "else" }), "/v1/files", denied("invalid_token", 401)),
      one("a token that is over", yield* token("alice", { iat: 1, exp: 2 }), "/v1/files", denied("token_expired", 401)),
      one("a stranger", yield* token("nobody"), "/v1/files", denied("user_not_found", 404)),
      one("a path that is read in two ways", red, "/v1/files;x=1", denied("request_ambiguous", 400))
    ]
  })

/** Puts a question through one door. */
export type Door = (question: Question) => Effect.Effect<Verdict>

/** Of a problem, or of the JSON-RPC error of an MCP server. */
const codeIn = (text: string): string | null => {
  const { code, error } = JSON.parse(text)
  return code ?? error?.data?.code ?? null
}

/** The gate itself, or a proxy in front of it: any 2xx of the upstream is an allow. */
export const http = (url: string): Door => ({ body, headers, method, path }) =>
  Effect.promise(async () => {
    const response = await fetch(`${url}${path}`, { method, headers, ...(body === undefined ? {} : { body }) })
    const text = await response.text()
    return response.ok ? allowed : { status: response.status, code: codeIn(text) }
  })

const verdictOf = (answer: string): Verdict => {
  const status = Raw.statuses(answer)[0] ?? 0
  if (status === 200) return allowed
  const told = Raw.header(answer, "x-jotgate-status")
  return { status: told === undefined ? status : Number(told), code: codeIn(answer.slice(answer.indexOf("\r\n\r\n"))) }
}

/** A door of forward auth, asked as its proxy asks; `sends` when the proxy passes the body on. */
export const asking = (
  port: number,
  dialect: Dialect,
  sends: boolean
): Door =>
({ body, headers, method, path }) => {
  const [line, told] = Asking.lines(dialect, method, path)
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  const sent = sends ? body : undefined
  const length = sent === undefined ? [] : [`Content-Length: ${Buffer.byteLength(sent)}`]
  return Effect.map(
    Raw.send(port, Raw.request(line, [...told, ...lines, ...length, "Connection: close"], sent)),
    verdictOf
  )
}

/** `POST /decide` of the admin listener. */
export const decide = (admin: string, token?: string): Door => (question) =>
  Effect.promise(async () => {
    const response = await fetch(`${admin}/decide`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` })
      },
      body: JSON.stringify(question)
    })
    const { allowed: lets, code, status } = await response.json()
    return lets === true ? allowed : { status, code }
  })

/** The promise façade, asked with what a Node server has, or with a Fetch request. */
export const embedded = (gate: EmbeddedGate, form: "plain" | "fetch"): Door => ({ body, headers, method, path }) =>
  Effect.promise(async () => {
    const init = { method, headers, ...(body === undefined ? {} : { body }) }
    const { allowed: lets, code, status } = await gate.decide(
      form === "fetch" ? new Request(`http://host.test${path}`, init) : { ...init, path }
    )
    return lets ? allowed : { status, code }
  })

/** The gRPC door, asked as Envoy asks; `sends` when the proxy passes the body on. */
export const grpc = (port: number, sends: boolean): Door => ({ body, headers, method, path }) => {
  const sent = sends ? body : undefined
  const lines = Object.entries(headers)
  if (body !== undefined) lines.push(["content-length", String(Buffer.byteLength(body))])
  const message = GrpcClient.messageOf({ method, path, headers: lines, ...(sent === undefined ? {} : { body: sent }) })
  return Effect.map(
    Effect.orDie(GrpcClient.check(port, message)),
    ({ body: text, code, status }) => code === 0 ? allowed : { status, code: codeIn(text) }
  )
}
