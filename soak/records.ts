/**
 * The long runs of records, on `jotgate serve` as a user starts it: none is lost at 5 000 decisions a second, and
 * keeping them costs little; a million rows cost no answer anything; fifty kills tear nothing; and `plan` over a million
 * recorded questions, against asking each of them anew. `npm run soak -- records`; `SCALE=0.1` for a tenth of it,
 * `RECORDS=rate,plans,kills` for some of its parts.
 */
import { Issuer } from "@jotgate/core/testing"
import type { KeptQuestion } from "@jotgate/server/KeptQuestion"
import { RecordStore } from "@jotgate/store/RecordStore"
import type { RecordRow } from "@jotgate/store/RecordText"
import { Context, Effect, Layer } from "effect"
import { spawn } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as KilledRecords from "../packages/cli/test/support/KilledRecords.ts"
import * as BuiltCommand from "../tools/lib/BuiltCommand.ts"
import { figure } from "./Figures.ts"
import { beside, inTurn, median, type Sliced } from "./Slices.ts"

const wanted = (process.env["RECORDS"] ?? "rate,plans,kills").split(",")
const SCALE = Number(process.env["SCALE"] ?? 1)
const RATE = 5_000
/** Slices of two seconds that each gate gets. */
const TURNS = Math.max(3, Math.round(30 * SCALE))
/** Who asks at the rate. */
const PEOPLE = 200
const ROWS = Math.round(1_000_000 * SCALE)
const KILLS = Math.max(1, Math.round(50 * SCALE))
/** Models of the recorded questions; each is of another person, so that no two are the same. */
const models = ["gpt-4o", "gpt-4o-mini", "claude-sonnet-4-5", "o1"]

const folder = mkdtempSync(join(tmpdir(), "jotgate-soak-"))
process.on("exit", () => rmSync(folder, { recursive: true, force: true }))
const main = new URL("../packages/cli/bin/jotgate.js", import.meta.url).pathname

const idp = await Effect.runPromise(Issuer.make("https://idp.test", ["ES256"]))
const now = Math.floor(Date.now() / 1000)
const tokenOf = (number: number) =>
  Effect.runPromise(
    idp.token({ now, claims: { sub: `u-${number}`, groups: [`t-${number % 100}`], exp: now + 3600 } })
  )

/** Teams of the directory; every second one may call gpt-4o alone. */
const rows = (pattern: string) => ({
  teams: Array.from(
    { length: 100 },
    (_, at) => ({ id: `t-${at}`, models: at % 2 === 0 ? ["claude-*", "o1"] : [pattern] })
  )
})

/** Writes a configuration and gives its name. */
const configured = (name: string, pattern: string, decisions: object): string => {
  writeFileSync(join(folder, `${name}-rows.json`), JSON.stringify(rows(pattern)))
  const file = join(folder, `${name}.json`)
  writeFileSync(
    file,
    JSON.stringify({
      issuers: [{
        id: "idp",
        issuer: idp.iss,
        audience: "https://api.test",
        jwks: idp.jwks,
        claims: { user: "sub", teams: "groups" }
      }],
      directory: { url: "memory:", file: `${name}-rows.json`, users: { unknown: "allow" } },
      cache: { dir: null },
      gateway: {
        listen: "127.0.0.1:0",
        admin: "127.0.0.1:0",
        drain: "0s",
        trustedProxies: ["127.0.0.1"],
        limits: { inFlightPerCaller: 2000 }
      },
      audit: { to: "none" },
      decisions
    })
  )
  return file
}

const asking = (token: string): string =>
  [
    "GET /_jotgate/auth/nginx HTTP/1.1",
    "Host: gate.test",
    `Authorization: Bearer ${token}`,
    "X-Original-Method: GET",
    "X-Original-URI: /v1/files",
    "",
    ""
  ].join("\r\n")

