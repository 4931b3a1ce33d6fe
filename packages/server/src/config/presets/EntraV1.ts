/** Microsoft Entra ID, tokens of version 1 (`sts.windows.net`). */
import { claims, serviceAccounts, tenancy, tenant } from "./Entra.ts"
import type { Preset } from "./Preset.ts"

export const entraV1: Preset = {
  name: "entra-v1",
  title: "Microsoft Entra ID (v1.0 tokens)",
  parameters: { tenant },
  traps: [
    "v1.0 tokens have the issuer `https://sts.windows.net/TENANT/`, with the slash, and the audience is the App ID URI (`api://…`) or the GUID.",
    "Everything that `entra` says about `oid`, groups and addresses holds here too."
  ],
  block: (given) => ({
    ...tenancy(given["tenant"], (it) => `https://sts.windows.net/${it}/`),
    tokens: "access",
    serviceAccounts,
    claims
  })
}
