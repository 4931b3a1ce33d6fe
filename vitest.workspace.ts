/**
 * The test configuration: all packages on their sources, in few projects, so that a process loads a module once.
 *
 * Vitest 5 reads a file of this name no longer, so `vitest.config.ts` re-exports it. The condition `source` makes
 * `@jotgate/*` resolve to `src`, for files that vitest transforms and for those that Node loads itself.
 */
import { statSync } from "node:fs"
import { defineConfig, defineProject } from "vitest/config"
import { BaseSequencer, type TestSpecification } from "vitest/node"

const conditions = ["source"]

// Processes that tests start from the sources find them compiled, as the command does.
process.env["NODE_COMPILE_CACHE"] ??= new URL("node_modules/.cache/compiled", import.meta.url).pathname

const every = [
  "packages/*/test/**/*.test.ts",
  "examples/test/**/*.test.ts",
  "servers/test/**/*.test.ts",
  "tools/test/**/*.test.ts"
]
/** Whoever starts the command, which is built before. */
const command = ["packages/cli/test/**/*.integration.test.ts"]

/** Whoever measures the process itself has it alone. */
const alone = ["record/Retained", "proxy/Leaks", "admin/Figures.integration"].map((it) =>
  `packages/server/test/${it}.test.ts`
)

interface Kept {
  readonly include: Array<string>
  readonly exclude?: Array<string>
  readonly isolate?: boolean
  /** What happens once before all of them. */
  readonly globalSetup?: Array<string>
  /** For Node, beside the condition. */
  readonly flags?: Array<string>
}

/** Tests make much that is soon forgotten: with more room for it, a tenth less of the processor's time goes by. */
const roomy = ["--max-semi-space-size=64"]

const project = (name: string, { exclude = [], flags = roomy, globalSetup = [], include, isolate = false }: Kept) =>
  defineProject({
    resolve: { conditions },
    ssr: { resolve: { conditions, externalConditions: conditions } },
    test: {
      name,
      // Files share no state, and load their modules once, which halves their time.
      isolate,
      include,
      exclude,
      globalSetup,
      // A limit that only a hang reaches: on two busy cores a test with real servers takes many times its usual time.
      testTimeout: 180_000,
      hookTimeout: 180_000,
      // A machine that others use may stop for as long as a test waits, so a whole run has one second try, which the
      // report shows beside the test: whoever sees one there mends the test, or what it found.
      retry: process.env["CI"] === undefined ? 0 : 1,
      execArgv: ["--conditions=source", ...flags],
      // They have sources under the same condition, which Node does not load from there.
      server: { deps: { inline: [/@modelcontextprotocol/, /eventsource/] } }
    }
  })

/**
 * How long a file takes, as far as can be told from outside: those with real servers, then the larger ones. Whoever is
 * alone comes before all others: a process of several files ends where the next file is not one of its kind.
 */
const lengthOf = ({ moduleId }: TestSpecification): number =>
  statSync(moduleId).size +
  (alone.some((it) => moduleId.endsWith(it))
    ? 3e9
    : /\/cli\/.*\.integration\./.test(moduleId)
    ? 2e9
    : /\.integration\.|\/conformance\//.test(moduleId)
    ? 1e9
    : 0)

/** The longest first, so that the last process does not end long after the others. */
class LongestFirst extends BaseSequencer {
  override sort(files: Array<TestSpecification>): Promise<Array<TestSpecification>> {
    return Promise.resolve(files.toSorted((one, other) => lengthOf(other) - lengthOf(one)))
  }
}

/** Under CI a report for machines as well: `tools/tally.ts` counts it. */
const reporters = process.env["CI"] === undefined
  ? ["default"]
  : [
    "default",
    ["json", { outputFile: "node_modules/.cache/vitest.json" }] as [string, { readonly outputFile: string }]
  ]

export default defineConfig({
  test: {
    reporters,
    // One more than the cores that are asked for: tests with real servers often wait.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    projects: [
      project("the command", { include: command, globalSetup: ["./tools/lib/BuiltCommand.ts"] }),
      project("jotgate", { include: every, exclude: [...command, ...alone] }),
      project("alone", { include: alone, isolate: true, flags: [] })
    ]
  }
})
