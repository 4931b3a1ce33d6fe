import { describe } from "@effect/vitest"
import * as DirectoryWorld from "../support/DirectoryWorld.ts"
import { suites } from "./suite/Suites.ts"

describe("the admin listener on SQLite", () => suites.forEach((it) => it(DirectoryWorld.make)))
