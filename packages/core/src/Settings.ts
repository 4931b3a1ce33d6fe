/**
 * The schema of issuers, policy and directory behaviour: everything a decision
 * depends on (CONFIG.md). The gateway's part lives in `server`.
 *
 * Decoded values are ready for use: durations are milliseconds, every optional
 * key has its default. An unknown key is an error of the decoder, never
 * ignored.
 */
import * as Schema from "effect/Schema"
import { CacheSettings, DirectorySettings, standardCache, standardDirectory } from "./settings/DirectorySettings.ts"
import { block, withDefault } from "./settings/Fields.ts"
import { Issuer } from "./settings/IssuerSettings.ts"
import { PolicySettings, standardPolicy } from "./settings/PolicySettings.ts"

export { CacheSettings, DirectorySettings } from "./settings/DirectorySettings.ts"
export { HeaderName, LinearPattern } from "./settings/Fields.ts"
export { Algorithms, ClaimMapping, Issuer, normalizeMapping } from "./settings/IssuerSettings.ts"
export type {
  Algorithm,
  ClaimMappings,
  Introspection,
  KeySourceReference,
  MappedClaim,
  Opaque
} from "./settings/IssuerSettings.ts"
export {
  distinctServers,
  type LitellmRelease,
  LitellmReleases,
  McpServer,
  newestLitellm,
  PolicySettings,
  TokenRole
} from "./settings/PolicySettings.ts"
export { Duration, Size } from "./settings/Quantity.ts"
export { SecretReference } from "./settings/Secrets.ts"
export { UserRole } from "./settings/UserRole.ts"

const settingsFields = {
  /**
   * Who is trusted to say who is calling.
   * @default []
   */
  issuers: block(Schema.Array(Issuer), []),
  /**
   * Two issuers may have one namespace.
   * @default false
   */
  sharedIdentities: withDefault(Schema.Boolean, false),
  /** The rules. */
  policy: block(PolicySettings, standardPolicy),
  /** Where people and teams are. */
  directory: block(DirectorySettings, standardDirectory),
  /** What is remembered. */
  cache: block(CacheSettings, standardCache)
}
/** The schema of everything a decision depends on; editors show by this name what each key means. */
export interface SettingsSchema extends Schema.Struct<typeof settingsFields> {}
/** Everything a decision depends on: `Settings` ready for use, `Settings.Input` as a host writes it. */
export const Settings: SettingsSchema = Schema.Struct(settingsFields)
/** Everything a decision depends on, ready for use: durations in milliseconds, every key with its default. */
export interface Settings extends Schema.Struct.Type<typeof settingsFields> {}

/**
 * The settings as a host or the configuration file writes them: durations are text (`"30s"`, `"5m"`), every optional
 * key may be left out.
 */
export interface Input extends Schema.Struct.Encoded<typeof settingsFields> {}

/** What the pipeline is built from: issuers, directory, policy, cache. */
export declare namespace Settings {
  /** The settings as a host writes them: durations are text (`"30s"`), every optional key may be left out. */
  export interface Input extends Schema.Struct.Encoded<typeof settingsFields> {}
}
