/**
 * Who is not let in at the admin listener.
 */
import * as HttpApiError from "effect/http-api/HttpApiError"

/** The caller of the admin listener is not let in. */
export class AdminRequired extends HttpApiError.Problem<AdminRequired>()(
  "AdminRequired",
  { type: "https://jotgate.dev/problems/admin_required", status: 401, title: "Authentication required" }
) {}

/** The caller of the admin listener is known and is no admin. */
export class AdminDenied extends HttpApiError.Problem<AdminDenied>()(
  "AdminDenied",
  { type: "https://jotgate.dev/problems/admin_denied", status: 403, title: "Not allowed" }
) {}
