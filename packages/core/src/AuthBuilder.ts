/**
 * The way through, told on one page.
 */
import { Context, type Effect } from "effect"
import type { Allowed } from "./Decision.ts"
import type { Denial } from "./Errors.ts"
import type { Asked } from "./Request.ts"
import type { Now } from "./Trace.ts"

export class AuthBuilder extends Context.Service<AuthBuilder, {
  /** Decides, and after Allow has the wanted writes executed. Lazy: every door calls this. */
  readonly authenticate: (asked: Asked) => Effect.Effect<Allowed, Denial>
  /** Decides and writes nothing; works when called, and is an `Exit` when every answer is in memory. */
  readonly decide: (asked: Asked, now: Now) => Effect.Effect<Allowed, Denial>
}>()("@jotgate/core/AuthBuilder") {}
