/**
 * What tests of programs on top of this one need: the whole pipeline on memory, arbitrary deployments, and issuers that
 * sign and publish, good ones and hostile ones.
 */
export * as CoreArbitrary from "./CoreArbitrary.ts"
export * as CoreTest from "./CoreTest.ts"
export * as HostileIssuer from "./HostileIssuer.ts"
export * as Issuer from "./Issuer.ts"
