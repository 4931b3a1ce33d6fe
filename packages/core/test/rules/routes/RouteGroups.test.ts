import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import * as Route from "../../../src/rules/routes/Route.ts"
import * as RouteGroups from "../../../src/rules/routes/RouteGroups.ts"
import { type LitellmRelease, LitellmReleases } from "../../../src/Settings.ts"

type Recorded = Readonly<Record<string, ReadonlyArray<string>>>

const recorded = (release: LitellmRelease): Recorded =>
  JSON.parse(
    readFileSync(join(import.meta.dirname, `../../fixtures/conformance/route-groups-${release}.json`), "utf8")
  )

const sorted = (templates: Iterable<string>): ReadonlyArray<string> => [...new Set(templates)].toSorted()

/** What RULES D52 adds to the info routes, and so to each group that holds them all. */
const named = ["/models/{model_id}", "/v1/models/{model_id}"]

describe.each(LitellmReleases)("route groups of LiteLLM %s", (release) => {
  const theirs = recorded(release)
  const ours = RouteGroups.of(release)
  const holdsInfo = (templates: ReadonlyArray<string>) =>
    (theirs["info_routes"] ?? []).every((it) => templates.includes(it))

  it("every group of the release is known, and no other", () => {
    assert.deepStrictEqual(sorted(ours.keys()), sorted(Object.keys(theirs)))
  })

  it.each(Object.keys(theirs))("%s holds the release's templates, and those of RULES D52", (name) => {
    const templates = theirs[name] ?? []
    assert.deepStrictEqual(
      sorted(ours.get(name) ?? []),
      sorted([...templates, ...(holdsInfo(templates) ? named : [])])
    )
  })

  it("every template of a group covers what it stands for, and nothing beside it", () => {
    const stands = (template: string): string =>
      template.replaceAll(/\{[^{}:]+:path\}/g, "a/b").replaceAll(/\{[^{}]+\}/g, "a").replace(/\*$/, "x/y")
    for (const [name, templates] of ours) {
      const covers = Route.compile([name], ours)
      const isManagement = (it: string) => name === "info_routes" && /\/(?:list|available|ui)$/.test(it)
      for (const template of templates) {
        assert.strictEqual(covers(stands(template), "GET"), !isManagement(template), `${name}: ${template}`)
      }
      for (const path of ["/nowhere", "/v1", "/v1/nowhere/else", "/V1/models"]) {
        assert.isFalse(covers(path, "GET"), path)
      }
    }
  })

  it("a name that is no group is a path", () => {
    assert.isFalse(ours.has("toString"))
    assert.isTrue(Route.compile(["toString"], ours)("toString", "GET"))
  })
})

describe("route groups by release", () => {
  it("are made once", () => assert.strictEqual(RouteGroups.of("1.110"), RouteGroups.of("1.110")))

  it.each<readonly [group: string, path: string, release: LitellmRelease, covered: boolean]>([
    ["llm_api_routes", "/v1/agents", "1.90", true],
    ["llm_api_routes", "/v1/agents", "1.110", false],
    ["management_routes", "/v1/agents", "1.110", true],
    ["openai_routes", "/cursor/models", "1.90", false],
    ["openai_routes", "/cursor/models", "1.108", true],
    ["openai_routes", "/cursor/models", "1.110", true]
  ])("%s and %s in %s: %s", (group, path, release, covered) => {
    assert.strictEqual(Route.compile([group], RouteGroups.of(release))(path, "POST"), covered)
  })
})
