/**
 * What was decided: one JSON line per decision, and the last decisions by id.
 *
 * A caller is told a code and an id; whoever has the id finds the steps here.
 * An entry never holds a token, a signature or a secret: it is made from the
 * question's method, path and model and from the steps, which hold none.
 */
import type { Allowed } from "@jotgate/core/Decision"
import { resolvedBy } from "@jotgate/core/Decision"
import type { Code, Denial } from "@jotgate/core/Errors"
import type { Asked } from "@jotgate/core/Request"
import type { Step } from "@jotgate/core/Trace"
import { Context, Effect, Layer } from "effect"
import { createWriteStream } from "node:fs"
import type { Writable } from "node:stream"

/** One decision. */
export interface Decided {
  /** Unix milliseconds. */
  readonly time: number
  readonly decision: string
  readonly door: string
  readonly method: string
  readonly route: string
  readonly model: string | null
  readonly status: number
  readonly code: Code | null
  readonly issuer: string | null
  readonly user: string | null
  readonly team: string | null
  readonly organization: string | null
  readonly requestId: string | null
  /** Milliseconds that the decision took. */
  readonly millis: number
  readonly steps: ReadonlyArray<Step>
}

/** What every entry is made from. */
export interface Asking {
  readonly time: number
  readonly decision: string
  readonly door: string
  readonly asked: Pick<Asked, "method" | "path" | "model">
  readonly requestId: string | null
  readonly millis: number
  readonly steps: ReadonlyArray<Step>
}

const modelOf = ({ model }: Asking["asked"]): string | null => model._tag === "Known" ? model.name : null

/** The entry of an allowed decision. */
export const allowedEntry = (it: Asking, { identity, principal }: Allowed): Decided => ({
  time: it.time,
  decision: it.decision,
  door: it.door,
  method: it.asked.method,
  route: it.asked.path,
  model: modelOf(it.asked),
  status: 200,
  code: null,
  issuer: identity?.issuer ?? null,
  user: principal.userId ?? null,
  team: principal.teamId ?? null,
  organization: principal.organizationId ?? null,
  requestId: it.requestId,
  millis: it.millis,
  steps: it.steps
})

/** The entry of a denial: whom the steps had found before it. */
export const deniedEntry = (it: Asking, denial: Pick<Denial, "status" | "code">): Decided => {
  const found = resolvedBy(it.steps)
  return {
    time: it.time,
    decision: it.decision,
    door: it.door,
    method: it.asked.method,
    route: it.asked.path,
    model: modelOf(it.asked),
    status: denial.status,
    code: denial.code,
    issuer: found.issuer ?? null,
    user: found.user?.id ?? null,
    team: found.team?.id ?? null,
    organization: found.organization?.id ?? null,
    requestId: it.requestId,
    millis: it.millis,
    steps: it.steps
  }
}

/** Texts that stand in JSON as they are: ids, routes and models nearly always. */
const plain = /^[\w .:/@|*-]*$/

const textOf = (it: string | null): string => it === null ? "null" : plain.test(it) ? `"${it}"` : JSON.stringify(it)

let second = Number.NaN
let secondText = ""

/** A time as RFC 3339 text; nearly every decision is made in the second of the one before. */
const timeOf = (millis: number): string => {
  const whole = Math.floor(millis / 1000)
  if (whole !== second) {
    second = whole
    secondText = new Date(whole * 1000).toISOString().slice(0, -4)
  }
  return `${secondText}${String(Math.floor(millis) - whole * 1000).padStart(3, "0")}Z`
}

/**
 * The line of one decision; the steps only where it was not allowed. Written member by member: a line is made on the
 * warm path, and `JSON.stringify` of the whole costs three times as much.
 */
