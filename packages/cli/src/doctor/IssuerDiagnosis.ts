/**
 * Discovery, keys, algorithms and clock of an issuer, asked as the gate asks: by the same code, so with the same
 * addresses, limits, certificate authority, proxy and tokens. What is well here is well there.
 */
import { make as makeClient } from "@jotgate/core/IssuerClient"
import { nameOf, reader, sourcesOf } from "@jotgate/core/KeySource"
import { Outbound, type OutboundAnswer } from "@jotgate/core/Outbound"
import { Secrets } from "@jotgate/core/Secrets"
import { Issuer } from "@jotgate/core/Settings"
import { Effect, Option, Result, Schema } from "effect"
import { type Finding, ok, remedied, warning, wrong } from "./Finding.ts"

/** Clocks that differ by more than this, in seconds, make good tokens bad. */
const mostSkew = 30

const clock = (date: string | undefined): ReadonlyArray<Finding> => {
  if (date === undefined) return []
  const apart = Math.round((Date.now() - Date.parse(date)) / 1000)
  return Number.isNaN(apart)
    ? []
    : Math.abs(apart) <= mostSkew
    ? [ok("clock", `agrees with the issuer's (${apart} s apart)`)]
    : [wrong("clock", `is ${Math.abs(apart)} s ${apart > 0 ? "ahead of" : "behind"} the issuer's`)]
}

const named = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Struct({ issuer: Schema.String })))

/** One issuer of a file. */
export const issuer = Effect.fnUntraced(function*(settings: Issuer) {
  const outbound = yield* Outbound
  const secrets = yield* Secrets
  const heard: Array<OutboundAnswer> = []
  const client = makeClient(
    { ask: (request) => Effect.tap(outbound.ask(request), (answer) => Effect.sync(() => heard.push(answer))) },
    secrets,
    settings
  )
  const found: Array<Finding> = []
  const sources = sourcesOf(settings)
  if (sources.length === 0) found.push(wrong("keys", `${settings.id} has no jwks, and no address to discover them at`))
  for (const source of sources) {
    const before = heard.length
    const read = yield* Effect.result(reader(source, client, secrets)(false))
    const place = `${nameOf(source)}${source._tag === "Discovery" ? "" : ` (${settings.id})`}`
    if (Result.isFailure(read)) {
      const other = heard.slice(before).flatMap(({ text }) => Option.toArray(named(text)))[0]?.issuer
      found.push(
        source._tag === "Discovery" && other !== undefined && other !== settings.issuer
          ? wrong("issuer", `${place} names the issuer ${other}, not ${settings.issuer}: write it so, byte for byte`)
          : wrong(
            source._tag === "Discovery" ? "issuer" : "keys",
            `${place} ${remedied(read.failure.detail, "issuers[].tls: { ca: file:ca.pem }")}`
          )
      )
      continue
    }
    const { keys, skipped } = read.success.set
    if (source._tag === "Discovery") found.push(ok("issuer", `${settings.issuer} is found by discovery`))
    const kinds = [...new Set(keys.flatMap((it) => it.algorithms))].filter((it) => settings.algorithms.includes(it))
    found.push(
      kinds.length === 0
        ? wrong("keys", `${keys.length} at ${place}, none for issuers[].algorithms`)
        : ok("keys", `${keys.length} at ${place}: ${kinds.join(", ")}`)
    )
    if (skipped.length > 0) {
      found.push(warning("keys", `${skipped.length} more are not used: ${skipped.map((it) => it.reason).join(", ")}`))
    }
  }
  found.push(...clock(heard.map((it) => it.header("date")).find((it) => it !== undefined)))
  return found
})

/** For whom the tokens of an issuer of a file have to be. */
export const audience = ({ audience, id }: Issuer): Finding =>
  audience.includes("any")
    ? warning("audience", `${id} takes tokens for every audience`)
    : ok("audience", `${id}: ${audience.join(", ")}`)

/** An issuer of which nothing is known but its address. */
export const at = (url: string) => Schema.decodeUnknownEffect(Issuer)({ id: "issuer", issuer: url, audience: "any" })
