/** Applies 100 000 rows to a new SQLite directory, and tells its time and its memory. */
import { DirectoryAdmin } from "@jotgate/store/DirectoryAdmin"
import * as SqliteStore from "@jotgate/store/SqliteStore"
import { ManagedRuntime } from "effect"
import { figure } from "../Measure.ts"

const [filename = "bench.db"] = process.argv.slice(2)
const runtime = ManagedRuntime.make(SqliteStore.layer({ filename }))
const admin = await runtime.runPromise(DirectoryAdmin)
const teams = Array.from({ length: 1_000 }, (_, index) => ({ id: `team-${index}`, models: ["gpt-4o*"] }))
const users = Array.from(
  { length: 49_500 },
  (_, index) => ({ id: `user-${index}`, email: `user${index}@acme.com` })
)
const memberships = users.map(({ id }, index) => ({ user: id, team: `team-${index % 1_000}` }))

const before = performance.now()
await runtime.runPromise(admin.apply({ teams, users, memberships }, { actor: "bench", prune: "file" }))
const seconds = (performance.now() - before) / 1_000
const megabytes = process.resourceUsage().maxRSS / 1024
figure(seconds, "s", "apply of 100 000 rows", 60)
figure(megabytes, "MB", "most memory of the process that applies", 300)
await runtime.dispose()
