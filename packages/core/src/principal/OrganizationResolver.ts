/**
 * Finds the token's organization (by id, else by alias) and its end user.
 *
 * A named organization must exist; an end user need not: the id is still passed
 * on.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import type { EndUser, Organization, OrganizationId } from "../directory/Directory.ts"
import { OrganizationRepo } from "../directory/OrganizationRepo.ts"
import type { Denial, Unavailable } from "../Errors.ts"
import type { Identity } from "../Identity.ts"
import type { Now } from "../Trace.ts"
import { orAbsent, outage, raise } from "./Ruled.ts"

const none = Exit.succeed(undefined)

/** Whether the token names an organization at all. */
export const namesOrganization = (identity: Identity): boolean =>
  identity.organization !== undefined || identity.organizationAlias !== undefined || identity.severalOrganizations

export class OrganizationResolver extends Context.Service<OrganizationResolver, {
  /** The organization that the token names; `undefined` when it names none. */
  readonly find: (identity: Identity, now: Now) => Effect.Effect<Organization | undefined, Denial>
  /** The row of the end user that the token names, if there is one. */
  readonly endUser: (identity: Identity, now: Now) => Effect.Effect<EndUser | undefined, Unavailable>
  /** The row of this organization, if there is one; for its budget. */
  readonly byId: (id: OrganizationId, now: Now) => Effect.Effect<Organization | undefined, Unavailable>
}>()("@jotgate/core/OrganizationResolver") {
  static readonly layer = Layer.effect(
    OrganizationResolver,
    Effect.gen(function*() {
      const organizations = yield* OrganizationRepo

      const found = (row: Organization, now: Now): Organization => {
        now.note?.({
          step: "organization",
          outcome: "ok",
          facts: { organization: row.id, alias: row.alias },
          resolved: { organization: { id: row.id } }
        })
        return row
      }

      const find = (identity: Identity, now: Now): Effect.Effect<Organization | undefined, Denial> => {
        const { organization, organizationAlias } = identity
        if (!namesOrganization(identity)) return none
        if (identity.severalOrganizations) {
          return raise({ step: "organization", code: "organization_ambiguous", facts: { named: "several" } }, now)
        }
        const row = organization !== undefined
          ? organizations.byId(organization, now)
          : organizations.byAlias(organizationAlias ?? "", now)
        const facts = { organization: organization ?? null, alias: organizationAlias ?? null }
        return Effect.mapEager(
          Effect.catchEager(row, (error) =>
            error._tag === "RowNotFound"
              ? raise({ step: "organization", code: "organization_not_found", facts }, now)
              : error._tag === "RowAmbiguous"
              ? raise({ step: "organization", code: "organization_ambiguous", facts }, now)
              : outage(error, now)),
          (it) => found(it, now)
        )
      }

      const endUser = (identity: Identity, now: Now): Effect.Effect<EndUser | undefined, Unavailable> => {
        const { endUser: id } = identity
        if (id === undefined) return none
        now.note?.({ step: "endUser", outcome: "ok", facts: { endUser: id }, resolved: { endUser: { id } } })
        return orAbsent(organizations.endUser(id, now), now)
      }

      return { find, endUser, byId: (id, now) => orAbsent(organizations.byId(id, now), now) }
    })
  )

  /** Nobody belongs to an organization. */
  static readonly layerTest = Layer.succeed(OrganizationResolver, {
    find: () => none,
    endUser: () => none,
    byId: () => none
  })
}
