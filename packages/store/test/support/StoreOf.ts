/** A store as the settings of a deployment make it. */
import { Secrets } from "@jotgate/core/Secrets"
import * as Settings from "@jotgate/core/Settings"
import { Layer, Schema } from "effect"
import * as Store from "../../src/Store.ts"

const decode = Schema.decodeUnknownSync(Settings.Settings)

/** `secrets`: what `env:` and `file:` references lead to. */
export const storeOf = (
  directory: Readonly<Record<string, unknown>>,
  cache: Readonly<Record<string, unknown>> = {},
  secrets: Readonly<Record<string, string>> = {}
) => {
  const settings = decode({ directory, cache: { dir: null, ...cache } })
  return Store.layer(settings).pipe(Layer.provide(Secrets.layerTest(secrets)))
}
