/**
 * What the LLM routes of the newest LiteLLM cost a request, beside those of the oldest: 265 templates must cost no more
 * than 188 did. Paths are asked for whose verdict is not remembered: each has an id of its own, more of them than are kept.
 */
import { compile } from "@jotgate/core/Route"
import * as RouteGroups from "@jotgate/core/RouteGroups"
import { type LitellmRelease, LitellmReleases, newestLitellm } from "@jotgate/core/Settings"
import { report } from "./Measure.ts"

/** More than a matcher remembers. */
const PATHS = 4096

const [oldest] = LitellmReleases
const group = "llm_api_routes"
const count = (release: LitellmRelease): number => RouteGroups.of(release).get(group)?.length ?? 0

/** One call of a matcher for the next of the paths. */
const asking = (release: LitellmRelease, paths: ReadonlyArray<string>) => {
  const covers = compile([group], RouteGroups.of(release))
  let at = 0
  return () => covers(paths[at++ % paths.length] ?? "", "POST")
}

const pathsOf = (path: (id: number) => string): ReadonlyArray<string> =>
  Array.from({ length: PATHS }, (_, id) => path(id))

const kinds: Readonly<Record<string, (id: number) => string>> = {
  "a listed path": () => "/v1/chat/completions",
  "a path with an id": (id) => `/v1/files/file-${id}`,
  "a path deep below a provider": (id) => `/bedrock/model/m-${id}/converse`,
  "a path of nobody": (id) => `/v1/nobody/${id}`
}

const templates = `${count(newestLitellm)} templates of ${newestLitellm}, of ${count(oldest)} of ${oldest}`
for (const [name, path] of Object.entries(kinds)) {
  const paths = pathsOf(path)
  report({
    name: `${name}: ${templates}`,
    ratio: 0.9,
    candidate: asking(newestLitellm, paths),
    baseline: asking(oldest, paths)
  })
}
report({
  name: "compiled: all groups of the newest, of the oldest",
  ratio: 0,
  candidate: () => compile([group], RouteGroups.of(newestLitellm)),
  baseline: () => compile([group], RouteGroups.of(oldest))
})
process.exit()
