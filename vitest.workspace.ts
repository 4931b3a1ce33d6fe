/**
 * The test configuration: one vitest project per workspace, all on the sources.
 *
 * Vitest 5 reads a file of this name no longer, so `vitest.config.ts` re-exports it. The condition `source` makes
 * `@jotgate/*` resolve to `src`, for files that vitest transforms and for those that Node loads itself.
 */
import { defineConfig, defineProject } from "vitest/config"

const conditions = ["source"]

const every = ["test/**/*.test.ts"]
const real = ["test/**/*.integration.test.ts"]

interface Kept {
  /** Whether each file gets a process of its own. */
  readonly isolate: boolean
  readonly include: Array<string>
  readonly exclude: Array<string>
  /** What happens once before all of them. */
  readonly globalSetup?: Array<string>
}

/** Whoever starts real servers is kept apart. */
const apart: Kept = { isolate: true, include: every, exclude: [] }
/** Files that share no state load their modules once, which halves their time. */
const together: Kept = { isolate: false, include: every, exclude: [] }

const project = (name: string, root: string, { exclude, globalSetup = [], include, isolate }: Kept = apart) =>
  defineProject({
    root,
    resolve: { conditions },
    ssr: { resolve: { conditions, externalConditions: conditions } },
    test: {
      name,
      isolate,
      include,
      exclude,
      globalSetup,
      // A limit that only a hang reaches: on two busy cores a test with real servers takes many times its usual time.
      testTimeout: 60_000,
      hookTimeout: 60_000,
      execArgv: ["--conditions=source"],
      // They have sources under the same condition, which Node does not load from there.
      server: { deps: { inline: [/@modelcontextprotocol/, /eventsource/] } }
    }
  })

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
    projects: [
      project("core", "packages/core", together),
      project("store", "packages/store", { ...together, exclude: real }),
      project("store with real servers", "packages/store", { ...apart, include: real }),
      project("server", "packages/server", { ...together, exclude: real }),
      project("server with real servers", "packages/server", { ...apart, include: real }),
      project("cli", "packages/cli", { ...together, exclude: real }),
      project("cli with real servers", "packages/cli", {
        ...apart,
        include: real,
        // What it starts is the command as it ships.
        globalSetup: ["../../tools/lib/BuiltCommand.ts"]
      }),
      project("examples", "examples"),
      project("servers", "servers"),
      project("tools", "tools", together)
    ]
  }
})
