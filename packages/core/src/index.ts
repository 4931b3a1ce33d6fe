/** `@jotgate/core`: who is calling, and may they? Each module is also a subpath export of its own. */
export * as Errors from "./Errors.ts"
