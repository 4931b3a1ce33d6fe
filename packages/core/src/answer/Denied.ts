/** What a denial was made of: the facts of its steps, read one by one. */
import type { Fact } from "../Step.ts"
import type { Printed } from "./StepText.ts"

/** The facts of one step. */
export type Facts = { readonly [name: string]: Fact }

/** A step that tells nothing. */
export const nothing: Facts = {}

/** Whether a fact has facts of its own. */
export const isFacts = (fact: Fact | undefined): fact is Facts =>
  typeof fact === "object" && fact !== null && !Array.isArray(fact)

const textIn = (facts: Facts, name: string): string | undefined => {
  const value = facts[name]
  return typeof value === "string" && value !== "" ? value : undefined
}

/** The texts among the entries of a fact. */
export const textsIn = (facts: Facts, name: string): ReadonlyArray<string> => {
  const value = facts[name]
  return Array.isArray(value) ? value.filter((it): it is string => typeof it === "string") : []
}

/** A name as it is told. */
export const quoted = (name: string | undefined): string => JSON.stringify(name ?? "…")

export class Denied {
  readonly facts: Facts
  readonly #steps: ReadonlyArray<Printed>

  constructor(steps: ReadonlyArray<Printed>) {
    this.#steps = steps
    this.facts = steps.findLast((it) => it.outcome === "denied" || it.outcome === "unavailable")?.facts ?? nothing
  }

  text(name: string): string | undefined {
    return textIn(this.facts, name)
  }

  /** A fact of a step that went well. */
  found(step: string, name: string): string | undefined {
    const facts = this.#steps.find((it) => it.step === step && it.outcome === "ok")?.facts
    return facts === undefined ? undefined : textIn(facts, name)
  }

  get rule(): string | undefined {
    return this.text("rule")
  }

  get model(): string {
    return quoted(this.text("model"))
  }

  get route(): string {
    return quoted(this.text("route"))
  }

  get issuer(): string | undefined {
    return this.text("issuer") ?? this.found("token", "issuer")
  }

  get user(): string | undefined {
    return this.text("user") ?? this.found("user", "user")
  }

  /** Of the teams that were tried, the one that only the model keeps from fitting, else the first. */
  get tried(): Facts | undefined {
    const candidates = this.facts["candidates"]
    const all: ReadonlyArray<Facts> = (Array.isArray(candidates) ? candidates : []).filter(isFacts)
    return all.find((it) => it["verdict"] === "model") ?? all[0]
  }

  /** The chosen team, else one of those that were tried. */
  get team(): string | undefined {
    return this.text("team") ?? textIn(this.tried ?? nothing, "team") ?? this.text("header") ?? this.text("single") ??
      this.text("object") ??
      this.text("alias") ?? textsIn(this.facts, "groups")[0] ?? this.found("team", "team")
  }
}
