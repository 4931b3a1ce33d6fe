/**
 * What only Node has: the synchronous signature check and digest of `node:crypto`.
 *
 * `Signature.layer` runs on any runtime; here is the layer that makes a decision an `Exit`.
 */
export * as NodeSignature from "./token/NodeSignature.ts"
