/**
 * Records on their way into a store, as one text.
 *
 * Whoever hands them over answers requests, and every microsecond spent here is
 * one that a caller waits: what records are searched by is written once for all
 * that have it alike, what is JSON already is not written a second time, and a
 * batch is bytes, which no collector of garbage copies. A record is three lines:
 * its id with its keys, its body, and its question.
 */

/** What a record is searched by, besides its id. */
export interface RecordKeys {
  /** The HTTP status. */
  readonly status: number
  /** Why it was denied; `null` for an allow. */
  readonly code: string | null
  /** The id of the person; `null` when nobody was found. */
  readonly person: string | null
  /** The subject that the token names. */
  readonly claimed: string | null
  /** The address. */
  readonly email: string | null
  /** The id of the team. */
  readonly team: string | null
  /** Several are joined by commas, which stand in no name. */
  readonly model: string | null
  /** Several are joined by line feeds, which stand in no name. */
  readonly tool: string | null
  /** The id of the agent that acted. */
  readonly agent: string | null
}

/** One record: what it is searched by, and the whole as JSON. */
export interface RecordRow extends RecordKeys {
  /** The id of the decision; it has no bracket. */
  readonly id: string
  /** The whole record as JSON, in one line. */
  readonly body: string
  /** The mapped claims and the request as JSON in one line, so that the question can be asked again; `null` when it is not kept. */
  readonly question: string | null
}

/** The columns of a row. */
export const columns = [
  "id",
  "status",
  "code",
  "person",
  "claimed",
  "email",
  "team",
  "model",
  "tool",
  "agent",
  "body",
  "question"
] as const satisfies ReadonlyArray<keyof RecordRow>

/** The values of a row, column by column. */
export const valuesOf = (row: RecordRow): ReadonlyArray<string | number | null> => columns.map((it) => row[it])

/** PostgreSQL has no text with a NUL, and one record must not hold up all others. */
const withoutNul = (text: string | null): string | null => text?.replaceAll("\u0000", "\uFFFD") ?? null

/** The keys of a record as text; records that are searched alike have the same. */
export const keysText = ({ agent, claimed, code, email, model, person, status, team, tool }: RecordKeys): string =>
  JSON.stringify([status, code, ...[person, claimed, email, team, model, tool, agent].map(withoutNul)])

/** The text of one record; those of a batch follow one another. */
export const entry = (id: string, keys: string, body: string, question: string | null): string =>
  `${id}${keys}\n${body}\n${question ?? ""}\n`

/** A batch as it is handed over. */
export const bytesOf = (text: string): Uint8Array => Buffer.from(text)

/** The batch of these rows. */
export const batchOf = (rows: ReadonlyArray<RecordRow>): Uint8Array =>
  bytesOf(rows.map((it) => entry(it.id, keysText(it), it.body, it.question)).join(""))

/** How many keys a reader remembers: the same few people ask again and again. */
const most = 1_000
const known = new Map<string, RecordKeys>()

const textOf = (value: unknown): string | null => typeof value === "string" ? value : null

const keysOf = (text: string): RecordKeys => {
  const found = known.get(text)
  if (found !== undefined) return found
  const values: unknown = JSON.parse(text)
  const [status, ...texts]: ReadonlyArray<unknown> = Array.isArray(values) ? values : []
  const [
    code = null,
    person = null,
    claimed = null,
    email = null,
    team = null,
    model = null,
    tool = null,
    agent = null
  ] = texts.map(textOf)
  const made: RecordKeys = {
    status: typeof status === "number" ? status : Number.NaN,
    code,
    person,
    claimed,
    email,
    team,
    model,
    tool,
    agent
  }
  if (known.size >= most) known.clear()
  known.set(text, made)
  return made
}

/** The rows of a batch. */
export const rowsOf = (batch: Uint8Array): ReadonlyArray<RecordRow> => {
  const lines = Buffer.from(batch.buffer, batch.byteOffset, batch.byteLength).toString().split("\n")
  return Array.from({ length: Math.floor(lines.length / 3) }, (_, at) => {
    const [head = "", body = "", question = ""] = lines.slice(3 * at, 3 * at + 3)
    const end = head.indexOf("[")
    return { ...keysOf(head.slice(end)), id: head.slice(0, end), body, question: question === "" ? null : question }
  })
}
