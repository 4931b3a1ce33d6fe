/**
 * The models that LiteLLM has written into an id.
 *
 * The id of a file, batch or store that was made for a model is base64 of a text that says for which
 * (`litellm:file-1;model,gpt-4o`, `litellm_proxy:…;target_model_names,a,b`), and whoever sends it back gets that model:
 * it is written by nobody who was judged, since a caller can write one too. LiteLLM decodes leniently, so whatever may
 * be such an id counts as one.
 */
import type { Reads } from "./BodyPlaces.ts"

/** How each of them begins, decoded. */
const mark = "litellm"

/** What stands before the encoded text: `file-`, `batch_`. */
const prefix = /^[a-z]+[-_]/

/** Characters that a lenient decoder passes over. */
const foreign = /[^A-Za-z0-9+/_-]+/g

/** Whether nothing is passed over but the padding at the end. */
const isClear = (text: string): boolean => /^[A-Za-z0-9+/_-]*={0,2}$/.test(text)

/** Every member of the decoded text that speaks of models; one may begin inside another's value. */
const spoken = /(?=model[a-z_]*[,:]([^;]*))/gi

const octets = (text: string): string => {
  const plain = text.replace(foreign, "").replaceAll("-", "+").replaceAll("_", "/")
  // One character alone stands for no octet.
  return atob(plain.length % 4 === 1 ? plain.slice(0, -1) : plain)
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

const decoded = (text: string): string | undefined => {
  const raw = octets(text)
  if (!raw.startsWith(mark)) return undefined
  try {
    return utf8.decode(Uint8Array.from(raw, (it) => it.charCodeAt(0)))
  } catch {
    return raw
  }
}

/** How long an id may be that is looked at; no store has longer ones. */
const MOST = 16 * 1024

/**
 * The models of an id; empty when it is one of LiteLLM's and does not say clearly which, `undefined` when it is
 * another's.
 */
export const modelsOf = (id: string): ReadonlyArray<string> | undefined => {
  if (id.length > MOST) return []
  const text = id.startsWith(mark) ? id : decoded(id.replace(prefix, "")) ?? decoded(id)
  if (text === undefined) return undefined
  return text === id || isClear(id)
    ? [...text.matchAll(spoken)].flatMap(([, names = ""]) => names.split(",").map((it) => it.trim()))
    : []
}

/**
 * The models that a text leads to without being the name of one; empty when it says for itself which runs, `undefined`
 * when it leads to none. What a reference names (an agent, a prompt) is known to its server alone.
 */
export const ledTo = (reads: Exclude<Reads, "runner">, text: string): ReadonlyArray<string> | undefined =>
  text === "" ? undefined : reads === "id" ? modelsOf(text) : []
