/** `@jotgate/server`: how jotgate answers over HTTP. */
export * as ModelPeek from "./model/ModelPeek.ts"
