/** Reads the compressed vectors, and judges one signed text against one published set, without looking at its payload. */
import { Effect, Result, Schema } from "effect"
import { readFileSync } from "node:fs"
import { gunzipSync } from "node:zlib"
import * as KeySet from "../../src/keys/KeySet.ts"
import { Algorithms } from "../../src/Settings.ts"
import { readSigned } from "../../src/token/CompactToken.ts"
import type { Signature } from "../../src/token/Signature.ts"

const folder = new URL("../fixtures/vectors/", import.meta.url)

const Members = Schema.Record(Schema.String, Schema.Unknown)

/** A group of Wycheproof, with the members that these tests read. */
const Group = Schema.Struct({
  comment: Schema.optionalKey(Schema.String),
  public: Schema.optionalKey(Members),
  private: Schema.optionalKey(Members),
  publicKeyJwk: Schema.optionalKey(Members),
  keyJwk: Schema.optionalKey(Members),
  publicKeyPem: Schema.optionalKey(Schema.String),
  tests: Schema.Array(Schema.Struct({
    tcId: Schema.Number,
    result: Schema.Literals(["valid", "invalid", "acceptable"]),
    jws: Schema.optionalKey(Schema.Unknown),
    jwe: Schema.optionalKey(Schema.Unknown),
    msg: Schema.optionalKey(Schema.String),
    sig: Schema.optionalKey(Schema.String)
  }))
})

const Expectations = Schema.Struct({
  exceptions: Schema.Array(Schema.Struct({
    file: Schema.String,
    tcIds: Schema.Array(Schema.Number),
    strict: Schema.Literals(["reject", "accept"]),
    why: Schema.String
  })),
  cryptoKeyOnlyFalseAccepts: Schema.Record(Schema.String, Schema.Unknown)
})

const Cookbook = Schema.Struct({
  input: Schema.Struct({ key: Schema.Unknown }),
  output: Schema.Struct({
    compact: Schema.optionalKey(Schema.String),
    json: Schema.optionalKey(Schema.Unknown),
    json_flat: Schema.optionalKey(Schema.Unknown)
  })
})

const text = (name: string): unknown =>
  JSON.parse(
    name.endsWith(".gz")
      ? gunzipSync(readFileSync(new URL(name, folder))).toString()
      : readFileSync(new URL(name, folder), "utf8")
  )

const decodeGroups = Schema.decodeUnknownSync(Schema.Struct({ testGroups: Schema.Array(Group) }))

export const wycheproof = (name: string) => decodeGroups(text(`wycheproof/${name}_test.json.gz`)).testGroups

export const cookbook = (name: string) => Schema.decodeUnknownSync(Cookbook)(text(`jose-cookbook/${name}.json.gz`))

export const expectations = Schema.decodeUnknownSync(Expectations)(text("expectations.json"))

/** A published set as the key store would use it. */
export const published = (set: unknown, signature: Signature["Service"]) => {
  const parsed = KeySet.fromJson(set)
  return Result.isFailure(parsed)
    ? Effect.die(`no key set: ${parsed.failure}`)
    : KeySet.prepare(parsed.success, signature, Algorithms)
}

/** Whether the signature of a text is good under a set. */
export const isGenuine = Effect.fnUntraced(function*(signed: unknown, keys: KeySet.UsableKeys) {
  const read = readSigned(typeof signed === "string" ? signed : JSON.stringify(signed))
  if (Result.isFailure(read)) return false
  const { header, parts, signingInput } = read.success
  for (const key of keys.select(header)) {
    if (yield* key.verify(signingInput, parts.signature)) return true
  }
  return false
})
