/**
 * Decides recorded cases with the real pipeline: their configuration through the
 * importer, their directory in memory, their tokens signed anew, their URLs
 * answered from memory, the clock frozen at their time.
 */
import { AuthBuilder } from "@jotgate/core/AuthBuilder"
import { ClaimsPolicy, CustomDenied } from "@jotgate/core/ClaimsPolicy"
import type { DirectoryWrite } from "@jotgate/core/Directory"
import { Issuers } from "@jotgate/core/Issuer"
import { KeyStore } from "@jotgate/core/KeyStore"
import { MemoryDirectory } from "@jotgate/core/MemoryDirectory"
import { find, unfound } from "@jotgate/core/ModelRoutes"
import { NodeSignature } from "@jotgate/core/node"
import { OpaqueToken } from "@jotgate/core/OpaqueToken"
import type { OrganizationRepo } from "@jotgate/core/OrganizationRepo"
import { Outbound, OutboundFailed } from "@jotgate/core/Outbound"
import type { Provisioner } from "@jotgate/core/Provisioner"
import {
  conflictingModels,
  make as makeAsked,
  rawHeadersOf,
  type RequestedModel,
  severalModels
} from "@jotgate/core/Request"
import { RequestPolicy } from "@jotgate/core/RequestPolicy"
import { Revocation } from "@jotgate/core/Revocation"
import { SavedKeys } from "@jotgate/core/SavedKeys"
import { Secrets } from "@jotgate/core/Secrets"
import type { Settings } from "@jotgate/core/Settings"
import type { TeamRepo } from "@jotgate/core/TeamRepo"
import type { Noted } from "@jotgate/core/Trace"
import { Trace } from "@jotgate/core/Trace"
import type { UserRepo } from "@jotgate/core/UserRepo"
import { ModelPeek } from "@jotgate/server"
import * as Peeked from "@jotgate/server/Peeked"
import { Effect, Exit, Layer, Logger, Result } from "effect"
import { TestClock } from "effect/testing"
import { isDeepStrictEqual } from "node:util"
import { importLitellm } from "../../src/import/litellm.ts"
import { failingOf, rowsOf } from "./ReferenceRows.ts"
import type { Case, Scenario } from "./Scenario.ts"
import { publishedBy, tokenOf } from "./Signer.ts"

/** What the pipeline said. */
export interface Outcome {
  readonly allowed: boolean
  readonly status: number
  readonly code: string | null
  readonly userId: string | null
  readonly teamId: string | null
  readonly orgId: string | null
  readonly endUserId: string | null
  readonly isAdmin: boolean
  readonly steps: ReadonlyArray<Noted>
}

const denied = (status: number, code: string, steps: ReadonlyArray<Noted>): Outcome => ({
  allowed: false,
  status,
  code,
  userId: null,
  teamId: null,
  orgId: null,
  endUserId: null,
  isAdmin: false,
  steps
})

/** The reference's hook in the corpus: one claim must equal one value. */
const hookOf = (config: Scenario["config"]): Layer.Layer<ClaimsPolicy> => {
  const hook = config["customValidate"]
  if (typeof hook !== "object" || hook === null || !("claim" in hook) || !("equals" in hook)) {
    return ClaimsPolicy.layerNone
  }
  const { claim, equals } = hook
  return ClaimsPolicy.layer(({ payload }) =>
    isDeepStrictEqual(payload[String(claim)], equals)
      ? Exit.void
      : Exit.fail(new CustomDenied({ reason: String(claim) }))
  )
}

const outboundOf = (scenario: Scenario): Layer.Layer<Outbound> => {
  const documents = publishedBy(scenario)
  return Layer.succeed(Outbound, {
    ask: ({ url }) => {
      const text = documents.get(url)
      return text === undefined
        ? Effect.fail(new OutboundFailed({ reason: "connect", detail: "nothing is there" }))
        : Effect.succeed({ status: 200, type: "application/json", header: () => undefined, text })
    }
  })
}

const seams = Layer.mergeAll(
  NodeSignature.layer,
  SavedKeys.layerMemory,
  Secrets.layerTest({}),
  OpaqueToken.layerNone,
  Revocation.layerNoop
)

