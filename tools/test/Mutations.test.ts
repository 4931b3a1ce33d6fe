import { assert, describe, it } from "@effect/vitest"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { mutations } from "../../mutation/Mutations.ts"
import { stale } from "../../mutation/Stale.ts"

const root = join(import.meta.dirname, "../..")

describe("npm run mutation", () => {
  it("changes code that is there: each text stands once in its file", async () => {
    assert.deepStrictEqual(await stale(root, mutations), [])
  })

  it("names a mutation whose text or file is gone", async () => {
    const [first] = mutations
    assert.isDefined(first)
    const empty = mkdtempSync(join(tmpdir(), "jotgate-mutation-"))
    assert.deepStrictEqual(await stale(empty, [first]), [
      `stands 0 times instead of once: ${first.package} ${first.file}: ${JSON.stringify(first.find)}`
    ])
    rmSync(empty, { recursive: true })
  })

  it("covers what decides on models, bodies, addresses and persons", () => {
    const files = new Set(mutations.map((it) => it.file))
    for (
      const file of [
        "rules/routes/ModelRoutes.ts",
        "rules/routes/BodyPlaces.ts",
        "rules/UnknownModel.ts",
        "rules/WithoutTeam.ts",
        "settings/AddressProof.ts",
        "identity/ClaimExtractor.ts",
        "principal/UserResolver.ts",
        "issuer/Issuer.ts",
        "opaque/Enrichment.ts",
        "model/MultipartReader.ts",
        "model/JsonModel.ts"
      ]
    ) assert.isTrue(files.has(file), file)
  })
})
