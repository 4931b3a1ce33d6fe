/**
 * What operators do, and what happens to them, under load: `npm run soak -- endurance`; `ENDURANCE=rolling,live` takes
 * some of it, `LIVE_MINUTES` (20) says how long the last one goes on.
 */
import { Postgres } from "@jotgate/servers"
import { Effect } from "effect"
import * as Endurance from "../packages/cli/test/support/Endurance.ts"
import { figure } from "./Figures.ts"

const wanted = (process.env["ENDURANCE"] ?? "rolling,reloads,kills,live").split(",")
const minutes = Number(process.env["LIVE_MINUTES"] ?? 20)
const REQUESTS = 30_000
const RELOADS = 100
const KILLS = 50

const told = (what: string, it: { readonly lost?: ReadonlyArray<string>; readonly wrong: ReadonlyArray<string> }) => {
  if (it.lost !== undefined) figure(`${what}: requests lost`, it.lost.length, { most: 0 })
  figure(`${what}: answers that were wrong`, it.wrong.length, { most: 0 })
  for (const text of new Set([...(it.lost ?? []), ...it.wrong])) console.error(text)
}

if (wanted.includes("rolling")) {
  const it = await Effect.runPromise(Effect.scoped(Endurance.rolling(REQUESTS)))
  figure("rolling restart behind HAProxy: requests", it.done, { least: REQUESTS })
  figure("rolling restart behind HAProxy: processes replaced", it.restarts, { least: 2 })
  figure(
    "rolling restart behind HAProxy: ends with another code than 0",
    it.exits.filter((code) => code !== 0).length,
    {
      most: 0
    }
  )
  told("rolling restart behind HAProxy", it)
}
if (wanted.includes("reloads")) {
  const it = await Effect.runPromise(Effect.scoped(Endurance.reloads(RELOADS)))
  figure("reloads: files that were refused", it.refused, { least: RELOADS / 10 })
  told("reloads", it)
}
if (wanted.includes("kills")) {
  for (const store of ["sqlite", "postgres"] as const) {
    const it = await Effect.runPromise(Effect.scoped(Effect.gen(function*() {
      const url = store === "sqlite" ? "sqlite:directory.db" : (yield* Postgres.make()).url
      return yield* Endurance.kills(KILLS, url)
    })))
    figure(`kill -9, ${store}: good tokens refused after ${KILLS} starts`, it.refused, { most: 0 })
    told(`kill -9, ${store}`, it)
  }
}
if (wanted.includes("live")) {
  const it = await Effect.runPromise(Effect.scoped(Endurance.live(minutes * 60_000, 60_000)))
  figure("live: requests", it.done, { least: 1_000 })
  figure("live: keys that the issuer took", it.rotations, { least: minutes })
  figure("live: memory of the last third beyond the one before", it.growth, { most: 20 }, " MB")
  told("live", it)
}
process.exit()
