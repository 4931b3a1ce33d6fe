/** The Vercel AI SDK, LangChain and Google's SDK through the gate, each set as docs/clients.md says and in a process of its own. */
import { describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { join } from "node:path"
import * as ClientWorld from "../support/ClientWorld.ts"

const ask = join(import.meta.dirname, "../fixtures/clients/ask.mjs")

/** How many times each is answered before it is refused: whole and streamed, the first one by two APIs. */
const answers: Readonly<Record<string, number>> = { "ai": 4, "@langchain/openai": 2, "@google/genai": 2 }

describe("an SDK of npm", () => {
  it.live.each(Object.entries(answers))(
    "%s: is answered whole and streamed, and reads why it is refused",
    ([name, count]) =>
      Effect.gen(function*() {
        const world = yield* ClientWorld.make()
        const program = { program: process.execPath, args: [ask, name] }
        yield* ClientWorld.isRight(world, program, Array.from({ length: count }, () => "Hello"))
      }),
    180_000
  )
})
