/**
 * The path below which the gate is mounted (`gateway.prefix`).
 *
 * It is taken away once, before anything is judged, so that routes, models and
 * the upstream know nothing of it; what lies beside it is not the gate's.
 */

/** The target below `prefix`, byte for byte; `undefined` when it does not lie there. */
export const below = (prefix: string, target: string): string | undefined => {
  if (prefix === "") return target
  if (!target.startsWith(prefix)) return undefined
  const rest = target.slice(prefix.length)
  if (rest.startsWith("/")) return rest
  return rest === "" || rest.startsWith("?") ? `/${rest}` : undefined
}
