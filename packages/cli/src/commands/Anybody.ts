/** What anybody may who has a valid token, without a row and without a team, as the admin listener tells. */
import { AnybodyView } from "@jotgate/server/ReverseAnswers"
import { Effect, Schema } from "effect"
import type * as AdminClient from "../admin/AdminClient.ts"
import { failure } from "../Outcome.ts"

const decode = Schema.decodeUnknownEffect(AnybodyView)

/** Asks about one call. */
export const ask = (client: AdminClient.Ask, query: Readonly<Record<string, string | undefined>>) =>
  client({ method: "GET", path: "/anybody/can", query }).pipe(
    Effect.flatMap(decode),
    Effect.catchTag("SchemaError", () => failure("this is no admin listener of jotgate"))
  )
