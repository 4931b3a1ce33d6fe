/**
 * Stands in for an identity provider: makes a key pair on first use, publishes
 * its public half as `keys.json`, and prints a token for one person.
 *
 * `node issue.mjs alice red blue`: a token of alice, in the groups red and blue,
 * good for an hour. The private half lies in `issuer.key` beside it. Plain JavaScript: any Node runs it.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, sign } from "node:crypto"
import { existsSync, readFileSync, writeFileSync } from "node:fs"

const [person = "alice", ...groups] = process.argv.slice(2)

if (!existsSync("issuer.key")) {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
  writeFileSync("issuer.key", privateKey.export({ format: "pem", type: "pkcs8" }), { mode: 0o600 })
}
const key = createPrivateKey(readFileSync("issuer.key"))
const published = { ...createPublicKey(key).export({ format: "jwk" }), kid: "k1", alg: "ES256", use: "sig" }
writeFileSync("keys.json", JSON.stringify({ keys: [published] }))

const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url")
const now = Math.floor(Date.now() / 1000)
const claims = {
  iss: "https://acme.okta.com/oauth2/aus1",
  aud: "llm-gateway",
  sub: person,
  email: `${person}@acme.com`,
  email_verified: true,
  groups,
  iat: now,
  exp: now + 3600
}
const signed = `${part({ alg: "ES256", kid: "k1", typ: "at+jwt" })}.${part(claims)}`
const signature = sign("sha256", Buffer.from(signed), { key, dsaEncoding: "ieee-p1363" }).toString("base64url")
console.log(`${signed}.${signature}`)
