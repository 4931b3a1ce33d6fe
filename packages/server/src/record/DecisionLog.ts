/**
 * What was answered: one JSON line per answer, and the last answers by id.
 *
 * A caller is told a code and an id; whoever has the id finds the steps here.
 * A record never holds a token, a signature or a secret.
 */
import { Context, Effect, Layer, Metric } from "effect"
import type { AnswerRecord } from "./AnswerRecord.ts"
import { type Held, Kept } from "./Kept.ts"
import { LineSink } from "./LineSink.ts"
import type { Recording } from "./Recording.ts"
import { line, recordOf } from "./RecordLine.ts"
import { RecordWriter } from "./RecordWriter.ts"
import type { Redaction } from "./Redaction.ts"
import { type Searched, Told } from "./Told.ts"

/**
 * How long decisions are collected before their lines are made and written in one piece, in milliseconds: one at a time
 * costs several times as much.
 */
const collecting = 20
/** Characters that are made bytes at a time: what stays in the processor's caches takes half the time. */
const portion = 32 * 1024

const droppedCounter = Metric.counter("jotgate_audit_dropped_total", {
  description: "Lines of decisions that could not be written.",
  incremental: true
})

const waitingGauge = Metric.gauge("jotgate_audit_waiting_bytes", {
  description: "Bytes of lines of decisions that wait for a slow disk or reader."
})
const writableGauge = Metric.gauge("jotgate_audit_writable", {
  description: "Whether lines of decisions can be written at the moment."
})

/** Where the lines go. */
export type AuditTarget = "stdout" | "none" | `file:${string}`

/** How the writing of the lines is. */
export interface AuditState {
  /** The system's code of why nothing can be written at the moment. */
  readonly trouble: () => string | undefined
  /** Lines that were dropped since the start. */
  readonly dropped: () => number
  /** Opens the file anew: another one may stand in its place. */
  readonly reopen: () => void
  /** Whether requests are to be refused until lines can be written (`audit.onFull: refuse`). */
  readonly refuses: () => boolean
}

const unwritten: AuditState = { trouble: () => undefined, dropped: () => 0, reopen: () => {}, refuses: () => false }

