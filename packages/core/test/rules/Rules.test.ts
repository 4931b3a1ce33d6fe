/** The rule families alone: total functions over plain values. */
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Exit, Schema } from "effect"
import { type Asked, make, noModel } from "../../src/Request.ts"
import * as EmailDomain from "../../src/rules/EmailDomain.ts"
import * as Limit from "../../src/rules/Limit.ts"
import * as Model from "../../src/rules/Model.ts"
import * as Pattern from "../../src/rules/patterns/Pattern.ts"
import { Policy } from "../../src/rules/Policy.ts"
import * as Role from "../../src/rules/Role.ts"
import * as Route from "../../src/rules/routes/Route.ts"
import * as RouteGroups from "../../src/rules/routes/RouteGroups.ts"
import * as Scope from "../../src/rules/Scope.ts"
import { Settings } from "../../src/Settings.ts"

describe("Limit", () => {
  it("spend above the maximum is over, equal is not, and no maximum is never", () => {
    assert.isTrue(Limit.isOverBudget({ maxBudget: 1, spend: 1.01 }))
    assert.isFalse(Limit.isOverBudget({ maxBudget: 1, spend: 1 }))
    assert.isFalse(Limit.isOverBudget({ maxBudget: 0, spend: 0 }))
    assert.isTrue(Limit.isOverBudget({ maxBudget: 0, spend: 0.01 }))
    assert.isFalse(Limit.isOverBudget({ maxBudget: null, spend: 1e9 }))
    assert.isFalse(Limit.isOverBudget(undefined))
  })
})

describe("EmailDomain", () => {
  it.each(
    [
      ["a@acme.test", "acme.test"],
      ["a@ACME.test", "acme.test"],
      ["a@b@acme.test", undefined],
      ["@acme.test", undefined],
      ["a@", undefined],
      ["acme.test", undefined],
      ["", undefined]
    ] as const
  )("the domain of %j is %j (threat B15)", (email, domain) => assert.strictEqual(EmailDomain.domainOf(email), domain))

  it("an empty list accepts everybody, others only what they name", () => {
    assert.isTrue(EmailDomain.compile([])(undefined))
    const accepts = EmailDomain.compile(["Acme.test"])
    assert.isTrue(accepts("a@acme.TEST"))
    assert.isFalse(accepts(undefined))
    assert.isFalse(accepts("a@acme.test.evil"))
  })
})

const groups = RouteGroups.of("1.90")
const compile = Route.compiler(groups)

