/**
 * `@jotgate/store`: what jotgate remembers.
 *
 * `Store.layer` is all that a program needs: it reads the settings and provides
 * the repositories with their memory, the Provisioner, the deny list, the
 * administration of rows and the health of the store.
 */
export {
  type ApplyOptions,
  type Audit,
  type Changed,
  type ChangeOptions,
  ChangeRefused,
  DirectoryAdmin,
  etag,
  type Filter,
  type ListQuery,
  type Page,
  type Written
} from "./manage/DirectoryAdmin.ts"
export * as Change from "./remember/Change.ts"
export { Forgetting } from "./remember/Forgetting.ts"
export * as Migrations from "./sql/Migrations.ts"
export * as SqliteStore from "./sqlite/SqliteStore.ts"
export * as Store from "./Store.ts"
export { type Report, StoreHealth } from "./StoreHealth.ts"
export * as StoreUrl from "./StoreUrl.ts"
