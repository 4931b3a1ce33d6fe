/**
 * `npm run conformance -- PATH…`: decides recorded decisions of the reference
 * anew and says where we differ.
 *
 * One line per disagreement that no listed deviation explains; the last line
 * counts. Exit 0 only when every difference is explained.
 */
import { main } from "../packages/cli/test/conformance/Report.ts"

process.exitCode = await main(process.argv.slice(2))
