/** Microsoft Entra ID, tokens of version 1 (`sts.windows.net`). */
import { claims, serviceAccounts, tenancy, tenant } from "./Entra.ts"
import type { Preset } from "./Preset.ts"

export const entraV1: Preset = {
  name: "entra-v1",
  title: "Microsoft Entra ID (v1.0 tokens)",
  parameters: { tenant },
  block: (given) => ({
    ...tenancy(given["tenant"], (it) => `https://sts.windows.net/${it}/`),
    tokens: "access",
    serviceAccounts,
    claims
  })
}
