/**
 * A host's own hook and rule as layers: what they are asked, and how they
 * refuse. Both can only take rights away (`custom_denied`,
 * `custom_unavailable`), and both are asked wherever they stand in the graph.
 */
export * from "./decision/RequestPolicy.ts"
export type { Identity } from "./Identity.ts"
export type { Principal } from "./principal/Principal.ts"
export type { Claims } from "./token/Claims.ts"
export * from "./token/ClaimsPolicy.ts"
