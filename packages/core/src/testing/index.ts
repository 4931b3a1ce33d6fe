/**
 * What tests of programs on top of this one need: the whole pipeline on memory, issuers that sign and publish, good
 * ones and hostile ones, and the contract that every directory keeps.
 */
export * as CoreTest from "./CoreTest.ts"
export * as DirectorySuite from "./DirectorySuite.ts"
export * as HostileIssuer from "./HostileIssuer.ts"
export * as Issuer from "./Issuer.ts"
