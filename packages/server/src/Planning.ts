/**
 * What another configuration would change for whom: the recorded questions,
 * asked anew under it with the rows in force. Nothing is written, no key is
 * fetched, and nothing of it outlives the answer.
 */
import { Context, Effect, type Scope } from "effect"
import type { FileSettings } from "./config/GatewaySettings.ts"
import type { Deployment } from "./Deployment.ts"
import * as Pseudonyms from "./record/Pseudonyms.ts"
import type { Records, RecordsAway, SearchInvalid } from "./record/Records.ts"
import * as Replay from "./Replay.ts"

/** Most questions that a running gate asks anew: it has callers besides. */
export const mostAsked = 100_000

const size = 1_000

/** Only looked at: no folder, no file of rows, no key of an issuer. */
const looked = (settings: FileSettings): FileSettings => ({
  ...settings,
  cache: { ...settings.cache, dir: null, redis: null },
  directory: { ...settings.directory, file: null },
  issuers: settings.issuers.map((it) => ({ ...it, jwks: { keys: [] } }))
})

/** The last questions of the records, page by page. */
const pages = (records: Records["Service"]) => {
  let left = mostAsked
  return (after: string | undefined) =>
    Effect.map(records.questions({ after, limit: Math.min(size, left) }), ({ items, next }): Replay.Page => {
      left -= items.length
      return { records: items, next: left > 0 ? next ?? undefined : undefined }
    })
}

export class Planning extends Context.Service<Planning, {
  /** Who would gain, lose or change team. `undefined` when nobody can be asked. */
  readonly plan: (
    settings: FileSettings
  ) => Effect.Effect<Replay.Replayed | undefined, RecordsAway | SearchInvalid | PlanRefused | Replay.Undecided>
}>()("@jotgate/server/Planning") {}

/** The other configuration cannot be built; `reason` says why. */
export interface PlanRefused {
  readonly _tag: "PlanRefused"
  readonly reason: string
}

/** Plans with deployments that are built by `build`. */
export const make = <E>(
  records: Records["Service"],
  build: (settings: FileSettings) => Effect.Effect<Deployment, E, Scope.Scope>
): Planning["Service"] => ({
  plan: (settings) =>
    Effect.scoped(Effect.gen(function*() {
      const { managed, supposing } = yield* build(looked(settings)).pipe(
        Effect.mapError((error): PlanRefused => ({
          _tag: "PlanRefused",
          reason: error instanceof Error ? error.message : String(error)
        }))
      )
      if (supposing === undefined) return undefined
      const [teamHeader = "x-team-id"] = settings.policy.teamHeaders
      const plain = yield* Pseudonyms.undone(records.redact, managed?.directory)
      return yield* Replay.run(pages(records), supposing, teamHeader, plain)
    }))
})
