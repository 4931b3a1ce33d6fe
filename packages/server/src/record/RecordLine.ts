/**
 * The line of one record: what `audit` holds, and what everybody who asks for a
 * record gets.
 */
import { Schema } from "effect"
import { AnswerRecord } from "./AnswerRecord.ts"
import type { Parties } from "./Parties.ts"
import type { Recording, UpstreamAnswer } from "./Recording.ts"
import { textOf, timeOf } from "./Text.ts"
import { Told } from "./Told.ts"

const upstreamOf = (upstream: UpstreamAnswer | null): string =>
  upstream === null
    ? "null"
    : `{"name":${textOf(upstream.name)},"status":${upstream.status},"firstByteMillis":${upstream.firstByteMillis}}`

/** What every answer of one remembered decision says alike, written once. */
export interface Constant {
  readonly parties: Parties
  readonly door: string
  readonly method: string
  readonly route: string
  readonly model: string | null
  readonly tool: string | null
  readonly status: number
  readonly code: string | null
  readonly verdict: string | undefined
  readonly verdictCode: string | null
  readonly text: string
}

/** The last one for the parties of a decision: these are remembered with it, so this lives as long. */
const constants = new WeakMap<Parties, Constant>()

/**
 * A text in one piece of memory. V8 keeps what is put together of many parts as the parts, and goes through them each
 * time that it is written: for a line that took half of the time.
 */
const inOnePiece = (text: string): string => Buffer.from(text).toString()

/** What this answer says as others of its decision do. */
export const constantOf = (it: Recording): Constant => {
  const known = constants.get(it.parties)
  if (
    known !== undefined && known.route === it.route && known.model === it.model && known.door === it.door &&
    known.method === it.method && known.tool === it.tool && known.status === it.status && known.code === it.code &&
    known.verdict === it.verdict && known.verdictCode === it.verdictCode
  ) return known
  const { code, door, method, model, route, status, tool, verdict, verdictCode } = it
  const text = inOnePiece(
    `"door":"${door}","method":${textOf(method)},"route":${textOf(route)},"model":${textOf(model)},"tool":${
      textOf(tool)
    },"status":${status},"code":${textOf(code)},"verdict":"${verdict}","verdictCode":${
      textOf(verdictCode)
    },${it.parties.json()}`
  )
  const { parties } = it
  const made = { parties, code, door, method, model, route, status, tool, verdict, verdictCode, text }
  constants.set(parties, made)
  return made
}

/** What an answer says that no other says alike. */
interface Single {
  readonly time: number
  readonly decision: string
  readonly requestId: string | null
  readonly cause: string | null
  readonly millis: number
  readonly upstream: UpstreamAnswer | null
}

const headOf = ({ cause, decision, millis, requestId, time, upstream }: Single, { text }: Constant): string =>
  `{"time":"${timeOf(time)}","message":"decision","decision":"${decision}","requestId":${
    textOf(requestId)
  },${text},"cause":${textOf(cause)},"millis":${millis},"upstream":${upstreamOf(upstream)}`

/** The line of an answer about which there is nothing else to tell. */
export const plainLine = (it: Single, constant: Constant): string => `${headOf(it, constant)}}`

/** A record as one line of JSON. */
export const line = (it: Recording | Told): string => it instanceof Told ? it.text : lineOf(it)

const decode = Schema.decodeUnknownSync(Schema.fromJsonString(AnswerRecord))

/** A record in the form of everybody. */
export const recordOf = (it: Recording | Told): AnswerRecord => decode(line(it))

const lineOf = (it: Recording): string => {
  let text = headOf(it, constantOf(it))
  if (it.models !== null) text += `,"models":${JSON.stringify(it.models)}`
  if (it.tools !== null) text += `,"tools":${JSON.stringify(it.tools)}`
  if (it.aborted) text += `,"aborted":true`
  if (it.dry) text += `,"dry":true`
  if (it.hasSteps) text += `,"steps":${it.stepsJson()}`
  return it.told(`${text}}`)
}
