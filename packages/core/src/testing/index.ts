/**
 * What tests of programs on top of this one need: issuers that sign and publish, good ones and hostile ones.
 */
export * as HostileIssuer from "./HostileIssuer.ts"
export * as Issuer from "./Issuer.ts"
