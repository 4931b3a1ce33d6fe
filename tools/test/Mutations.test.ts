import { assert, describe, it } from "@effect/vitest"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { mutations } from "../../mutation/Mutations.ts"
import { stale } from "../../mutation/Stale.ts"

describe("npm run mutation", () => {
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
