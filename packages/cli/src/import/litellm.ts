/**
 * Their file → settings and a report.
 *
 * Pure: what is read is the parsed file and the variables that the reference
 * would see. The decision of the reference is kept wherever a setting can
 * express it (RULES, "Imported files"); the report has a line for every key.
 */
import { type LitellmRelease, newestLitellm, Settings } from "@jotgate/core/Settings"
import { Result, Schema } from "effect"
import { Draft, type Value } from "./Draft.ts"
import { importGeneral } from "./ImportGeneral.ts"
import { importIssuers } from "./ImportIssuers.ts"
import { importJwtAuth } from "./ImportJwtAuth.ts"
import { importMcp } from "./ImportMcp.ts"
import { read } from "./LitellmFile.ts"
import type { ParityReport } from "./ParityReport.ts"

/** What an import makes. */
export interface Imported {
  /** The configuration file as a value: what the YAML says. */
  readonly file: { readonly [key: string]: Value }
  /** The part of it that decisions depend on, decoded. */
  readonly settings: Settings
  /** For each written place (`policy.teamRoutes`), the key of their file that it came from. */
  readonly origins: ReadonlyMap<string, string>
  readonly report: ParityReport
  /** The release whose file it was read as. */
  readonly release: LitellmRelease
}

export interface ImportOptions {
  /** The variables that the reference would see: `JWT_*`, and what `os.environ/NAME` names. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Writes our defaults where the reference's decision is laxer. */
  readonly strict?: boolean
  /** The release whose file it is; the newest by default. */
  readonly release?: LitellmRelease
}

const decodeSettings = Schema.decodeUnknownResult(Settings, { errors: "all", onExcessProperty: "error" })

/**
 * Imports a parsed configuration file of the reference (`general_settings`,
 * `model_list`, `router_settings`, `litellm_settings`; `env` and
 * `environment_variables` add to the variables). Fails with the reasons why the
 * reference would refuse to start with it, one line each.
 */
export const importLitellm = (
  input: unknown,
  options: ImportOptions = {}
): Result.Result<Imported, ReadonlyArray<string>> =>
  Result.flatMap(read(input, options.env ?? {}, options.release ?? newestLitellm), (theirs) => {
    const draft = new Draft()
    const { release = newestLitellm, strict = false } = options
    importIssuers(draft, theirs, strict)
    importJwtAuth({
      draft,
      jwt: theirs.jwt,
      rolePermissions: theirs.rolePermissions,
      strict,
      release,
      clients: theirs.mcpClients !== undefined
    })
    draft.set(["policy", "litellm"], release, "the release whose file it is")
    importMcp(draft, theirs)
    importGeneral(draft, theirs, strict)
    const { gateway: _, ...core } = draft.file
    return Result.match(decodeSettings(core), {
      onFailure: (error) => Result.fail([`the imported settings are not valid: ${error.message}`]),
      onSuccess: (settings) =>
        Result.succeed({ file: draft.file, settings, origins: draft.origins, report: draft.report, release })
    })
  })
