/** `@jotgate/server`: how jotgate answers over HTTP. Every module that others use is its own subpath. */
export * as EmbeddedGate from "./EmbeddedGate.ts"
export * as ModelPeek from "./model/ModelPeek.ts"
export * as Server from "./Server.ts"
export * as Snippet from "./snippets/Snippet.ts"