const modelOf = ({ body, method, path }: Case["request"]): Result.Result<RequestedModel, string> => {
  const reads = method === "GET" || method === "HEAD"
  const peeked = ModelPeek.peek({
    method,
    target: path,
    rawHeaders: [],
    contentType: "application/json",
    body: reads ? new Uint8Array() : new TextEncoder().encode(JSON.stringify(body ?? {}))
  })
  if (peeked._tag === "Found") return Result.succeed(severalModels(Peeked.namesOf(peeked)))
  if (peeked._tag !== "Refused") return Result.succeed(unfound(find(method, path)))
  return peeked.code === "request_ambiguous" ? Result.succeed(conflictingModels) : Result.fail(peeked.code)
}

/**
 * Whom the reference calls by the claim: an id of a created row is made (RULES D61), so what must agree is the subject that
 * is linked to it.
 */
const namedBy = (writes: ReadonlyArray<DirectoryWrite>, userId: string | null): string | null => {
  const created = writes.find((it) => it._tag === "CreateUser")?.user
  return created?.id === userId ? created?.subjects.find((it) => it.namespace === "")?.subject ?? null : userId
}

const decideCase = Effect.fnUntraced(function*(one: Case) {
  const { headers, method, path } = one.request
  const steps: Array<Noted> = []
  const model = modelOf(one.request)
  if (Result.isFailure(model)) return denied(400, model.failure, steps)
  const asked = makeAsked({
    method,
    target: path,
    rawHeaders: rawHeadersOf({ ...headers, authorization: `Bearer ${tokenOf(one.token)}` }),
    model: model.success
  })
  if (Exit.isFailure(asked)) return denied(400, "request_ambiguous", steps)
  const auth = yield* AuthBuilder
  const answer = yield* Effect.result(
    auth.authenticate(asked.value).pipe(Effect.provideService(Trace, (step: Noted) => void steps.push(step)))
  )
  if (Result.isFailure(answer)) return denied(answer.failure.status, answer.failure.code, steps)
  const { principal, writes } = answer.success
  const outcome: Outcome = {
    allowed: true,
    status: 200,
    code: null,
    userId: namedBy(writes, principal.userId ?? null),
    teamId: principal.teamId ?? null,
    orgId: principal.organizationId ?? null,
    endUserId: principal.endUserId ?? null,
    isAdmin: principal.admin,
    steps
  }
  return outcome
})

/** A directory of its own for a case. */
const inMemory = ({ directory = {} }: Scenario): Repos =>
  MemoryDirectory.layerRepos(rowsOf(directory), { failing: failingOf(directory) })

type Repos = Layer.Layer<UserRepo | TeamRepo | OrganizationRepo | Provisioner>

/** Decides every case of a scenario, each on a directory of its own unless `repos` is where its rows are. */
export const decideAll = (scenario: Scenario, settings: Settings, repos?: Repos) =>
  Effect.gen(function*() {
    yield* TestClock.setTime(scenario.now * 1000)
    const hook = hookOf(scenario.config)
    const keys = yield* Layer.build(
      KeyStore.layer.pipe(
        Layer.provide(Issuers.layer(settings.issuers)),
        Layer.provide(outboundOf(scenario)),
        Layer.provideMerge(seams)
      )
    )
    const pipeline = AuthBuilder.layerFor(settings).pipe(
      Layer.provide([hook, RequestPolicy.layerNone])
    )
    const { cases = [] } = scenario
    return yield* Effect.forEach(cases, (one) =>
      decideCase(one).pipe(
        Effect.catchDefect((defect) => Effect.succeed(denied(500, `defect: ${String(defect)}`, []))),
        Effect.provide(pipeline.pipe(Layer.provide(repos ?? inMemory(scenario)))),
        Effect.provide(keys)
      ))
  }).pipe(Effect.scoped, Effect.provide(Layer.merge(TestClock.layer(), Logger.layer([]))))

/** The settings that the importer makes of the scenario's configuration. */
export const settingsOf = (scenario: Scenario): Settings =>
  Result.match(importLitellm(scenario.config, { release: scenario.reference }), {
    onFailure: (reasons) => {
      throw new Error(`${scenario.id}: ${reasons.join("; ")}`)
    },
    onSuccess: (imported) => imported.settings
  })

/** What the pipeline says to every case of a scenario. */
export const run = async (scenario: Scenario): Promise<ReadonlyArray<Outcome>> =>
  Effect.runPromise(decideAll(scenario, settingsOf(scenario)))
