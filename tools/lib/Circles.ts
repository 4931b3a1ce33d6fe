/**
 * Circles of files: modules that import one another, whatever stands between, types included.
 */
import { posix } from "node:path"
import type { Module } from "./Sources.ts"

/** Every circle once, each as the paths along it, beginning with the first in the order of the alphabet. */
export const circles = (modules: ReadonlyArray<Module>): ReadonlyArray<ReadonlyArray<string>> => {
  const paths = new Set(modules.map((it) => it.path))
  const edges = new Map(modules.map((module) => [
    module.path,
    module.imports.filter((it) => it.specifier.startsWith("."))
      .map((it) => posix.join(posix.dirname(module.path), it.specifier))
      .filter((it) => paths.has(it))
  ]))
  const done = new Set<string>()
  const found: Array<ReadonlyArray<string>> = []
  const way: Array<string> = []
  const walk = (path: string): void => {
    const at = way.indexOf(path)
    if (at !== -1) {
      const circle = way.slice(at)
      const first = circle.indexOf(circle.toSorted()[0] ?? path)
      found.push([...circle.slice(first), ...circle.slice(0, first)])
      return
    }
    if (done.has(path)) return
    way.push(path)
    for (const next of edges.get(path) ?? []) walk(next)
    way.pop()
    done.add(path)
  }
  for (const path of edges.keys()) walk(path)
  return found
}
