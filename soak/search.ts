/**
 * `npm run soak -- search`: AuthZEN's searches against its evaluations, `who` and `can` over 1 000 drawn directories with
 * models, tools and agents. The tests ask the first 100 of them.
 */
import { Effect } from "effect"
import * as DirectoryWorld from "../packages/server/test/support/DirectoryWorld.ts"
import * as SearchLaw from "../packages/server/test/support/SearchLaw.ts"
import { figure } from "./Figures.ts"

const DIRECTORIES = 1_000

await Effect.runPromise(Effect.scoped(Effect.gen(function*() {
  const { client } = yield* DirectoryWorld.make({
    policy: { withoutTeam: "user", ...SearchLaw.policy },
    issuer: { claims: { user: "sub", agent: { actor: "act" } } }
  })
  let kept = 0
  for (let seed = 1; seed <= DIRECTORIES; seed++) {
    yield* SearchLaw.holds(client, seed)
    kept++
  }
  figure("drawn directories over which searches, evaluations, who and can agree", kept, { least: DIRECTORIES })
})))
process.exit()
