/**
 * Every one of the reference's 202 test cases is decided here or there: a test with its number, a named test of
 * another part, or the reason why it says nothing about us.
 */
import { assert, describe, it } from "@effect/vitest"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"

const packages = join(import.meta.dirname, "../../..")
const sources = new Map(
  readdirSync(packages, { recursive: true, encoding: "utf8" })
    .filter((it) => /^[^/]+\/test\/.*\.test\.ts$/.test(it))
    .map((it) => [it, readFileSync(join(packages, it), "utf8")] as const)
)

/** The numbers that titles of tests carry. */
const titled = new Set(
  [...sources.values()].flatMap((text) => [...text.matchAll(/\bcase (\d{1,3})\b/g)].map((it) => Number(it[1])))
)

/** Decided by a test of another part: numbers, file, and words of its title. */
const elsewhere: ReadonlyArray<readonly [numbers: ReadonlyArray<number>, file: string, title: string]> = [
  [
    [115, 116, 201],
    "core/test/Settings.test.ts",
    "an issuer without an audience, or with one that is empty (RULES D2)"
  ],
  [[29, 30], "core/test/opaque/UserInfo.test.ts", "is off unless enabled"],
  [[31, 187, 188], "core/test/opaque/OpaqueToken.test.ts", "threat D09: a JWT is never asked for"],
  [[48, 49, 51], "core/test/keys/KeySource.test.ts", "a discovery document given as a key URL is read as one"],
  [[50], "core/test/issuer/Discovery.test.ts", "the document is believed for an hour"],
  [
    [62, 63, 64, 65, 66, 67, 119, 120],
    "cli/test/import/litellm.test.ts",
    "without JWT_ISSUER and JWT_AUDIENCE the entry takes any, and the report says so"
  ],
  [[81, 82, 108], "core/test/token/ThreatsE.test.ts", "a token that is good but over"],
  [[83, 180], "core/test/keys/KeyStore.test.ts", "fetches once for any number of first callers"],
  [[84, 101], "core/test/keys/KeyStoreFlood.test.ts", "no minute of a long flood has more than 3 fetches"],
  [[85, 86, 87], "core/test/keys/KeyStoreOutage.test.ts", "serves the last good set for 24 h"],
  [[88, 90, 91, 92], "core/test/keys/KeyStoreOutage.test.ts", "with keys.stale 0s the set ends with its life"],
  [[89], "core/test/keys/KeyStore.test.ts", "threat C07: a key that the issuer removed"],
  [[99, 100], "core/test/keys/KeySet.test.ts", "threat C05: what is no key set"],
  [[102, 109], "core/test/keys/KeyStore.test.ts", "threat C09: without a first fetch every token is 503"],
  [[103], "core/test/keys/KeyStore.test.ts", "fetches once for any number of first callers"],
  [[104], "core/test/keys/KeySource.test.ts", "of several key URLs the first that has the kid wins"],
  [[105], "core/test/issuer/Discovery.test.ts", "asks below the issuer"],
  [[111], "core/test/token/ThreatsB.test.ts", "threat B05: an issuer that nobody lists"],
  [[112, 174], "core/test/token/ThreatsB.test.ts", "threat B06: a token for another service is refused"],
  [[113], "core/test/token/ThreatsB.test.ts", "threat B03: the key of one issuer never speaks for another"],
  [[173], "core/test/Token.test.ts", "no kid is enough only when exactly one key fits"],
  [[25], "core/test/principal/Sync.test.ts", "the first mapping wins, not the first role; a glob is a shell's"],
  [[172], "cli/test/import/litellm.test.ts", "the admin scope is written on every issuer, its default too"]
]

/** Says nothing about us, and why. */
const reasons: ReadonlyArray<readonly [numbers: ReadonlyArray<number>, why: string]> = [
  [
    [8, 9, 139, 140, 141],
    "a newer release: wildcards in team routes that grant pass-through; here teams list the route (RULES D39)"
  ],
  [[80], "a row cannot have an empty id here"],
  [[93, 94, 95, 96, 97, 98], "a newer release's own bookkeeping of stale keys; ours has its own figures"],
  [
    [121, 122, 123, 125, 126, 127, 129, 133, 134, 144, 146],
    "a newer release's fallback to all memberships (`fallback_to_db_teams`); here a single membership counts (RULES D24)"
  ],
  [[147, 148, 149, 150, 151, 152, 153, 154], "a newer release: the header may carry an alias; here it carries an id"],
  [[158, 159, 160, 161, 162, 163, 164, 165, 166, 167, 168, 169], "agents of a newer release"],
  [[178], "a cost update, which belongs to the upstream (RULES D47)"],
  [[185, 186, 189, 190, 191, 192, 193, 194], "virtual keys are no credential here (RULES D45)"],
  [[195, 196, 197, 198, 199, 200], "never released"],
  [[202], "identities here are values that no caller supplies"]
]

describe("the reference's test cases", () => {
  it.each(elsewhere.map((it) => [it[1], it[2]] as const))("%s has a test \"%s\"", (file, title) => {
    assert.isTrue(existsSync(join(packages, file)), file)
    assert.include(sources.get(file) ?? "", title)
  })

  it("every number is a test, a named test elsewhere, or has a reason", () => {
    const told = new Set([...titled, ...elsewhere.flatMap((it) => it[0]), ...reasons.flatMap((it) => it[0])])
    const missing = Array.from({ length: 202 }, (_, index) => index + 1).filter((it) => !told.has(it))
    assert.deepStrictEqual(missing, [])
  })

  it("what has a reason has no test", () => {
    assert.deepStrictEqual(reasons.flatMap((it) => it[0]).filter((it) => titled.has(it)), [])
  })
})
