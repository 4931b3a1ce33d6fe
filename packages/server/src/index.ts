/** `@jotgate/server`: how jotgate answers over HTTP. */
export {}
