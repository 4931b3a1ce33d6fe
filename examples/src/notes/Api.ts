/** Notes that belong to whoever is calling. */
import { CurrentPrincipal, HttpSecurity } from "@jotgate/core/HttpSecurity"
import { Effect, Layer, Schema } from "effect"
import { HttpApi, HttpApiBuilder, HttpApiEndpoint, HttpApiGroup } from "effect/http-api"

const Me = Schema.Struct({ user: Schema.NullOr(Schema.String), email: Schema.NullOr(Schema.String) })

/** Everybody may ask for `/status`, somebody known for `/me`. */
export class NotesApi extends HttpApi.make("notes")
  .add(HttpApiGroup.make("status").add(HttpApiEndpoint.get("status", "/status", { success: Schema.String })))
  .add(HttpApiGroup.make("me").add(HttpApiEndpoint.get("me", "/me", { success: Me })).middleware(HttpSecurity))
{}

const Status = HttpApiBuilder.group(
  NotesApi,
  "status",
  (handlers) => handlers.handle("status", () => Effect.succeed("up"))
)

const MyNotes = HttpApiBuilder.group(
  NotesApi,
  "me",
  (handlers) =>
    handlers.handle("me", () =>
      Effect.map(CurrentPrincipal, ({ principal }) => ({
        user: principal.userId ?? null,
        email: principal.email ?? null
      })))
)

/** The routes; they need an `AuthBuilder`. */
export const Routes = HttpApiBuilder.layer(NotesApi).pipe(
  Layer.provide([Status, MyNotes]),
  Layer.provide(HttpSecurity.layer)
)
