/** What the types of `@modelcontextprotocol/client` name of it; its own would be checked as sources. */
export type ErrorEvent = Event
export type EventSourceInit = Readonly<Record<string, unknown>>
