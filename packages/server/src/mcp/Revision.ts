/**
 * The revisions of the Model Context Protocol that the gate reads, and where they differ for a gate.
 *
 * Up to 2025-11-25 a client sets up a session and only the body says what is asked. From 2026-07-28 on every request
 * stands alone, and the server must compare two headers with the body, so that who sees no body can believe them.
 */

const known = ["2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"] as const
export type Revision = (typeof known)[number]

/** The revision of the old transport HTTP+SSE, and of clients that were told to speak like it. */
const legacyRevision = "2024-11-05"

/** The revisions that are read, oldest first. */
export const revisions: ReadonlyArray<Revision> = known

/** What a client means that sends no version: the header was not there before 2025-06-18. */
export const unversioned: Revision = "2025-03-26"

/** The revision of this header value; `undefined` when it is none of ours. `legacy`: the old transport is spoken as well. */
export const revisionOf = (text: string, legacy: boolean): Revision | undefined =>
  known.find((it) => it === text) ?? (legacy && text === legacyRevision ? unversioned : undefined)

/** Whether several messages may stand in one body. */
export const hasBatches = (revision: Revision): boolean => revision === "2025-03-26"

/** Whether the server must compare `Mcp-Method` and `Mcp-Name` with the body. */
export const mirrors = (revision: Revision): boolean => revision >= "2026-07-28"
