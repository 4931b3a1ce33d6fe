/**
 * Asks the endpoints of one issuer with what its settings say about
 * connections: the certificate authority and whether `http:` is allowed.
 */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type { Issuer } from "../Settings.ts"
import type { Secrets } from "../settings/Secrets.ts"
import { type Outbound, type OutboundAnswer, OutboundFailed, type OutboundRequest } from "./Outbound.ts"

/** A request without what the settings decide. */
export type Question = Omit<OutboundRequest, "allowInsecure" | "ca">

/** The one way to an issuer. */
export interface IssuerClient {
  readonly settings: Issuer
  readonly ask: (question: Question) => Effect.Effect<OutboundAnswer, OutboundFailed>
}

const unreadable = () => new OutboundFailed({ reason: "authority", detail: "tls.ca cannot be read" })

/** The client of one issuer. `tls.ca` is read at each request, so that a renewed file counts. */
export const make = (outbound: Outbound["Service"], secrets: Secrets["Service"], settings: Issuer): IssuerClient => {
  const { allowInsecure, tls } = settings
  return {
    settings,
    ask: (question) =>
      tls === undefined
        ? outbound.ask({ ...question, allowInsecure })
        : secrets.read(tls.ca).pipe(
          Effect.mapError(unreadable),
          Effect.flatMap((ca) => outbound.ask({ ...question, allowInsecure, ca: Redacted.value(ca) }))
        )
  }
}
