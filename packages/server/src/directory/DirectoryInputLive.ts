/**
 * What the directory's API takes, whoever asks: bodies that can be read in one
 * way, and every place that is wrong named.
 */
import * as SchemaFindings from "@jotgate/core/SchemaFindings"
import { Effect, Layer } from "effect"
import * as HttpApiMiddleware from "effect/http-api/HttpApiMiddleware"
import { Caller, DirectoryAccess, DirectoryInput } from "./DirectoryAccess.ts"
import { inputInvalid } from "./DirectoryProblem.ts"
import * as RequestBody from "./RequestBody.ts"

const slots = { Params: "params", Headers: "headers", Query: "query", Payload: "payload" } as const

/** Names every place that is wrong, with the field that was probably meant. */
const named = HttpApiMiddleware.layerSchemaErrorTransform(DirectoryInput, (error) => {
  if (error.kind === "Body" || error.kind === "ResponseHeaders") return Effect.die(error)
  const slot = slots[error.kind]
  return inputInvalid(
    SchemaFindings.findings(error.cause.issue).map(({ message, path }) => ({ path: [slot, ...path], message }))
  )
})

/** Looks at a body before it is decoded. */
export const layer = Layer.effect(
  DirectoryInput,
  Effect.gen(function*() {
    const naming = yield* DirectoryInput
    const looking: DirectoryInput["Service"] = (next, options) =>
      Effect.andThen(RequestBody.check(options.endpoint), naming(next, options))
    return looking
  })
).pipe(Layer.provide(named))

/** Whoever works on the store itself may do everything. */
export const layerDirect = (name: string) =>
  Layer.merge(
    Layer.succeed(DirectoryAccess, {
      bearer: (next) => Effect.provideService(next, Caller, { name, mayWrite: true })
    }),
    layer
  )