export class DecisionLog extends Context.Service<DecisionLog, {
  /** Takes the record of one answer. Its steps may grow until it is written, some milliseconds later. */
  readonly record: (it: Recording) => void
  /** Takes whole lines that another process has made, each with its question where these are kept. */
  readonly take: (lines: string, questions: ReadonlyArray<string | null>) => void
  /** Whether steps are worth noting: somebody will read them. */
  readonly wantsSteps: boolean
  /** Makes pseudonyms of what must not be told in records; absent where everything may be. */
  readonly redact?: Redaction | undefined
  /** Whether questions are kept with their records. */
  readonly keepsQuestions: boolean
  readonly find: (id: string) => AnswerRecord | undefined
  /** The mapped claims and the request of a decision, while they are kept. */
  readonly question: (id: string) => string | null
  /** The last ones, newest first. */
  readonly recent: (count: number) => ReadonlyArray<AnswerRecord>
  readonly audit: AuditState
  /** Those that are looked for, with the highest ids, the highest first. */
  readonly matching: (wanted: (it: Searched) => boolean, limit: number) => ReadonlyArray<AnswerRecord>
  /** Writes what was answered until now, which else waits for its moment. */
  readonly flush: () => void
  /** Whoever is told of each record as it is written; the returned function ends it. */
  readonly follow: (listener: (it: AnswerRecord) => void) => () => void
}>()("@jotgate/server/DecisionLog") {
  /** Keeps `keep` records and writes a line for each to `audit`; lines that cannot be written are dropped unless `onFull` says otherwise. */
  static readonly layer = (options: {
    readonly audit: AuditTarget
    readonly keep: number
    readonly onFull?: "drop" | "refuse"
    readonly redact?: Redaction | undefined
  }) =>
    Layer.effect(
      DecisionLog,
      Effect.gen(function*() {
        const kept = new Kept(options.keep, options.redact)
        const { audit } = options
        const run = Effect.runForkWith(yield* Effect.context<never>())
        const failed = (code: string) =>
          void run(Effect.logError("audit cannot be written: decisions are dropped", { to: audit, code }))
        const sink = audit === "none"
          ? undefined
          : yield* Effect.acquireRelease(
            Effect.sync(() =>
              new LineSink(audit === "stdout" ? { fd: 1 } : { path: audit.slice("file:".length) }, failed)
            ),
            (it) => Effect.promise(() => it.close())
          )
        const write = sink === undefined ? undefined : (lines: ReadonlyArray<string>): void => {
          let text = ""
          let count = 0
          for (const it of lines) {
            text += `${it}\n`
            count++
            if (text.length < portion) continue
            sink.write(text, count)
            text = ""
            count = 0
          }
          if (count > 0) sink.write(text, count)
        }
        const keep = (records: ReadonlyArray<Recording | Told>) => {
          for (const it of records) kept.add(it)
          if (listeners.size > 0) { for (const it of records.map(recordOf)) for (const tell of listeners) tell(it) }
        }
        if (sink !== undefined) {
          const context = yield* Effect.context<never>()
          const unasked = { update: () => {}, modify: () => {} }
          const isWritable = () => Number(sink.trouble === undefined)
          Metric.registerUnsafe(droppedCounter, context, {
            get: () => ({ count: sink.dropped, incremental: true }),
            ...unasked
          })
          Metric.registerUnsafe(waitingGauge, context, { get: () => ({ value: sink.pending }), ...unasked })
          Metric.registerUnsafe(writableGauge, context, { get: () => ({ value: isWritable() }), ...unasked })
        }
        const writer = yield* RecordWriter
        const listeners = new Set<(it: AnswerRecord) => void>()
        let collected: Array<Recording> = []
        const flush = () => {
          const records = collected
          collected = []
          if (records.length === 0) return
          for (const it of records) it.seal()
          if (write !== undefined || writer.store !== undefined) {
            const lines = records.map(line)
            write?.(lines)
            if (writer.store !== undefined) writer.write(records, lines)
          }
          keep(records)
        }
        const take = (whole: string, questions: ReadonlyArray<string | null>) => {
          // The processes that answer know no pseudonyms: what they tell is made fit here.
          const { redact = (it: string) => it } = options
          const lines = redact(whole)
          const told = lines.split("\n").slice(0, -1).map((it, at) => {
            const question = questions[at] ?? null
            return new Told(it, question === null ? null : redact(question))
          })
          sink?.write(lines, told.length)
          if (writer.store !== undefined) writer.write(told, told.map((it) => it.text))
          keep(told)
        }
        yield* Effect.addFinalizer(() => Effect.sync(flush))
        const wantsSteps = options.keep > 0 || write !== undefined || writer.store !== undefined
        const waiting = (it: Recording): Held => ({ decision: it.decision, searched: () => it, whole: () => it })
        const newest = () => [...collected.toReversed().map(waiting), ...kept.newest()]
        const read = (it: Held) => recordOf(it.whole())
        const one = (id: string) => collected.find((it) => it.decision === id) ?? kept.find(id)
        return {
          record: (it) => {
            if (wantsSteps && collected.push(it) === 1) setTimeout(flush, collecting)
          },
          take,
          flush,
          wantsSteps,
          redact: options.redact,
          keepsQuestions: writer.store !== undefined,
          find: (id) => {
            const found = one(id)
            return found === undefined ? undefined : recordOf(found)
          },
          question: (id) => one(id)?.question ?? null,
          audit: sink === undefined
            ? unwritten
            : {
              trouble: () => sink.trouble,
              dropped: () => sink.dropped,
              reopen: () => sink.reopen(),
              refuses: () => options.onFull === "refuse" && sink.trouble !== undefined
            },
          recent: (count) => newest().slice(0, count).map(read),
          matching: (wanted, limit) =>
            newest().filter((it) => {
              const searched = it.searched()
              return searched !== undefined && wanted(searched)
            }).toSorted((a, b) => a.decision < b.decision ? 1 : -1).slice(0, limit).map(read),
          follow: (listener) => {
            listeners.add(listener)
            return () => void listeners.delete(listener)
          }
        }
      })
    )

  /** Keeps everything in memory and writes nothing. */
  static readonly layerMemory = DecisionLog.layer({ audit: "none", keep: 10_000 })
}
