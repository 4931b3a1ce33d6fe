import { describe } from "@effect/vitest"
import { Effect } from "effect"
import * as DirectoryWorld from "../support/DirectoryWorld.ts"
import { suites } from "./suite/Suites.ts"

describe("the admin listener on rows in memory", () =>
  suites.forEach((it) => it(DirectoryWorld.on(Effect.succeed("memory:")))))
