/**
 * `directory.url`: which store, and where.
 */
import { Redacted, Result } from "effect"

/** The store that a URL names. A database URL may hold a password and is a secret. */
export type StoreUrl =
  | { readonly _tag: "Memory" }
  | {
    readonly _tag: "Sqlite"
    /** Where the file is. */
    readonly path: string
  }
  | {
    readonly _tag: "Postgres"
    /** The connection string. */
    readonly url: Redacted.Redacted
  }
  | {
    readonly _tag: "LiteLLM"
    /** The connection string. */
    readonly url: Redacted.Redacted
    /** The schema in which the tables are. */
    readonly schema: string
  }

const FORMS = "memory:, sqlite:PATH, postgres://… or litellm+postgres://…"

/** Reads `directory.url`; the failure is a clause for the operator and holds no part of the URL. */
export const parse = (text: string): Result.Result<StoreUrl, string> => {
  if (text === "memory:") return Result.succeed({ _tag: "Memory" })
  if (text.startsWith("sqlite:")) {
    const path = text.slice("sqlite:".length).replace(/^\/\/(?=\/)/, "")
    if (path === "" || path.startsWith(":")) return Result.fail("sqlite: needs the path of a file")
    return Result.succeed({ _tag: "Sqlite", path })
  }
  const match = /^(litellm\+)?(postgres(?:ql)?:\/\/.+)$/.exec(text)
  const address = match?.[2]
  if (address === undefined || !URL.canParse(address)) return Result.fail(`must be ${FORMS}`)
  const url = new URL(address)
  // Prisma's name for the schema of the tables; PostgreSQL knows no such parameter.
  const schema = url.searchParams.get("schema") ?? "public"
  for (const name of ["schema", "connection_limit", "pool_timeout", "pgbouncer"]) url.searchParams.delete(name)
  return Result.succeed(
    match?.[1] === undefined
      ? { _tag: "Postgres", url: Redacted.make(url.href) }
      : { _tag: "LiteLLM", url: Redacted.make(url.href), schema }
  )
}
