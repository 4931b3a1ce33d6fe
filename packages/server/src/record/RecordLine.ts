/**
 * The line of one record: what `audit` holds, and what everybody who asks for a
 * record gets.
 */
import { Schema } from "effect"
import { AnswerRecord } from "./AnswerRecord.ts"
import type { Parties } from "./Parties.ts"
import type { Recording } from "./Recording.ts"
import { textOf, timeOf } from "./Text.ts"
import { Told } from "./Told.ts"

const upstreamOf = ({ upstream }: Recording): string =>
  upstream === null
    ? "null"
    : `{"name":${textOf(upstream.name)},"status":${upstream.status},"firstByteMillis":${upstream.firstByteMillis}}`

/** What every answer of one remembered decision says alike, written once. */
interface Constant {
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

const constantOf = (it: Recording): string => {
  const known = constants.get(it.parties)
  if (
    known !== undefined && known.route === it.route && known.model === it.model && known.door === it.door &&
    known.method === it.method && known.tool === it.tool && known.status === it.status && known.code === it.code &&
    known.verdict === it.verdict && known.verdictCode === it.verdictCode
  ) return known.text
  const { code, door, method, model, route, status, tool, verdict, verdictCode } = it
  const text = `"door":"${door}","method":${textOf(method)},"route":${textOf(route)},"model":${textOf(model)},"tool":${
    textOf(tool)
  },"status":${status},"code":${textOf(code)},"verdict":"${verdict}","verdictCode":${
    textOf(verdictCode)
  },${it.parties.json()}`
  constants.set(it.parties, { code, door, method, model, route, status, tool, verdict, verdictCode, text })
  return text
}

/** A record as one line of JSON. */
export const line = (it: Recording | Told): string => it instanceof Told ? it.text : lineOf(it)

const decode = Schema.decodeUnknownSync(Schema.fromJsonString(AnswerRecord))

/** A record in the form of everybody. */
export const recordOf = (it: Recording | Told): AnswerRecord => decode(line(it))

const lineOf = (it: Recording): string => {
  let text = `{"time":"${timeOf(it.time)}","message":"decision","decision":"${it.decision}","requestId":${
    textOf(it.requestId)
  },${constantOf(it)},"cause":${textOf(it.cause)},"millis":${it.millis},"upstream":${upstreamOf(it)}`
  if (it.models !== null) text += `,"models":${JSON.stringify(it.models)}`
  if (it.aborted) text += `,"aborted":true`
  if (it.dry) text += `,"dry":true`
  if (it.hasSteps) text += `,"steps":${it.stepsJson()}`
  return it.told(`${text}}`)
}
