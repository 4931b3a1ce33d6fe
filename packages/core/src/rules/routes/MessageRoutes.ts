/** Messages as Anthropic has them. */
import { carrier, declined, type Family, json, member, plugins, tools } from "./ModelPlace.ts"

/** Messages, and batches of them. */
export const messageRoutes: ReadonlyArray<Family> = [
  {
    name: "messages",
    methods: "write",
    runs: "always",
    body: json,
    places: () => [...tools, ...declined, ...plugins],
    templates: [
      "**/v1/messages",
      "**/v1/messages/count_tokens",
      "/messages",
      "/messages/count_tokens",
      "/presets/{x}/messages"
    ]
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
      ...plugins,
      carrier("requests[].params")
    ],
    templates: ["**/v1/messages/batches", "/messages/batches"]
  }
]