describe("Route", () => {
  it("an empty list covers nothing", () => assert.isFalse(compile([])("/", "POST")))

  it("additions join the group they are for, and no other", () => {
    const more = Route.compiler(RouteGroups.withMore(groups, "openai_routes", ["/bria/*"]))
    assert.isTrue(more(["openai_routes"])("/bria/x", "POST"))
    assert.isFalse(more(["llm_api_routes"])("/bria/x", "POST"))
    assert.isFalse(more(["/x"])("/bria/x", "POST"))
  })

  it("a star ends a template at a segment boundary too (RULES D35)", () => {
    const covers = compile(["/d/{x}/e*", "/f/{x:path}/g/*"])
    for (const path of ["/d/1/e", "/d/1/e/f", "/f/1/2/g/h"]) assert.isTrue(covers(path, "POST"), path)
    for (const path of ["/d/1/ef", "/d/1/2/e", "/d/1", "/f/1/2/g"]) assert.isFalse(covers(path, "POST"), path)
  })

  it("a path is answered the same however often and however many others are asked", () => {
    const covers = compile(["/a/{x}", "/b/*"])
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 600; i++) {
        assert.isTrue(covers(`/a/${i}`, "POST"))
        assert.isFalse(covers(`/a/${i}/b`, "POST"))
      }
    }
    const long = `/b/${"x".repeat(1_000)}`
    assert.isTrue(covers(long, "POST"))
    assert.isTrue(covers(long, "POST"))
  })

  it("a team's pass-through grant covers itself and what is below it", () => {
    assert.isTrue(Route.grantsPassThrough(["/bria"], "/bria"))
    assert.isTrue(Route.grantsPassThrough(["/bria"], "/bria/x"))
    assert.isTrue(Route.grantsPassThrough(["/bria/"], "/bria/x"))
    assert.isFalse(Route.grantsPassThrough(["/bria"], "/briax"))
    assert.isFalse(Route.grantsPassThrough(["/bria/x"], "/bria"))
    assert.isFalse(Route.grantsPassThrough([], "/bria"))
  })

  it("info routes and LLM routes are what they are called", () => {
    const policy = new Policy(Schema.decodeSync(Settings)({ policy: { passThroughRoutes: [{ path: "/bria/*" }] } }))
    const posted = (target: string): Asked => {
      const made = make({ method: "POST", target, rawHeaders: [], model: noModel })
      assert(Exit.isSuccess(made))
      return made.value
    }
    assert.isTrue(policy.routes.takesTeamOfAdmin(posted("/bria/x")))
    assert.isTrue(policy.routes.isInfoRoute("/v1/models", "GET"))
    assert.isTrue(policy.routes.isInfoRoute("/v1/models/gpt-4o", "HEAD"))
    assert.isFalse(policy.routes.isInfoRoute("/v1/chat/completions", "GET"))
    assert.isTrue(policy.routes.takesTeamOfAdmin(posted("/v1/chat/completions")))
    assert.isTrue(policy.routes.takesTeamOfAdmin(posted("/bedrock/model/x/invoke")))
    assert.isFalse(policy.routes.takesTeamOfAdmin(posted("/key/generate")))
  })

  it("info routes only tell, and list nothing that others own (RULES D58)", () => {
    const covers = compile(["info_routes"])
    for (const path of ["/models", "/v1/models/llama3:8b", "/model/info", "/user/info"]) {
      assert.isTrue(covers(path, "GET"), path)
      assert.isTrue(covers(path, "HEAD"), path)
      for (const method of ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY"]) assert.isFalse(covers(path, method))
    }
    for (const path of ["/key/list", "/team/list", "/v2/team/list", "/organization/list", "/team/available"]) {
      assert.isFalse(covers(path, "GET"), path)
    }
    for (const method of ["GET", "POST"]) assert.isFalse(covers("/models/X:generateContent", method))
  })

  it("what must not be reached is not reached with a slash more or less (RULES D55)", () => {
    const covers = Route.eitherSpelling(compile(["/a", "/b/", "/c/{x}", "/d/*"]))
    for (const path of ["/a", "/b", "/c/1", "/d/1", "/d"]) {
      assert.isTrue(covers(path, "POST"), path)
      assert.isTrue(covers(`${path}/`, "POST"), `${path}/`)
    }
    for (const path of ["/e", "/ab", "/c"]) assert.isFalse(covers(`${path}/`, "POST"), path)
  })

  it("a template that is in a group for some methods alone (RULES D59)", () => {
    const limited = [{ group: "openai_routes", template: "/bria/*", methods: new Set(["POST"]) }]
    const covers = Route.compiler(groups, limited)(["openai_routes"])
    assert.isTrue(covers("/bria/x", "POST"))
    for (const method of ["GET", "PUT", "DELETE"]) assert.isFalse(covers("/bria/x", method), method)
    assert.isFalse(Route.compiler(groups, limited)(["llm_api_routes"])("/bria/x", "POST"))
  })

  it("names in a template are characters like any other (no expression from the settings runs)", () => {
    assert.isTrue(compile(["/a.b/{x}"])("/a.b/c", "POST"))
    assert.isFalse(compile(["/a.b/{x}"])("/axb/c", "POST"))
    assert.isTrue(compile(["/(a|b)+/{x}"])("/(a|b)+/c", "POST"))
  })
})

describe("Scope", () => {
  it("decides nothing unless it is required and there are mappings", () => {
    assert.isUndefined(Scope.compile({ scopes: [{ scope: "a" }], requireScope: false }, compile))
    assert.isUndefined(Scope.compile({ scopes: [], requireScope: true }, compile))
  })
  it("several mappings of one scope add up", () => {
    const reach = Scope.compile({
      requireScope: true,
      scopes: [{ scope: "a", models: ["x"] }, { scope: "a", models: ["y"] }, { scope: "b", models: ["z"] }]
    }, compile)?.(["a", "a"])
    assert.deepStrictEqual(reach?.held, ["a"])
    assert.deepStrictEqual(
      Scope.compile({ requireScope: true, scopes: [{ scope: "a" }] }, compile)?.(["x", "a"]).held,
      ["a"]
    )
    assert.deepStrictEqual(["x", "y", "z"].map((it) => reach?.models.allows(it)), [true, true, false])
  })
})

