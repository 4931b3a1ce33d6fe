import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import * as Route from "../../../src/rules/routes/Route.ts"
import { RouteGroups } from "../../../src/rules/routes/RouteGroups.ts"

const recorded: Readonly<Record<string, ReadonlyArray<string>>> = JSON.parse(
  readFileSync(join(import.meta.dirname, "../../fixtures/conformance/route-groups.json"), "utf8")
)

/** What we add to a recorded group, by the name of the group. */
const added: Readonly<Record<string, ReadonlyArray<string>>> = {
  info_routes: ["/models/{model_id}", "/v1/models/{model_id}"],
  ui_routes: ["/models/{model_id}", "/v1/models/{model_id}"],
  admin_viewer_routes: ["/models/{model_id}", "/v1/models/{model_id}"],
  org_admin_allowed_routes: ["/models/{model_id}", "/v1/models/{model_id}"]
}

describe("route groups", () => {
  it("every group of the reference is known, and no other", () => {
    assert.deepStrictEqual(Object.keys(RouteGroups).toSorted(), Object.keys(recorded).toSorted())
  })

  it.each(Object.keys(recorded))("%s holds the reference's templates, and those of RULES D52", (name) => {
    const ours = new Set(RouteGroups[name])
    const theirs = new Set([...recorded[name] ?? [], ...added[name] ?? []])
    assert.deepStrictEqual([...ours].toSorted(), [...theirs].toSorted())
  })

  it("every template of a group covers what it stands for", () => {
    const stands = (template: string): string =>
      template.replaceAll(/\{[^{}:]+:path\}/g, "a/b").replaceAll(/\{[^{}]+\}/g, "a").replace(/\*$/, "x/y")
    for (const [name, templates] of Object.entries(RouteGroups)) {
      const covers = Route.compile([name])
      for (const template of templates) assert.isTrue(covers(stands(template)), `${name}: ${template}`)
    }
  })

  it("a name that is no group is a path", () => {
    assert.isFalse(Route.isGroup("toString"))
    assert.isTrue(Route.compile(["toString"])("toString"))
  })
})
