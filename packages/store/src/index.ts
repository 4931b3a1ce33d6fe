/** `@jotgate/store`: what jotgate remembers. */
export {}
