/**
 * Findings on the listeners, the doors and what lies behind them.
 */
import { type Check, error, warning, when } from "./CheckFinding.ts"
import { isLoopback } from "./GatewaySettings.ts"

/** Every finding on `gateway`. */
export const checkGateway: Check = ({ directory, gateway }, says) => {
  const all = [
    ...(gateway.upstream === null ? [] : [["gateway.upstream", gateway.upstream] as const]),
    ...gateway.upstreams.map((it, index) => [`gateway.upstreams[${index}]`, it] as const)
  ]
  return [
    ...when(
      !isLoopback(gateway.admin.host) && gateway.adminToken === null,
      () => error("gateway.admin", "listens elsewhere than on a loopback address, which needs gateway.adminToken")
    ),
    ...when(
      gateway.listen.port !== 0 && gateway.listen.port === gateway.admin.port &&
        gateway.listen.host === gateway.admin.host,
      () => error("gateway.admin", "is the same address as gateway.listen")
    ),
    ...when(
      gateway.workers > 1 && directory.url === "memory:" && directory.write !== false,
      () =>
        error(
          "gateway.workers",
          "is for a directory that processes share: with memory: each would have rows of its own (or directory.write: false)"
        )
    ),
    ...all.flatMap(([path, it]) => {
      const { authorization } = it
      if (typeof authorization === "string") {
        return [
          ...when(
            says(`${path}.onMissingTeamKey`),
            () => warning(`${path}.onMissingTeamKey`, "has no effect: authorization names no key of a team")
          ),
          ...when(
            says(`${path}.header`) && authorization === "none",
            () => warning(`${path}.header`, "has no effect: authorization is none")
          )
        ]
      }
      const { default: fallback, team } = authorization
      return [
        ...when(
          team === undefined && fallback === undefined,
          () => error(`${path}.authorization`, "names neither team nor default")
        ),
        ...when(
          typeof team === "string" && !team.includes("{team}"),
          () => error(`${path}.authorization.team`, "must hold {team}, or it is the same key for every team")
        ),
        ...when(
          it.onMissingTeamKey === "deny" && team === undefined,
          () => error(`${path}.onMissingTeamKey`, "denies everybody: authorization names no key of a team")
        ),
        ...when(
          it.onMissingTeamKey === "deny" && team !== undefined && fallback !== undefined,
          () => warning(`${path}.authorization.default`, "is for callers without a team only: onMissingTeamKey is deny")
        )
      ]
    }),
    ...when(
      gateway.forwardAuth.authorization && all.length === 0,
      () => warning("gateway.forwardAuth.authorization", "has no effect: no upstream has a key to answer with")
    ),
    ...when(
      gateway.websocket.length > 0 && all.length === 0,
      () => warning("gateway.websocket", "has no effect: there is no upstream")
    ),
    ...when(
      gateway.upstream === null && gateway.upstreams.length > 0,
      () => warning("gateway.upstreams", "what none of them matches has no upstream: 404")
    )
  ]
}
