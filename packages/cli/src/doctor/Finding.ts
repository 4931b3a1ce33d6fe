/** One line of a diagnosis. */
export interface Finding {
  readonly state: "ok" | "warning" | "wrong"
  readonly about: string
  readonly text: string
}

/** It is as it should be. */
export const ok = (about: string, text: string): Finding => ({ state: "ok", about, text })
/** It may be meant. */
export const warning = (about: string, text: string): Finding => ({ state: "warning", about, text })
/** It is not as it should be. */
export const wrong = (about: string, text: string): Finding => ({ state: "wrong", about, text })

/** What the codes of a connection that did not come about mean. */
const meanings: ReadonlyArray<readonly [codes: RegExp, text: string]> = [
  [
    /UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT|SELF_SIGNED_CERT/,
    "its certificate is by an authority that this machine does not know"
  ],
  [/CERT_HAS_EXPIRED/, "its certificate is over"],
  [/ALTNAME_INVALID/, "its certificate is for another name"],
  [/ENOTFOUND|EAI_AGAIN/, "its name is not found"]
]

/** The reason with what its code means; `authority`: where an authority of one's own is named. */
export const remedied = (reason: string, authority = "NODE_EXTRA_CA_CERTS=FILE"): string => {
  const text = meanings.find(([codes]) => codes.test(reason))?.[1]
  if (text === undefined) return reason
  return `${reason} (${text}${text.endsWith("does not know") ? `: ${authority}` : ""})`
}
