/** What processes of one gate say to each other; another release's program may say it otherwise. */
import { assert, describe, it } from "@effect/vitest"
import { isToOwner, isToWorker } from "../../src/workers/Message.ts"

const address = { host: "127.0.0.1", port: 4180 }
const fetching = {
  url: "https://idp.test/keys",
  reach: { _tag: "Discovered", issuer: "idp.test" },
  allowInsecure: false,
  accept: "application/json",
  authorization: null,
  ca: null
}
const serving = {
  settings: {},
  lines: new Map([["issuers", 1]]),
  base: ".",
  grace: 0,
  keepsQuestions: false,
  keepsRecords: true,
  refuses: false
}

const toOwner: ReadonlyArray<{ readonly _tag: string; readonly [member: string]: unknown }> = [
  { _tag: "Here" },
  { _tag: "Ready", gate: address, grpc: null },
  { _tag: "Failed", message: "x", listen: { ...address, code: "EADDRINUSE" } },
  { _tag: "Records", lines: "{}\n", questions: [null, "{}"] },
  { _tag: "Fetch", id: 1, newerThan: 0, fetching },
  { _tag: "Done", id: 1, text: "", failed: false },
  { _tag: "Took", session: "s", caller: "c" },
  { _tag: "Wounded" },
  { _tag: "Gone" }
]

const toWorker: ReadonlyArray<{ readonly _tag: string; readonly [member: string]: unknown }> = [
  { _tag: "Serve", serving },
  { _tag: "Reload", id: 1, settings: {}, lines: new Map() },
  { _tag: "Figures", id: 1 },
  { _tag: "Refuses", refuses: true },
  { _tag: "Refresh", id: 1, issuer: "a" },
  { _tag: "Drop", id: 1, issuer: "a", kid: null },
  { _tag: "Fetched", id: 1, at: 0, fetched: { _tag: "Failure", reason: "timeout", detail: "" } },
  {
    _tag: "Fetched",
    id: 1,
    at: 0,
    fetched: { _tag: "Answer", status: 200, type: "application/json", cacheControl: null, text: "{}" }
  },
  { _tag: "Taken", sessions: [["s", "c"]] },
  { _tag: "Stop", lingers: true }
]

const others: ReadonlyArray<unknown> = [undefined, null, 7, "x", [], [7], { x: 7 }, { _tag: "Other" }, Number.NaN]

/** Each message with one of its members left out, or of another kind. */
const broken = (message: object): ReadonlyArray<unknown> =>
  Object.keys(message).flatMap((name) =>
    [undefined, Symbol.iterator, 7n, { x: { y: 1 } }, [[[]]]].map((other) => ({ ...message, [name]: other }))
  )

describe("messages between the processes of a gate", () => {
  for (const [to, is, all] of [["the owner", isToOwner, toOwner], ["a worker", isToWorker, toWorker]] as const) {
    for (const message of all) {
      it(`to ${to}: ${message._tag} is one whole, and none with anything else in it`, () => {
        assert.isTrue(is(message))
        for (const it of broken(message)) {
          if (message._tag === "Reload" || message._tag === "Serve") continue
          assert.isFalse(is(it))
        }
      })
    }
    it(`to ${to}: anything else is none`, () => {
      for (const it of others) assert.isFalse(is(it))
    })
  }

  it("settings are an object, whose lines are a map", () => {
    for (const other of [undefined, null, 7, "x"]) {
      assert.isFalse(isToWorker({ _tag: "Serve", serving: { ...serving, settings: other } }))
      assert.isFalse(isToWorker({ _tag: "Reload", id: 1, settings: {}, lines: other }))
      assert.isFalse(isToWorker({ _tag: "Serve", serving: other }))
    }
  })
})
