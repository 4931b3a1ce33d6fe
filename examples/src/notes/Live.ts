/** The gate over the host's own tables: its people, and keys that are fetched from the issuer. */
import { Gate, type Parts } from "@jotgate/core/Gate"
import { NodeSignature } from "@jotgate/core/node"
import { MemoryDirectory } from "@jotgate/core/Repositories"
import type { Settings } from "@jotgate/core/Settings"
import * as SqliteClient from "@jotgate/store/SqliteClient"
import { Layer } from "effect"
import * as Staff from "./Staff.ts"

/** Settings as the file would say them; every route of this program is open to whoever is known. */
export const settingsFor = (issuer: string, audience: string): Settings.Input => ({
  issuers: [{ id: "company", issuer, audience, claims: { user: "sub", email: "email" } }],
  policy: { userRoutes: ["/*"] }
})

/** People are the host's own; there are no teams. */
const directory = Staff.layer.pipe(Layer.provideMerge(MemoryDirectory.layerRepos()))

/** The gate over the host's database; tests bring an issuer of their own. */
export const gate = (settings: Settings.Input, parts: Pick<Parts, "outbound"> = {}) =>
  Gate.layer(settings, { directory, signature: NodeSignature.layer, ...parts })

/** The host's database. */
export const database = (filename: string) => Staff.table.pipe(Layer.provideMerge(SqliteClient.layer({ filename })))
