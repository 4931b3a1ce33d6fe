/**
 * The reader that runs anywhere finds what the proxy's finds: at every place of every kind of route, one model more than
 * the body's own is judged by both or by neither.
 */
import { assert, describe, it } from "@effect/vitest"
import { find, type Place } from "@jotgate/core/ModelRoutes"
import { namesOf, type RequestedModel } from "@jotgate/core/Request"
import { read } from "@jotgate/core/RequestReader"
import { asked } from "../../src/model/ModelPeek.ts"

type Member = Place & { readonly _tag: "Member" }

const routes = [
  "/v1/chat/completions",
  "/v1/responses",
  "/v1/messages",
  "/v1/embeddings",
  "/v1/images/generations",
  "/v1/realtime/client_secrets",
  "/v1/messages/batches",
  "/v1/fine_tuning/jobs",
  "/v1/evals",
  "/v1/threads/runs",
  "/v1/threads/t-1/messages",
  "/rag/query",
  "/interactions",
  "/rerank",
  "/retrieveAndGenerate",
  "/v1beta/models/gpt-4o:generateContent",
  "/bedrock/some/route"
]

/** Places that were looked at on a route before: most are every route's. */
const before = new Set<string>()

/** A value with another one at a place. */
const put = (path: string, value: unknown): unknown => {
  if (path === "") return value
  const [part = "", ...rest] = path.split(".")
  const name = part.replace(/(?:\[\])+$/, "")
  let inner = put(rest.join("."), value)
  for (let depth = (part.length - name.length) / 2; depth > 0; depth--) inner = [inner]
  return { [name === "*" ? "any" : name]: inner }
}

/** What may stand at a place: a name, the names of members, a body of its own, and what is none of them. */
const values = ({ keys, like, separator }: Member): ReadonlyArray<unknown> => [
  ...(keys === true ? [{ o1: 1 }, { o1: 1, O1: 2 }] : []),
  ...(like === undefined ? [] : [{ model: "o1" }, { extra_body: { model: "o1" } }, "o1"]),
  ...(separator === undefined ? [] : ["o1, o2"]),
  "o1",
  7,
  null,
  [],
  {},
  ["o1"],
  { model: "o1" },
  { o1: "o2" }
]

const told = (model: RequestedModel | string | undefined): string =>
  model === undefined
    ? "body_invalid"
    : typeof model === "string"
    ? model
    : `${model._tag} ${[...new Set(namesOf(model))].toSorted().join()}`

describe("the reader that runs anywhere", () => {
  for (const target of routes) {
    it(`finds on ${target} what the proxy finds`, () => {
      const route = find("POST", target)
      assert.isDefined(route)
      const differences: Array<string> = []
      for (const place of route?.places ?? []) {
        const key = JSON.stringify(place)
        if (place._tag !== "Member" || before.has(key)) continue
        before.add(key)
        for (const value of values(place)) {
          const at = put(place.path, value)
          const json = JSON.stringify(place.path.startsWith("model") ? at : Object.assign({ model: "gpt-4o" }, at))
          const rawHeaders = ["content-type", "application/json"]
          const request = { method: "POST", target, rawHeaders, body: Buffer.from(json) }
          const here = told(read(request))
          const there = told(asked({ ...request, contentType: "application/json" }))
          if (here !== there) differences.push(`${json}: ${here}, ${there}`)
        }
      }
      assert.deepStrictEqual(differences, [])
    })
  }
})
