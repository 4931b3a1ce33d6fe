/**
 * What the importer knows of each release of LiteLLM besides its route groups.
 */
import type { LitellmRelease } from "@jotgate/core/Settings"

type ByRelease<A> = Readonly<Record<LitellmRelease, A>>

const before = ["openai_routes", "info_routes", "mcp_routes"]
const messages = ["/v1/messages", "/v1/messages/count_tokens"]

/** The default of `team_allowed_routes`. */
export const teamAllowedRoutes: ByRelease<ReadonlyArray<string>> = {
  "1.90": before,
  "1.108": [...before, ...messages],
  "1.110": [...before, ...messages, "/rag/ingest", "/v1/rag/ingest", "/rag/query", "/v1/rag/query"]
}
