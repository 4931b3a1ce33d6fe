/**
 * The test configuration: one vitest project per workspace, all on the sources.
 *
 * Vitest 5 reads a file of this name no longer, so `vitest.config.ts` re-exports it. The condition `source` makes
 * `@jotgate/*` resolve to `src`, for files that vitest transforms and for those that Node loads itself.
 */
import { defineConfig, defineProject } from "vitest/config"

const conditions = ["source"]

const project = (name: string, root: string) =>
  defineProject({
    root,
    resolve: { conditions },
    ssr: { resolve: { conditions, externalConditions: conditions } },
    test: {
      name,
      include: ["test/**/*.test.ts"],
      execArgv: ["--conditions=source"]
    }
  })

export default defineConfig({
  test: {
    projects: [
      project("core", "packages/core"),
      project("store", "packages/store"),
      project("server", "packages/server"),
      project("cli", "packages/cli"),
      project("examples", "examples"),
      project("servers", "servers"),
      project("tools", "tools")
    ]
  }
})
