/**
 * The configuration in force, and what another one would change for whom.
 */
import { DateTime, Effect, Result } from "effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import { checkConfig } from "../config/ConfigCheck.ts"
import { parseConfig } from "../config/ConfigFile.ts"
import { ConfigState } from "../config/ConfigState.ts"
import { Deployments } from "../Deployment.ts"
import * as Problem from "../directory/DirectoryProblem.ts"
import { mostAsked, Planning } from "../Planning.ts"
import { Records } from "../record/Records.ts"
import { AdminApi, DecisionUnknown, RecordsUnavailable } from "./AdminApi.ts"

const timeText = (millis: number): string => DateTime.formatIso(DateTime.makeUnsafe(millis))

const statusOf = (config: ConfigState["Service"]) => {
  const source = config.source()
  const reload = config.reload()
  return {
    file: source?.file ?? null,
    version: source?.version ?? null,
    since: timeText(config.since()),
    warnings: source?.warnings ?? [],
    lastReload: reload === undefined ? null : { ...reload, time: timeText(reload.time) }
  }
}

const invalid = (findings: ReadonlyArray<{ readonly path: string; readonly line: number; readonly message: string }>) =>
  Problem.inputInvalid(
    findings.map(({ line, message, path }) => ({
      path: ["payload", "text"],
      message: `line ${line}: ${path === "" ? "" : `${path}: `}${message}`
    }))
  )

/** The handlers of `/admin/v1/config/status` and `/plan`. */
export const layer = HttpApiBuilder.group(
  AdminApi,
  "configuration",
  Effect.fn(function*(handlers) {
    const config = yield* ConfigState
    const deployments = yield* Deployments
    const planning = yield* Planning
    const records = yield* Records
    const nothing = (why: string) => Effect.fail(new DecisionUnknown({ detail: `${why} ${records.kept}` }))

    const plan = Effect.fnUntraced(function*(text: string) {
      const { managed } = deployments.current()
      if (!records.keepsQuestions) return yield* nothing("There are no recorded questions.")
      if (managed === undefined) return yield* nothing("This directory is not managed here.")
      const parsed = parseConfig({ name: "configuration", text, directory: managed.base, env: managed.env })
      if (Result.isFailure(parsed)) return yield* invalid(parsed.failure.findings)
      const file = parsed.success
      const errors = checkConfig(file).filter((it) => it.severity === "error")
      if (errors.length > 0) return yield* invalid(errors.map((it) => ({ ...it, ...file.positionOf(it.path) })))
      const replayed = yield* planning.plan(file.settings).pipe(
        Effect.catchTags({
          PlanRefused: ({ reason }) => invalid([{ path: "", line: 1, message: reason }]),
          RecordsAway: () => Effect.fail(new RecordsUnavailable()),
          SearchInvalid: Effect.die,
          Undecided: ({ code }) => Effect.fail(Problem.notAvailable(code.replace(/_unavailable$/, "")))
        })
      )
      if (replayed === undefined) return yield* nothing("Nobody can be asked.")
      return { kept: `The last ${mostAsked} recorded questions at most, with the rows in force.`, ...replayed }
    })

    return handlers
      .handle("status", () => Effect.sync(() => statusOf(config)))
      .handle("plan", ({ payload }) => plan(payload.text))
  })
)
