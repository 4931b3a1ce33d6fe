/** SPIFFE: JWT-SVIDs of one trust domain, whose bundle says `use: jwt-svid`. */
import { type Preset, textOf } from "./Preset.ts"

export const spiffe: Preset = {
  name: "spiffe",
  title: "SPIFFE JWT-SVID",
  parameters: {
    bundle: { description: "the URL of the trust domain's bundle, or file:BUNDLE.json", required: true },
    domain: { description: "the trust domain, acme.com: nobody else is told by its keys", required: false },
    issuer: { description: "what the server writes into `iss`; left out: tokens of no other issuer", required: false }
  },
  traps: [
    "JWT-SVIDs often have no `iss`: then the entry is `issuer: any`, which takes tokens that no other entry lists.",
    "Keys of the bundle say `use: jwt-svid`; those for X.509 are passed over.",
    "Name the trust domain: without it a server of another's bundle, federated or stolen, could write ids of any domain.",
    "Everybody in the trust domain is let in: `require` or the directory narrows it."
  ],
  block: (given) => {
    const domain = textOf(given["domain"]).replace(/^spiffe:\/\//, "").replace(/\/+$/, "")
    const id = `^(spiffe://${domain.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")}/.+)$`
    return {
      issuer: textOf(given["issuer"] ?? "any"),
      jwks: textOf(given["bundle"]),
      types: ["JWT", "JOSE"],
      claims: { user: domain === "" ? "sub" : { from: "sub", match: id, as: "$1" }, email: null, scopes: null }
    }
  }
}
