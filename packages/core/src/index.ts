/**
 * `@jotgate/core`: who is calling, and may they?
 *
 * Each module is its own subpath export; this index is the whole of it.
 */
export {}
