/**
 * What tests of programs on top of this one need: the whole pipeline on memory, arbitrary deployments, issuers that
 * sign and publish, good ones and hostile ones, and the contracts that every directory, every cache and every store of
 * keys keeps (`DirectorySuite`, `CacheSuite`, `KeyStoreSuite`, which our own tests run on each of ours).
 */
export * as CacheSuite from "./CacheSuite.ts"
export * as CoreArbitrary from "./CoreArbitrary.ts"
export * as CoreTest from "./CoreTest.ts"
export * as DirectorySuite from "./DirectorySuite.ts"
export * as HostileIssuer from "./HostileIssuer.ts"
export * as Issuer from "./Issuer.ts"
export * as KeyStoreSuite from "./KeyStoreSuite.ts"
