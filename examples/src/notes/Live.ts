/** The pipeline over the host's own layers: its people, no teams, keys fetched from the issuer. */
import { AuthBuilder } from "@jotgate/core/AuthBuilder"
import { Cache } from "@jotgate/core/Cache"
import { ClaimsPolicy } from "@jotgate/core/ClaimsPolicy"
import { Issuers } from "@jotgate/core/Issuer"
import { KeyStore } from "@jotgate/core/KeyStore"
import { MemoryDirectory } from "@jotgate/core/MemoryDirectory"
import { NodeSignature } from "@jotgate/core/node"
import { OpaqueToken } from "@jotgate/core/OpaqueToken"
import { Outbound } from "@jotgate/core/Outbound"
import { RequestPolicy } from "@jotgate/core/RequestPolicy"
import { Revocation } from "@jotgate/core/Revocation"
import { SavedKeys } from "@jotgate/core/SavedKeys"
import { Secrets } from "@jotgate/core/Secrets"
import { Settings } from "@jotgate/core/Settings"
import * as SqliteClient from "@jotgate/store/SqliteClient"
import { Layer, Schema } from "effect"
import * as Staff from "./Staff.ts"

/** Settings as the file would say them; every route of this program is open to whoever is known. */
export const settingsFor = (issuer: string, audience: string): Settings =>
  Schema.decodeUnknownSync(Settings)({
    issuers: [{ id: "company", issuer, audience, claims: { user: "sub", email: "email" } }],
    policy: { userRoutes: ["/*"] }
  })

/** The pipeline without keys: tests bring their own. */
export const pipeline = (settings: Settings) =>
  AuthBuilder.layerFor(settings).pipe(
    Layer.provide([OpaqueToken.layerNone, Revocation.layerNone, NodeSignature.layer]),
    Layer.provide([ClaimsPolicy.layerNone, RequestPolicy.layerNone]),
    Layer.provide(Staff.layer),
    Layer.provide(MemoryDirectory.layerRepos())
  )

/** Keys of the issuer, over HTTP. */
export const keys = (settings: Settings) =>
  KeyStore.layer.pipe(
    Layer.provide([Outbound.layer, SavedKeys.layerMemory, Secrets.layerTest({}), NodeSignature.layer]),
    Layer.provide(Issuers.layer(settings.issuers)),
    Layer.provide(Cache.layer)
  )

/** The host's database. */
export const database = (filename: string) => Staff.table.pipe(Layer.provideMerge(SqliteClient.layer({ filename })))
