/** The document of RFC 9728 that the challenges of an embedded gate name, for the host that answers it. */
import * as ResourceMetadata from "../answer/ResourceMetadata.ts"
import type { Settings } from "../Settings.ts"
import * as GateRequest from "./GateRequest.ts"

/** The document at this request's path, if the path is one of its. */
export const documentOf = (settings: Pick<Settings, "issuers" | "policy">) => {
  const issuers = settings.issuers.map((it) => it.issuer).filter((it) => it !== "any")
  const scopes = settings.policy.scopes.map((it) => it.scope)
  return (request: GateRequest.GateRequest): Response | undefined => {
    const { method, origin, target } = GateRequest.of(request)
    const path = target.split("?", 1)[0] ?? "/"
    if (!ResourceMetadata.isMetadataPath(path) || (method !== "GET" && method !== "HEAD")) return undefined
    return new Response(ResourceMetadata.metadata(origin, path, issuers, scopes), {
      headers: {
        "content-type": "application/json",
        "access-control-allow-origin": "*",
        "cache-control": "max-age=60"
      }
    })
  }
}
