/**
 * The handlers of the deny list: what an entry denies is denied from the answer
 * on, here at once and in other processes within two seconds.
 *
 * An entry is found by what it denies, so asking for it twice is one entry.
 */
import type { DirectoryUnavailable } from "@jotgate/core/Directory"
import { identityOf, type RevocationsUnavailable, type Revoked } from "@jotgate/core/RevocationRepo"
import { Clock, Effect } from "effect"
import { hash } from "node:crypto"
import type { FileSettings } from "../config/GatewaySettings.ts"
import * as Change from "./Change.ts"
import { Caller } from "./DirectoryAccess.ts"
import * as Problem from "./DirectoryProblem.ts"
import type { Managed, Management } from "./Management.ts"
import * as Table from "./Table.ts"

const ids = new WeakMap<Revoked, string>()

/** The id of an entry, from what it denies. */
export const idOf = (entry: Revoked): string => {
  let id = ids.get(entry)
  if (id === undefined) ids.set(entry, id = hash("sha256", identityOf(entry), "base64url").slice(0, 22))
  return id
}

const view = (entry: Revoked) => ({ id: idOf(entry), ...entry })

const byId = (a: Revoked, b: Revoked): number => idOf(a) < idOf(b) ? -1 : 1

/** An issuer that nobody trusts has no tokens to deny: the name is a mistake. */
const isTrusted = (issuer: string, { issuers }: FileSettings): boolean =>
  issuers.some((it) => it.id === issuer || it.issuer === issuer || it.issuer === "any")

const unavailable = (
  error: RevocationsUnavailable | DirectoryUnavailable | Problem.DirectoryProblem
): Problem.DirectoryProblem =>
  error._tag === "RevocationsUnavailable"
    ? Problem.notAvailable("deny list")
    : error._tag === "DirectoryUnavailable"
    ? Problem.notAvailable("directory")
    : error

const find = ({ revocation }: Management, id: string) =>
  Effect.flatMap(revocation.entries, (entries) => {
    const entry = entries.find((it) => idOf(it) === id)
    return entry === undefined ? Problem.notThere("entry of the deny list") : Effect.succeed(entry)
  })

const list = "deny"

/** The four ways to the deny list. */
export const handlers = (managed: Managed["Service"]) => ({
  list: (query: Table.ListQuery & { readonly issuer?: string }) =>
    managed.use(Effect.fnUntraced(function*({ revocation }) {
      const range = yield* Table.rangeOf(list, query)
      const after = range.after ?? ""
      const entries = (yield* revocation.entries)
        .filter((it) => (query.issuer === undefined || it.issuer === query.issuer) && idOf(it) > after)
        .toSorted(byId)
      const page = entries.slice(0, range.limit)
      const last = page.at(-1)
      return Table.page(list, query, {
        items: page.map(view),
        next: last !== undefined && page.length < entries.length ? idOf(last) : undefined
      })
    })),

  show: (id: string) => managed.use((it) => Effect.map(find(it, id), view)),

  create: (entry: Revoked) =>
    managed.use(Effect.fnUntraced(function*({ directory, revocation, settings }) {
      const who = yield* Caller
      if (!isTrusted(entry.issuer, settings)) {
        return yield* Problem.unprocessable("issuer_unknown", "No issuer has this id or iss", [{
          path: ["payload", "issuer"],
          message: "names an issuer that is not configured"
        }])
      }
      const now = (yield* Clock.currentTimeMillis) / 1000
      if (entry.expiresAt !== undefined && entry.expiresAt <= now) {
        return yield* Problem.inputInvalid([{ path: ["payload", "expiresAt"], message: "must be in the future" }])
      }
      // The same entry again is the same entry: an idempotency key adds nothing.
      yield* directory.recorded(revocation.add(entry), {
        actor: who.name,
        action: "create",
        kind: "deny",
        id: idOf(entry),
        before: null,
        after: entry
      }).pipe(Effect.mapError(unavailable))
      return Change.respond({ status: 201, body: view(entry) })
    })),

  remove: (id: string) =>
    managed.use((management) =>
      Effect.gen(function*() {
        const who = yield* Caller
        const entry = yield* find(management, id)
        yield* management.directory.recorded(management.revocation.remove(entry), {
          actor: who.name,
          action: "remove",
          kind: "deny",
          id,
          before: entry,
          after: null
        })
        return Change.respond({ status: 204 })
      }).pipe(Effect.mapError(unavailable))
    )
})
