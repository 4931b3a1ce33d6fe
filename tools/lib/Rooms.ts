/**
 * The rooms of each package and what each stands on: the one place where the
 * arrows between folders are drawn.
 *
 * A room may import itself, the rooms that it stands on, theirs, and so on;
 * imports of types count. `Arrows` holds the sources to it, and `npm run rooms`
 * prints it.
 */

export interface Room {
  /** The folder below `src`. */
  readonly name: string
  /** What it makes, in a few words. */
  readonly makes: string
  /** The rooms it stands on directly. */
  readonly on: ReadonlyArray<string>
}

export interface House {
  /** The folder of the package's workspace. */
  readonly root: string
  readonly title: string
  readonly rooms: ReadonlyArray<Room>
  /** What composes the rooms and stands outside them, for the picture. */
  readonly above: string
}

const room = (name: string, makes: string, ...on: ReadonlyArray<string>): Room => ({ name, makes, on })

export const houses: ReadonlyArray<House> = [
  {
    root: "packages/core",
    title: "core: who is calling, and may they?",
    rooms: [
      room("rules/patterns", "patterns of names and routes, in linear time"),
      room("settings", "what a configuration may say, and its secrets", "rules/patterns"),
      room("cache", "answers remembered", "settings"),
      room("issuer", "whom we trust, and how we ask them", "cache"),
      room("directory", "rows, and where they come from", "cache"),
      room("rules", "pure and total, one family a file", "directory"),
      room("token", "credential to claims", "rules", "issuer"),
      room("keys", "the keys of each issuer", "token"),
      room("opaque", "tokens that only their issuer can read", "keys"),
      room("identity", "claims to identity", "opaque"),
      room("principal", "identity to principal", "identity"),
      room("decision", "principal to decision", "principal"),
      room("answer", "decision to verdict, problem and headers", "decision"),
      room("embed", "what a host gives, made into what the pipeline takes", "answer"),
      room("testing", "an issuer, layers and suites for tests", "decision")
    ],
    above: "AuthBuilder, Gate, HttpSecurity"
  },
  {
    root: "packages/store",
    title: "store: remembers people and teams",
    rooms: [
      room("remember", "rows in the cache, and when they are forgotten"),
      room("manage", "changes of rows by administrators", "remember"),
      room("memory", "rows that are gone with the process", "manage"),
      room("redis", "the cache that processes share", "remember"),
      room("sql", "look-ups and writes on our own tables", "manage"),
      room("sqlite", "one file", "sql"),
      room("postgres", "several machines", "sql"),
      room("litellm", "the database of a LiteLLM", "postgres"),
      room("records", "answers of the past", "sqlite", "postgres")
    ],
    above: "Store"
  },
  {
    root: "packages/server",
    title: "server: answers over HTTP",
    rooms: [
      room("config", "the configuration file"),
      room("platform", "listeners, files, outbound requests, telemetry", "config"),
      room("record", "what was decided, kept and found again", "platform"),
      room("answer", "answers on the wire, each with its record", "record"),
      room("model", "which models a request names", "answer"),
      room("mcp", "what is asked of MCP servers, and their lists", "model"),
      room("directory", "the API of rows", "mcp"),
      room("proxy", "requests to the upstream", "mcp", "directory"),
      room("doors", "questions of other proxies", "proxy"),
      room("admin", "the listener of administrators", "doors"),
      room("workers", "several processes behind one listener", "doors"),
      room("snippets", "configurations for other proxies", "doors")
    ],
    above: "Gate, Server, Worker, EmbeddedGate"
  }
]

/** What each room of a house may import, itself included. */
export const reach = ({ rooms }: House): ReadonlyMap<string, ReadonlySet<string>> => {
  const found = new Map<string, ReadonlySet<string>>()
  // Rooms are listed in their order: what a room stands on is there already.
  for (const { name, on } of rooms) found.set(name, new Set([name, ...on.flatMap((it) => [...found.get(it) ?? []])]))
  return found
}

/** The picture of the rooms, as `npm run rooms` prints it. */
export const picture = (): string => {
  const rows = houses.map(({ above, rooms, title }) => ({
    title,
    rows: [
      ...rooms.map(({ makes, name, on }) => [name, on.length === 0 ? "" : `on ${on.join(", ")}`, makes] as const),
      [above, "on all of them", ""] as const
    ]
  }))
  const rooms = houses.flatMap((it) => it.rooms)
  const first = Math.max(...rooms.map(({ name }) => name.length))
  const second = Math.max(...rooms.map(({ on }) => `on ${on.join(", ")}`.length))
  const lines = rows.map(({ rows, title }) =>
    [title, ...rows.map(([name, on, makes]) => `  ${name.padEnd(first)}  ${on.padEnd(second)}  ${makes}`.trimEnd())]
      .join("\n")
  )
  return `core ← store ← server ← cli\n\n${lines.join("\n\n")}\n`
}
