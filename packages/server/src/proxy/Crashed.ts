/** What a handler is told to do with what it did not expect. */
import type { IncomingMessage, ServerResponse } from "node:http"
import type { Where } from "../platform/Telemetry.ts"
import type { Recording } from "../record/Recording.ts"

/**
 * Counts and logs what a handler threw, answers what can still be answered, and ends that connection; it is told in the
 * recording of the answer, where there is one already. Never throws.
 */
export type Crashed = (
  where: Where,
  error: unknown,
  request: IncomingMessage,
  response: ServerResponse,
  recording?: Recording
) => void
