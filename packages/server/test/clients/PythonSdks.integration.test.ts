/** The SDKs of PyPI through the gate, each set as docs/clients.md says. */
import { it } from "@effect/vitest"
import { Catalog, describeWith } from "@jotgate/servers"
import { Effect } from "effect"
import { join } from "node:path"
import * as ClientWorld from "../support/ClientWorld.ts"

/** What each prints before it is refused. */
const printed: Readonly<Record<string, ReadonlyArray<string>>> = {
  // The answer that lists models is filtered.
  "openai": ["Hello", "Hello", "Hello", "['gpt-4o']"],
  "anthropic": ["Hello", "Hello", "Hello", "Hello"],
  "langchain-openai": ["Hello", "Hello"]
}

describeWith(["python", "python-sdks"], "an SDK of PyPI", () => {
  it.live.each(Object.entries(printed))(
    "%s: is answered whole and streamed, and reads why it is refused",
    ([name, answers]) =>
      Effect.gen(function*() {
        const world = yield* ClientWorld.make()
        const program = {
          program: Catalog.locate("python"),
          args: [join(import.meta.dirname, "../fixtures/clients/ask.py"), name],
          env: { PYTHONPATH: Catalog.locate("python-sdks") }
        }
        yield* ClientWorld.isRight(world, program, answers)
      }),
    300_000
  )
})
