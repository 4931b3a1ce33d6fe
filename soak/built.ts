/** What takes minutes to build: a real dex behind the gate, grpcurl and the health probe at its gRPC door. */
import { spawnSync } from "node:child_process"

const npm = (...args: ReadonlyArray<string>): boolean => spawnSync("npm", args, { stdio: "inherit" }).status === 0

const servers = ["go", "dex", "grpcurl", "grpc-health-probe"]
const suites = ["packages/cli/test/commands/Dex.integration", "packages/server/test/doors/grpc/Clients.integration"]
if (!npm("run", "servers", "--", ...servers) || !npm("exec", "--", "vitest", "run", ...suites)) process.exitCode = 1
