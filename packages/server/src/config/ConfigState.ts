/**
 * Which configuration is in force, since when, and how the last attempt to put
 * another one in force ended: what a file says is not always what counts.
 */
import { Clock, Context, Effect, Layer } from "effect"

/** Where a configuration comes from. */
export interface ConfigSource {
  /** The name of the file. */
  readonly file: string
  /** Another one for each other text. */
  readonly version: string
  /** What is worth a look in it, one line each. */
  readonly warnings: ReadonlyArray<string>
}

/** An attempt to put another configuration in force. */
export interface Reload {
  /** Unix milliseconds. */
  readonly time: number
  readonly inForce: boolean
  /** Why it is not, one line each. */
  readonly findings: ReadonlyArray<string>
}

export class ConfigState extends Context.Service<ConfigState, {
  /** `undefined` for settings that came from no file. */
  readonly source: () => ConfigSource | undefined
  /** Since when it is in force, in Unix milliseconds. */
  readonly since: () => number
  /** `undefined` before the first attempt. */
  readonly reload: () => Reload | undefined
  /** Another one is in force. */
  readonly replaced: (source: ConfigSource | undefined) => Effect.Effect<void>
  /** Another one was refused; what was stays. */
  readonly refused: (findings: ReadonlyArray<string>) => Effect.Effect<void>
}>()("@jotgate/server/ConfigState") {
  /** Begins with what the process was started with. */
  static readonly layer = (first: ConfigSource | undefined) =>
    Layer.effect(
      ConfigState,
      Effect.gen(function*() {
        let source = first
        let since = yield* Clock.currentTimeMillis
        let reload: Reload | undefined
        return {
          source: () => source,
          since: () => since,
          reload: () => reload,
          replaced: (next) =>
            Effect.map(Clock.currentTimeMillis, (time) => {
              source = next
              since = time
              reload = { time, inForce: true, findings: [] }
            }),
          refused: (findings) =>
            Effect.map(Clock.currentTimeMillis, (time) => {
              reload = { time, inForce: false, findings }
            })
        }
      })
    )
}
