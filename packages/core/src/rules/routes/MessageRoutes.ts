/** Messages as Anthropic has them. */
import { carrier, type Family, json, type KindPlace, leading, member, tool, tools } from "./ModelPlace.ts"

/** What a message of Anthropic says of other models: those that answer when the first one declines, and tools that are added later. */
const declined: ReadonlyArray<KindPlace> = [
  member("fallback_model"),
  member("fallbacks[].model", "anthropic"),
  // "default" lets the server choose.
  leading("reference", "fallbacks", "anthropic", "litellm"),
  tool("messages[].content[].tool.definition"),
  tool("messages[].content[].tool_changes[].tool.definition")
]

/** Messages, and batches of them. */
export const messageRoutes: ReadonlyArray<Family> = [
  {
    name: "messages",
    methods: "write",
    runs: "always",
    body: json,
    places: () => [...tools, ...declined],
    templates: ["**/v1/messages", "**/v1/messages/count_tokens", "/messages", "/messages/count_tokens"]
  },
  {
    name: "message batches",
    methods: "write",
    runs: "always",
    body: json,
    places: () => [
      member("requests[].params.model"),
      ...tools,
      ...declined,
      carrier("requests[].params")
    ],
    templates: ["**/v1/messages/batches", "/messages/batches"]
  }
]
