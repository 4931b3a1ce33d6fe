/**
 * The steps of one decision, as a by-product of the same run.
 *
 * A step is noted into a sink that is absent by default, so it costs nothing
 * when nobody listens. The command line, the page, the log line and the test
 * kit print this one artefact. Facts are for the operator: a step never holds
 * a token, a signature or a secret.
 */
import * as Context from "effect/Context"
import type { JsonObject } from "./Json.ts"
import type { Once } from "./Once.ts"
import type { StepName, StepOf } from "./Step.ts"

/** One step as a decision notes it. */
export type Noted<Name extends StepName = StepName> = StepOf<Name> & {
  /** What is known from here on, so that a denial can still say who was asking; never printed. */
  readonly resolved?: Resolved
}

/** A step as it is told to others. */
export const told = <Name extends StepName>({ facts, outcome, step }: Noted<Name>): StepOf<Name> => ({
  step,
  outcome,
  facts
})

/** Who a proven token says it is, whatever rows there are. */
export interface Claimed {
  /** The subject, as mapped. */
  readonly user: string | null
  /** The e-mail address. */
  readonly email: string | null
  /** The teams or groups. */
  readonly teams: ReadonlyArray<string>
}

/** Whom a decision has found so far. */
export interface Resolved {
  /** The id of the issuer whose token was proven. */
  readonly issuer?: string
  /** Who the token says it is. */
  readonly claimed?: Claimed
  /** The mapped ones of the proven claims, for who keeps questions. */
  readonly claims?: () => JsonObject
  /** The person. */
  readonly user?: {
    /** The id of the row, else of the claim. */
    readonly id: string
    /** The address; `null` when none is known. */
    readonly email: string | null
    /** The role. */
    readonly role: string
  }
  /** The team. */
  readonly team?: {
    /** Its id. */
    readonly id: string
    /** Its name; `null` when it has none. */
    readonly alias: string | null
  }
  /** The organization. */
  readonly organization?: {
    /** Its id. */
    readonly id: string
  }
  /** The end user. */
  readonly endUser?: {
    /** Its id. */
    readonly id: string
  }
  /** Who acts, and the whole chain, outermost first. */
  readonly agent?: {
    /** The outermost actor. */
    readonly id: string
    /** Every actor, outermost first. */
    readonly chain: ReadonlyArray<string>
  }
  /** Patterns of the models that may be called. */
  readonly models?: ReadonlyArray<string>
  /** Patterns of the tools that may be called. */
  readonly tools?: ReadonlyArray<string>
}

/** Receives each step as it happens. */
export type Sink = (step: Noted) => void

/** The sink of the running decision; absent by default. */
export const Trace = Context.Reference<Sink | undefined>("@jotgate/core/Trace", { defaultValue: () => undefined })

/** What a decision reads once from its fiber: wall-clock and monotonic milliseconds, and the sink. */
export interface Now {
  /** Unix time in milliseconds; for claims. */
  readonly time: number
  /** Monotonic milliseconds of arbitrary origin; for the age of cached things (a clock step changes none). */
  readonly ticks: number
  /** Receives the steps; `undefined` when nobody listens. */
  readonly note: Sink | undefined
  /** Whether the sink does without what would have allowed a denial, which takes several decisions to find out. */
  readonly brief?: boolean
  /**
   * What others have said on behalf of one request, which may be decided in several passes (at once from memory, then with
   * a listener, then to find out what would have allowed it): nobody is asked the same again.
   */
  readonly once?: Once | undefined
}
