/**
 * Where rows are: what a host replaces to bring its own tables as layers, and
 * the directory in memory.
 *
 * A look-up answers a row, or fails with an error of `Directory`: not found,
 * several, or unavailable, which is never taken for "no such row".
 */
export * from "./directory/AgentRepo.ts"
export * from "./directory/MemoryDirectory.ts"
export * from "./directory/OrganizationRepo.ts"
export * from "./directory/Provisioner.ts"
export * from "./directory/TeamRepo.ts"
export { ToolRepo } from "./directory/ToolRepo.ts"
export * from "./directory/UserRepo.ts"
export * from "./token/RevocationRepo.ts"