const inStore = <A>(file: string, use: (store: RecordStore["Service"]) => Effect.Effect<A, unknown>) =>
  Effect.runPromise(
    Effect.scoped(Effect.flatMap(
      Layer.build(RecordStore.layerSqlite(file)),
      (services) => use(Context.get(services, RecordStore))
    ))
  )

const counted = (file: string): Promise<number> =>
  inStore(file, (store) =>
    Effect.gen(function*() {
      let count = 0
      let below: string | undefined
      for (;;) {
        const page = yield* store.search({ limit: 5_000, below })
        count += page.length
        if (page.length < 5_000) return count
        below = page.at(-1)?.id
      }
    }))

/** One of the recorded questions: team and model by its number, as the rules of `gpt-4o*` decided it. */
const posed = (
  number: number
): { readonly asked: KeptQuestion; readonly who: string; readonly allowed: boolean; readonly team: string } => {
  const who = `u-${number}`
  const team = `t-${number % 100}`
  const model = models[Math.floor(number / 100) % models.length] ?? "o1"
  const isEven = number % 2 === 0
  const allowed = isEven ? model.startsWith("claude-") || model === "o1" : model.startsWith("gpt-4o")
  return {
    who,
    team,
    allowed,
    asked: {
      issuer: "idp",
      method: "POST",
      path: "/v1/chat/completions",
      team: null,
      asks: "Known",
      models: [model],
      claims: { sub: who, groups: [team] }
    }
  }
}

/** A record as the gate stores it; ids in their order. */
const recorded = (number: number): RecordRow => {
  const { allowed, asked: it, team, who } = posed(number)
  const id = `d_01ARZ3NDEK${String(number).padStart(16, "0")}`
  const code = allowed ? null : "team_model_denied"
  const model = it.models[0] ?? null
  return {
    id,
    status: allowed ? 200 : 403,
    code,
    person: allowed ? who : null,
    claimed: who,
    email: null,
    team: allowed ? team : null,
    model,
    tool: null,
    agent: null,
    body: JSON.stringify({
      time: "2026-11-24T10:00:00.000Z",
      decision: id,
      requestId: null,
      door: "proxy",
      method: it.method,
      route: it.path,
      model,
      tool: null,
      agent: null,
      status: allowed ? 200 : 403,
      code,
      verdict: allowed ? "allow" : "deny",
      verdictCode: code,
      issuer: "idp",
      user: allowed ? who : null,
      team: allowed ? team : null,
      organization: null,
      endUser: null,
      claimed: { user: who, email: null, teams: [team] },
      cause: null,
      millis: 0.1,
      upstream: null
    }),
    question: JSON.stringify(it)
  }
}

const million = join(folder, "million.db")

const fill = () =>
  inStore(million, (store) =>
    Effect.gen(function*() {
      for (let from = 0; from < ROWS; from += 1_000) {
        yield* store.append(Array.from({ length: Math.min(1_000, ROWS - from) }, (_, at) => recorded(from + at)))
      }
    }))

