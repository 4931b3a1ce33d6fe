/**
 * The SQL migrations that make LiteLLM's database, as its own releases ship them.
 *
 * Two releases: a current one and an older one, so that an importer is tested against the columns of both.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import * as Catalog from "./Catalog.ts"

export interface Migration {
  readonly name: string
  readonly sql: string
}

/** The migrations in the order in which they are applied. */
export const migrations = (release: "current" | "older"): ReadonlyArray<Migration> => {
  const folder = Catalog.locate(`litellm-${release}`)
  return readdirSync(folder)
    .toSorted()
    .map((name) => ({ name, file: join(folder, name, "migration.sql") }))
    .filter(({ file }) => existsSync(file))
    .map(({ file, name }) => ({ name, sql: readFileSync(file, "utf8") }))
}

/** What makes the tables of a release, a transaction each. */
export const tables = (release: "current" | "older"): ReadonlyArray<string> => migrations(release).map((it) => it.sql)
