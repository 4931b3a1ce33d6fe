/**
 * What an allowed decision looks like, and the steps that tell of it.
 */
import type { Allowed, Reach as ReachOf } from "../Decision.ts"
import type { DirectoryWrite } from "../directory/Directory.ts"
import { nobody, type Principal } from "../principal/Principal.ts"
import { type Asked, modelText, namesOf, type RequestedModel, toolText } from "../Request.ts"
import type { FactsOf } from "../Step.ts"
import type { Now } from "../Trace.ts"
import type { Caller } from "./Caller.ts"
import * as Reach from "./Reach.ts"

/** The model that a request names, of several the first. */
export const named = ({ model }: Asked): string | undefined => model._tag === "Known" ? model.name : namesOf(model)[0]

/** Where the model was found, when the door has told it. */
const placesOf = (model: RequestedModel): FactsOf<"model"> =>
  "at" in model && model.at !== undefined ? { at: model.at } : {}

/** The decision on an open route: nobody was asked for a token (RULES D46). */
export const open = (asked: Asked, now: Now): Allowed => {
  now.note?.({ step: "route", outcome: "ok", facts: { rule: "policy.openRoutes", route: asked.path } })
  return {
    _tag: "Allowed",
    claims: undefined,
    identity: undefined,
    principal: nobody,
    reach: Reach.everything,
    model: named(asked),
    route: asked.path,
    writes: []
  }
}

/** The decision on a caller whom no rule denies. */
export const allow = (
  { asked, claims, identity }: Caller,
  principal: Principal,
  reach: ReachOf,
  writes: ReadonlyArray<DirectoryWrite>,
  now: Now
): Allowed => {
  if (now.note !== undefined) {
    const model = modelText(asked.model)
    now.note({
      step: "model",
      outcome: model === null ? "skipped" : "ok",
      facts: { model: model ?? asked.model._tag, ...placesOf(asked.model), allowed: reach.models() },
      resolved: { models: reach.models() }
    })
    const tools = reach.tools()
    if (tools.length !== 1 || tools[0] !== "*") {
      const tool = asked.tool === undefined ? null : toolText(asked.tool)
      now.note({
        step: "tool",
        outcome: tool === null ? "skipped" : "ok",
        facts: { tool, allowed: tools },
        resolved: { tools }
      })
    }
    now.note({ step: "route", outcome: "ok", facts: { route: asked.path, method: asked.method } })
    if (writes.length > 0) now.note({ step: "writes", outcome: "ok", facts: { writes: writes.map((it) => it._tag) } })
  }
  const tool = asked.tool === undefined ? null : toolText(asked.tool)
  const allowed: Allowed = {
    _tag: "Allowed",
    claims,
    identity,
    principal,
    reach,
    model: named(asked),
    route: asked.path,
    writes
  }
  return tool === null ? allowed : { ...allowed, tool }
}
