/**
 * What tests of programs on top of this one need: the whole pipeline on memory, arbitrary deployments, issuers that
 * sign and publish, good ones and hostile ones, and the contract that every directory keeps (`DirectorySuite`, which
 * the tests of `store` run on each of its stores).
 */
export * as CoreArbitrary from "./CoreArbitrary.ts"
export * as CoreTest from "./CoreTest.ts"
export * as DirectorySuite from "./DirectorySuite.ts"
export * as HostileIssuer from "./HostileIssuer.ts"
export * as Issuer from "./Issuer.ts"
