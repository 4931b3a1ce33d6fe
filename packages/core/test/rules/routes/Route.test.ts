import { assert, it } from "@effect/vitest"
import * as Route from "../../../src/rules/routes/Route.ts"
import * as RouteGroups from "../../../src/rules/routes/RouteGroups.ts"

it("RULES D35, D73: a * at the end of an entry is a prefix at a segment boundary, with and without a slash before it", () => {
  for (const entry of ["/v1/files*", "/{version}/files*"]) {
    const covers = Route.compile([entry], RouteGroups.of("1.110"))
    assert.deepStrictEqual(
      ["/v1/files", "/v1/files/x/y", "/v1/filesystem", "/v1"].map((it) => covers(it, "GET")),
      [true, true, false, false],
      entry
    )
  }
  const below = Route.compile(["/v1/files/*"], RouteGroups.of("1.110"))
  assert.deepStrictEqual(["/v1/files/x", "/v1/files", "/v1/filesx"].map((it) => below(it, "GET")), [true, false, false])
})
