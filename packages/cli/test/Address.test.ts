import { assert, it } from "@effect/vitest"
import { silence } from "../src/Address.ts"

it("a port that fetch never asks is told apart from one where nobody is", async () => {
  const why = (url: string) =>
    fetch(url).then(() => "it answers", (error: unknown) => silence(url, error, ": is it there?"))
  assert.match(
    await why("http://127.0.0.1:4190/"),
    /^http:\/\/127\.0\.0\.1:4190\/: browsers and fetch ask nobody at this port/
  )
  // Nobody listens there without being root, and fetch asks it.
  assert.strictEqual(await why("http://127.0.0.1:2/"), "http://127.0.0.1:2/ does not answer: is it there?")
})
