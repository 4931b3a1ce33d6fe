/** Programs that use the published surface of jotgate. */
export * as Express from "./express/app.ts"
export * as Notes from "./notes/Api.ts"
export * as Policy from "./policy/Policy.ts"
