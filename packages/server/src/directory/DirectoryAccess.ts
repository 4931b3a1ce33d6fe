/**
 * Who may use the directory's API, as a contract: whoever manages, and for
 * questions an auditor; and who it is, for the audit.
 */
import { Context } from "effect"
import * as HttpApiMiddleware from "effect/http-api/HttpApiMiddleware"
import * as HttpApiSecurity from "effect/http-api/HttpApiSecurity"
import { AdminDenied, AdminRequired } from "../answer/AdminProblem.ts"
import { InputInvalid, MediaUnsupported, NotAvailable } from "./DirectoryProblem.ts"

/** Whoever makes a request. */
export interface Who {
  /** For the audit: `admin token`, or user and issuer of a token. */
  readonly name: string
  /** An auditor (`proxy_admin_viewer`) reads only. */
  readonly mayWrite: boolean
}

export class Caller extends Context.Service<Caller, Who>()("@jotgate/server/Caller") {}

/** Lets in admins, and auditors for what changes nothing. */
export class DirectoryAccess extends HttpApiMiddleware.Service<DirectoryAccess, { provides: Caller }>()(
  "@jotgate/server/DirectoryAccess",
  { security: { bearer: HttpApiSecurity.bearer }, error: [AdminRequired, AdminDenied, NotAvailable] }
) {}

/** Answers what cannot be read, or in two ways, with the places that are wrong. */
export class DirectoryInput extends HttpApiMiddleware.Service<DirectoryInput>()("@jotgate/server/DirectoryInput", {
  error: [InputInvalid, MediaUnsupported]
}) {}
