/**
 * Fills the issuer blocks of a file that name a preset, before anything else is
 * read: from here on a filled block is one like any.
 */
import { suggestion } from "@jotgate/core/SchemaFindings"
import { adFs } from "./presets/AdFs.ts"
import { auth0 } from "./presets/Auth0.ts"
import { authentik } from "./presets/Authentik.ts"
import { cloudflareAccess } from "./presets/CloudflareAccess.ts"
import { cognito } from "./presets/Cognito.ts"
import { dex } from "./presets/Dex.ts"
import { entra } from "./presets/Entra.ts"
import { entraV1 } from "./presets/EntraV1.ts"
import { gitHubActions } from "./presets/GitHubActions.ts"
import { gitLab } from "./presets/GitLab.ts"
import { gitLabSignIn } from "./presets/GitLabSignIn.ts"
import { google } from "./presets/Google.ts"
import { googleIap } from "./presets/GoogleIap.ts"
import { googleServiceAccount } from "./presets/GoogleServiceAccount.ts"
import { keycloak } from "./presets/Keycloak.ts"
import { kubernetes } from "./presets/Kubernetes.ts"
import { okta } from "./presets/Okta.ts"
import type { Block, Preset, Value } from "./presets/Preset.ts"
import { spiffe } from "./presets/Spiffe.ts"
import { zitadel } from "./presets/Zitadel.ts"

/** Every preset. */
export const presets: ReadonlyArray<Preset> = [
  adFs,
  auth0,
  authentik,
  cloudflareAccess,
  cognito,
  dex,
  entra,
  entraV1,
  gitHubActions,
  gitLab,
  gitLabSignIn,
  google,
  googleIap,
  googleServiceAccount,
  keycloak,
  kubernetes,
  okta,
  spiffe,
  zitadel
]

const byName = new Map(presets.map((it) => [it.name, it]))

/** Something wrong with the use of a preset. */
export interface PresetFinding {
  readonly path: ReadonlyArray<string | number>
  readonly message: string
}

/** A value with its presets filled, and what is wrong with their use. */
export interface Filled {
  readonly value: unknown
  readonly findings: ReadonlyArray<PresetFinding>
}

const isBlock = (value: unknown): value is Block => typeof value === "object" && value !== null && !Array.isArray(value)

/** What the file says beside a preset counts more; blocks are filled member by member. */
const merged = (base: Block, said: Block): Block => {
  const all: Record<string, Value> = { ...base }
  for (const [key, value] of Object.entries(said)) {
    const before = all[key]
    all[key] = isBlock(before) && isBlock(value) && key !== "jwks" ? { ...before, ...value } : value
  }
  return all
}

const fillOne = (said: Block, path: ReadonlyArray<string | number>): Filled => {
  const { preset: name, ...rest } = said
  const preset = typeof name === "string" ? byName.get(name) : undefined
  if (preset === undefined) {
    const meant = typeof name === "string" ? suggestion(name, [...byName.keys()]) : undefined
    const message = meant === undefined
      ? `there is no such preset; there are ${[...byName.keys()].join(", ")}`
      : `there is no such preset, did you mean ${JSON.stringify(meant)}?`
    return { value: rest, findings: [{ path: [...path, "preset"], message }] }
  }
  const findings: Array<PresetFinding> = []
  const given: Record<string, Value> = {}
  for (const [key, { description, form, many, required }] of Object.entries(preset.parameters)) {
    const value = rest[key]
    if (value === undefined) {
      if (required) {
        findings.push({ path, message: `the preset ${preset.name} needs ${key}: ${description}` })
      }
      continue
    }
    const texts: ReadonlyArray<unknown> = Array.isArray(value) && many === true ? value : [value]
    const isFit = (it: unknown): boolean => typeof it === "string" && it !== "" && (form === undefined || form.test(it))
    if (texts.length > 0 && texts.every(isFit)) given[key] = value
    else findings.push({ path: [...path, key], message: `must be ${form === undefined ? "text: " : ""}${description}` })
  }
  const own = Object.fromEntries(Object.entries(rest).filter(([key]) => preset.parameters[key] === undefined))
  const audience = own["audience"]
  if (audience === undefined) findings.push({ path, message: `the preset ${preset.name} needs audience` })
  if (findings.length > 0) return { value: { id: preset.name, audience: "", issuer: preset.name, ...own }, findings }
  const { audience: stands, ...block } = preset.block(audience === undefined ? given : { ...given, audience })
  const filled = merged({ id: preset.name, ...block }, own)
  return { value: stands === undefined ? filled : { ...filled, audience: stands }, findings }
}

/** Fills every issuer of a file that names a preset. */
export const fill = (value: unknown): Filled => {
  if (!isBlock(value) || !Array.isArray(value["issuers"])) return { value, findings: [] }
  const filled = value["issuers"].map((it: unknown, index): Filled =>
    isBlock(it) && Object.hasOwn(it, "preset") ? fillOne(it, ["issuers", index]) : { value: it, findings: [] }
  )
  return {
    value: { ...value, issuers: filled.map((it) => it.value) },
    findings: filled.flatMap((it) => it.findings)
  }
}