/** Runs `jotgate plan --json`; what it printed, seconds, and the most memory that it had, in MB. */
const plan = (config: string, store: string) =>
  new Promise<{ readonly printed: string; readonly seconds: number; readonly megabytes: number }>((done) => {
    const begun = performance.now()
    const it = spawn(process.execPath, [main, "plan", "--config", config, "--from", `sqlite:${store}`, "--json"], {
      stdio: ["ignore", "pipe", "inherit"]
    })
    let printed = ""
    let kilobytes = 0
    const look = setInterval(() => {
      try {
        const most = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${it.pid}/status`, "utf8"))?.[1]
        kilobytes = Math.max(kilobytes, Number(most ?? 0))
      } catch {
        // It has just ended.
      }
    }, 100)
    it.stdout.on("data", (chunk: Buffer) => void (printed += chunk.toString()))
    it.on("close", () => {
      clearInterval(look)
      done({ printed, seconds: (performance.now() - begun) / 1000, megabytes: kilobytes / 1024 })
    })
  })

let filling: Promise<void> | undefined

/** Fills the store once. */
const filled = (): Promise<void> => filling ??= fill()

const plain = configured("plain", "gpt-4o*", {})
const large = configured("large", "gpt-4o*", { store: `sqlite:${million}`, life: "36500d" })

/** Nothing lost and little spent at the rate; over nothing, and over a million rows. */
const rate = async () => {
  await filled()
  const stored = (name: string) => configured(name, "gpt-4o*", { store: `sqlite:${folder}/${name}.db` })
  const [without, again, withStore, full] = await inTurn([
    plain,
    configured("again", "gpt-4o*", {}),
    stored("kept"),
    large
  ], {
    requests: await Promise.all(Array.from({ length: PEOPLE }, async (_, at) => asking(await tokenOf(at)))),
    rate: RATE,
    seconds: 2,
    turns: TURNS
  })
  if (without === undefined || again === undefined || withStore === undefined || full === undefined) return
  const told = (it: Sliced) => `${median(it.own).toFixed(1)} (all threads ${median(it.whole).toFixed(1)})`
  console.log(
    `       ${Math.round(withStore.rate)} decisions a second; CPU of the answering thread each, in µs: stored ${
      told(withStore)
    }, over ${ROWS} rows ${told(full)}, without a store ${told(without)} and ${told(again)}`
  )
  console.log(`       noise: of two gates without a store, one beside the other ${beside(again, without).toFixed(3)}`)
  figure(
    "records that were answered and are not in the store",
    withStore.all - await counted(join(folder, "kept.db")),
    {
      most: 0
    }
  )
  figure(
    "processor time that a decision takes of its answer with its record stored, of one without",
    beside(withStore, without, again),
    { most: 1.05 }
  )
  figure(`the same with its record stored over ${ROWS} others`, beside(full, without, again), { most: 1.05 })
  figure(`processor time of a decision over ${ROWS} records, of one over none`, beside(full, withStore), { most: 1.05 })
}

/** Plans over a million questions, for the file in force and with one pattern removed. */
const plans = async () => {
  await filled()
  const same = await plan(large, million)
  const unchanged = JSON.parse(same.printed)
  figure("questions asked", unchanged.asked, { least: ROWS })
  figure(
    "differences for the file in force",
    unchanged.lost.length + unchanged.gained.length + unchanged.moved.length,
    { most: 0 }
  )
  figure(`seconds for a plan over ${ROWS} questions`, same.seconds, { most: 60 }, " s")
  figure("memory of a plan", same.megabytes, { most: 400 }, " MB")
  const narrowed = JSON.parse((await plan(configured("narrow", "gpt-4o", {}), million)).printed)
  const lost = new Set<string>(narrowed.lost.map((it: { readonly who: string }) => it.who))
  // The independent replay: who was allowed gpt-4o-mini, by the numbers alone.
  const losing = new Set<string>()
  for (let number = 0; number < ROWS; number++) {
    const { allowed, asked: it, who } = posed(number)
    if (allowed && it.models[0] === "gpt-4o-mini") losing.add(who)
  }
  figure(
    "people who lose with one pattern removed, named by the plan and not by asking each, or the other way round",
    new Set([...lost].filter((it) => !losing.has(it)).concat([...losing].filter((it) => !lost.has(it)))).size,
    { most: 0 }
  )
  console.log(`       ${losing.size} people lose`)
}

const kills = async () => {
  await BuiltCommand.setup()
  const { asked: requests, lost: gone, oldest, torn } = await Effect.runPromise(Effect.scoped(KilledRecords.run(KILLS)))
  figure(
    `kills in the middle of ${requests} answers, of whose records the last ${gone} were lost and ${torn} lines of the audit cut`,
    KILLS,
    { least: KILLS }
  )
  figure("how long before a kill the oldest lost record was answered", oldest, { most: 1_000 }, " ms")
}

const parts = { rate, plans, kills }
for (const [name, part] of Object.entries(parts)) {
  if (wanted.includes(name)) await part()
}
process.exit()
