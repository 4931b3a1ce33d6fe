/**
 * The line of one record: what `audit` holds, and what everybody who asks for a
 * record gets.
 */
import { Schema } from "effect"
import { AnswerRecord } from "./AnswerRecord.ts"
import type { Recording } from "./Recording.ts"
import { textOf, timeOf } from "./Text.ts"
import { Told } from "./Told.ts"

const upstreamOf = ({ upstream }: Recording): string =>
  upstream === null
    ? "null"
    : `{"name":${textOf(upstream.name)},"status":${upstream.status},"firstByteMillis":${upstream.firstByteMillis}}`

/** A record as one line of JSON. */
export const line = (it: Recording | Told): string => it instanceof Told ? it.text : lineOf(it)

const decode = Schema.decodeUnknownSync(Schema.fromJsonString(AnswerRecord))

/** A record in the form of everybody. */
export const recordOf = (it: Recording | Told): AnswerRecord => decode(line(it))

const lineOf = (it: Recording): string => {
  let text = `{"time":"${timeOf(it.time)}","message":"decision","decision":"${it.decision}","requestId":${
    textOf(it.requestId)
  },"door":"${it.door}","method":${textOf(it.method)},"route":${textOf(it.route)},"model":${textOf(it.model)},"tool":${
    textOf(it.tool)
  },"status":${it.status},"code":${textOf(it.code)},"verdict":"${it.verdict}","verdictCode":${
    textOf(it.verdictCode)
  },${it.parties.json()},"cause":${textOf(it.cause)},"millis":${it.millis},"upstream":${upstreamOf(it)}`
  if (it.models !== null) text += `,"models":${JSON.stringify(it.models)}`
  if (it.aborted) text += `,"aborted":true`
  if (it.dry) text += `,"dry":true`
  if (it.hasSteps) text += `,"steps":${it.stepsJson()}`
  return it.told(`${text}}`)
}
