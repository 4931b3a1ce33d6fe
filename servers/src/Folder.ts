/** Temporary data folders, one for each server. */
import { chownSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { User } from "./Process.ts"

export interface Folder {
  readonly path: string
  readonly remove: () => void
}

/** An empty folder; for another user it is made where that user can reach it. */
export const make = (name: string, user?: User): Folder => {
  const path = mkdtempSync(join(user === undefined ? tmpdir() : "/tmp", `jotgate-${name}-`))
  if (user !== undefined) chownSync(path, user.uid, user.gid)
  return { path, remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 3 }) }
}