export const line = (it: Decided): string => {
  const whole = `{"time":"${timeOf(it.time)}","message":"decision","decision":${textOf(it.decision)},"door":${
    textOf(it.door)
  },"method":${textOf(it.method)},"route":${textOf(it.route)},"model":${
    textOf(it.model)
  },"status":${it.status},"code":${textOf(it.code)},"issuer":${textOf(it.issuer)},"user":${textOf(it.user)},"team":${
    textOf(it.team)
  },"organization":${textOf(it.organization)},"requestId":${textOf(it.requestId)},"millis":${it.millis}`
  if (it.code === null) return `${whole}}`
  return `${whole},"steps":${JSON.stringify(it.steps.map(({ facts, outcome, step }) => ({ step, outcome, facts })))}}`
}

/** Lines that wait for a slow reader; more are dropped and counted. */
const maxPending = 16 * 1024 * 1024

/**
 * How long decisions are collected before their lines are made and written in one piece, in milliseconds: one at a time
 * costs several times as much.
 */
const collecting = 5

/** Writes the lines of decisions, some at once; `flush` writes what is collected. */
const lineWriter = (stream: Writable) => {
  let collected: Array<Decided> = []
  let dropped = 0
  const flush = () => {
    if (collected.length === 0) return
    if (stream.writableLength > maxPending) {
      dropped += collected.length
    } else {
      let text = ""
      for (const it of collected) text += `${line(it)}\n`
      if (dropped > 0) text += `${JSON.stringify({ message: "decisions dropped", count: dropped })}\n`
      dropped = 0
      stream.write(text)
    }
    collected = []
  }
  const write = (it: Decided): void => {
    if (collected.push(it) === 1) setTimeout(flush, collecting)
  }
  return { write, flush }
}

/**
 * The last `capacity` decisions, in a ring: noting one costs an assignment,
 * finding one a walk, and looking for one is rare.
 */
class Kept {
  readonly #capacity: number
  readonly #ring: Array<Decided> = []
  #next = 0

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  add(it: Decided): void {
    if (this.#capacity === 0) return
    this.#ring[this.#next] = it
    this.#next = (this.#next + 1) % this.#capacity
  }

  find(id: string): Decided | undefined {
    return this.#ring.find((it) => it.decision === id)
  }

  recent(count: number): ReadonlyArray<Decided> {
    const ordered = [...this.#ring.slice(this.#next), ...this.#ring.slice(0, this.#next)]
    return count === 0 ? [] : ordered.slice(-count).toReversed()
  }
}

/** Where the lines go. */
export type AuditTarget = "stdout" | "none" | `file:${string}`

export class DecisionLog extends Context.Service<DecisionLog, {
  readonly record: (it: Decided) => void
  /** Whether steps are worth noting: somebody will read them. */
  readonly wantsSteps: boolean
  readonly find: (id: string) => Decided | undefined
  /** The last ones, newest first. */
  readonly recent: (count: number) => ReadonlyArray<Decided>
}>()("@jotgate/server/DecisionLog") {
  /** Keeps `keep` decisions and writes a line for each to `audit`. */
  static readonly layer = (options: { readonly audit: AuditTarget; readonly keep: number }) =>
    Layer.effect(
      DecisionLog,
      Effect.gen(function*() {
        const kept = new Kept(options.keep)
        const { audit } = options
        const stream = audit === "none"
          ? undefined
          : audit === "stdout"
          ? process.stdout
          : yield* Effect.acquireRelease(
            Effect.sync(() => createWriteStream(audit.slice("file:".length), { flags: "a", mode: 0o600 })),
            (it) => Effect.callback<void>((resume) => void it.end(() => resume(Effect.void)))
          )
        const writer = stream === undefined
          ? undefined
          : yield* Effect.acquireRelease(
            Effect.sync(() => lineWriter(stream)),
            ({ flush }) => Effect.sync(flush)
          )
        return {
          record: (it) => {
            kept.add(it)
            writer?.write(it)
          },
          wantsSteps: options.keep > 0 || writer !== undefined,
          find: (id) => kept.find(id),
          recent: (count) => kept.recent(count)
        }
      })
    )

  /** Keeps everything in memory and writes nothing. */
  static readonly layerMemory = DecisionLog.layer({ audit: "none", keep: 10_000 })
}