describe("Role", () => {
  it("the first entry for a role wins, and an entry without lists restricts nothing", () => {
    const byRole = Role.permissions([{ role: "team" }, { role: "team", models: ["x"] }, {
      role: "internal_user",
      models: []
    }], compile)
    assert.strictEqual(byRole.get("team")?.index, 0)
    assert.isUndefined(byRole.get("team")?.models)
    assert.isUndefined(byRole.get("team")?.routes)
    assert.isFalse(byRole.get("internal_user")?.models?.allows("x"))
    assert.isFalse(byRole.has("proxy_admin"))
  })
})

const letters = (of: ReadonlyArray<string>, most: number) =>
  Arbitrary.map(
    Arbitrary.schema(Schema.Array(Schema.Literals(of)).check(Schema.isMaxLength(most))),
    (drawn) => drawn.join("")
  )
const pattern = letters(["a", "b", "-", "*"], 6)
const patterns = Arbitrary.array(pattern, { maxLength: 3 })
const text = letters(["a", "b", "-"], 7)

describe("Model", () => {
  it.prop("what two lists share never names more than both (soundness of what is listed)", {
    one: patterns,
    other: patterns,
    text
  }, ({ one, other, text }) => {
    const shared = Pattern.compileAny(Model.intersect(one, other))
    if (shared(text)) assert.isTrue(Pattern.compileAny(one)(text) && Pattern.compileAny(other)(text))
  }, { arbitrary: { runs: 2_000, seed: process.env["SEED"] ?? "jotgate" } })

  it.prop("two patterns have a text in common whenever one matches both", { one: pattern, other: pattern, text }, ({
    one,
    other,
    text
  }) => {
    if (Pattern.compile(one)(text) && Pattern.compile(other)(text)) assert.isTrue(Model.haveCommon(one, other))
  }, { arbitrary: { runs: 2_000, seed: process.env["SEED"] ?? "jotgate" } })

  it.each(
    [
      ["a*", "*b", true],
      ["a*", "b*", false],
      ["ab", "a*", true],
      ["*", "", true],
      ["a", "b", false],
      ["a*c", "a*b*c", true],
      ["*a", "*b", false],
      ["", "", true],
      ["a", "", false]
    ] as const
  )("%j and %j have a text in common: %j", (one, other, common) => {
    assert.strictEqual(Model.haveCommon(one, other), common)
    assert.strictEqual(Model.haveCommon(other, one), common)
  })

  const rules = new Model.ModelRules({
    groups: { cheap: ["mini-*"], constructor: ["odd"] },
    aliases: { fast: "mini-1" },
    providers: { bare: "openai" }
  })
  it("what a list stands for is spelled out: groups, aliases, bare names of a provider", () => {
    assert.deepStrictEqual(rules.list(["cheap"]).patterns, ["mini-*", "fast"])
    assert.deepStrictEqual(rules.list(["openai/*"]).patterns, ["openai/*", "bare"])
    assert.deepStrictEqual(rules.list(["no-default-models"]).patterns, [])
    assert.deepStrictEqual(rules.list([]).patterns, ["*"])
  })
  it("names of the language's own objects are names like any other", () => {
    const list = rules.list(["x"])
    for (const name of ["__proto__", "constructor", "toString", "hasOwnProperty"]) assert.isFalse(list.allows(name))
    assert.isTrue(rules.list(["constructor"]).allows("odd"))
  })
  it.prop("another entry in a list that is not empty never takes a model away", { one: patterns, pattern, text }, ({
    one,
    pattern,
    text
  }) => {
    if (one.length > 0 && rules.list(one).allows(text)) assert.isTrue(rules.list([...one, pattern]).allows(text))
  }, { arbitrary: { runs: 1_000, seed: process.env["SEED"] ?? "jotgate" } })
  it("a list with no-default-models among others: a user's denies all, a team's is the others", () => {
    assert.isTrue(Model.deniesAll(["no-default-models", "x"]))
    assert.isTrue(Model.deniesAll(["x", "no-default-models"]))
    assert.isFalse(Model.deniesAll([]))
    assert.isTrue(rules.list(["no-default-models", "x"]).allows("x"))
  })
})
