/**
 * The reference page of the admin API at `/docs`.
 *
 * The page carries its whole script, some megabytes, so it is loaded when
 * somebody first asks for it: a gate that nobody reads about does not hold it.
 * Its own fonts would come from its maker's host: the reader's are used.
 */
import { Effect, Scope } from "effect"
import { HttpRouter } from "effect/http"
import { AdminApi } from "./AdminApi.ts"

/** Loads the page once. */
const load = Effect.flatMap(
  Effect.promise(() => import("effect/http-api/HttpApiScalar")),
  (scalar) => HttpRouter.toHttpEffect(scalar.layer(AdminApi, { path: "/docs", scalar: { withDefaultFonts: false } }))
)

/** The route of the page. */
export const layer = HttpRouter.use(Effect.fnUntraced(function*(router) {
  const scope = yield* Effect.scope
  const page = yield* Effect.cached(Effect.provideService(load, Scope.Scope, scope))
  yield* router.add("GET", "/docs", Effect.flatten(page))
}))
