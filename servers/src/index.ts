/**
 * `@jotgate/servers`: real servers for the tests.
 *
 * Each module starts one kind of server on a free loopback port with its own temporary folder: `start` gives a promise
 * of it (call `stop`), `make` a scoped Effect. Both wait on real time and work in `it.effect` and `it.live` alike.
 */
export * as Caddy from "./Caddy.ts"
export * as Catalog from "./Catalog.ts"
export * as Chromium from "./Chromium.ts"
export type * as Configured from "./Configured.ts"
export { describeWith } from "./Describe.ts"
export * as Dex from "./Dex.ts"
export * as Envoy from "./Envoy.ts"
export * as Folder from "./Folder.ts"
export * as HAProxy from "./HAProxy.ts"
export * as LiteLLM from "./LiteLLM.ts"
export * as Nginx from "./Nginx.ts"
export * as Ports from "./Ports.ts"
export * as Postgres from "./Postgres.ts"
export * as Process from "./Process.ts"
export * as Promtool from "./Promtool.ts"
export * as Redis from "./Redis.ts"
export * as Traefik from "./Traefik.ts"
