/**
 * `/metrics`: the registry of the process, and the figures of what is in force
 * now. These are not registered: an issuer that is no longer configured, or a
 * version that was replaced, must not be told any more.
 */
import type { IssuerStatus } from "@jotgate/core/KeyStore"
import { Effect } from "effect"
import { PrometheusMetrics } from "effect/observability"
import type { ConfigState } from "../config/ConfigState.ts"
import type { Deployment } from "../Deployment.ts"
import { version } from "../platform/Version.ts"

type Labels = Readonly<Record<string, string>>

/** One figure, with what it is told for. */
interface Family {
  readonly name: string
  readonly type: "gauge" | "counter"
  readonly help: string
  readonly samples: ReadonlyArray<readonly [labels: Labels, value: number]>
}

const escaped = (text: string): string => text.replaceAll("\\", "\\\\").replaceAll("\"", "\\\"").replaceAll("\n", "\\n")

const sample = (name: string, [labels, value]: Family["samples"][number]): string => {
  const pairs = Object.entries(labels).map(([label, it]) => `${label}="${escaped(it)}"`)
  return `${name}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`} ${value}`
}

const textOf = ({ help, name, samples, type }: Family): string =>
  samples.length === 0
    ? ""
    : `${[`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...samples.map((it) => sample(name, it))].join("\n")}\n`

const known = (
  issuers: ReadonlyArray<IssuerStatus>,
  valueOf: (it: IssuerStatus) => number | null
): Family["samples"] =>
  issuers.flatMap((it) => {
    const value = valueOf(it)
    return value === null ? [] : [[{ issuer: it.issuer }, value] as const]
  })

const issuerFamilies = (issuers: ReadonlyArray<IssuerStatus>): ReadonlyArray<Family> => [
  {
    name: "jotgate_issuer_ready",
    type: "gauge",
    help: "Whether the issuer's tokens can be verified.",
    samples: known(issuers, (it) => Number(it.ready))
  },
  {
    name: "jotgate_key_age_seconds",
    type: "gauge",
    help: "Time since the key set in use was fetched.",
    samples: known(issuers, (it) => it.ageSeconds)
  },
  {
    name: "jotgate_keys_stale",
    type: "gauge",
    help: "Whether the key set in use is past its life because the issuer cannot be reached.",
    samples: known(issuers, (it) => Number(it.stale))
  },
  {
    name: "jotgate_keys",
    type: "gauge",
    help: "Keys in use.",
    samples: known(issuers, (it) => it.keys.length)
  },
  {
    name: "jotgate_unknown_keys_total",
    type: "counter",
    help: "Tokens refused because nobody knows their key.",
    samples: known(issuers, (it) => it.unknownKeys)
  }
]

const cacheFamily = ({ remembered }: Deployment): Family => {
  const samples = (cache: string, counts: Readonly<Record<string, number>>) =>
    Object.entries(counts).map(([result, count]) => [{ cache, result }, count] as const)
  const rows = remembered?.rows()
  return {
    name: "jotgate_cache_requests_total",
    type: "counter",
    help: "What was asked of memory: verified tokens, decisions about them, and rows of the directory.",
    samples: remembered === undefined ? [] : [
      ...samples("tokens", { hit: remembered.tallies.tokens.hits, miss: remembered.tallies.tokens.misses }),
      ...samples("decisions", { hit: remembered.tallies.decisions.hits, miss: remembered.tallies.decisions.misses }),
      ...(rows === undefined ? [] : samples("rows", { hit: rows.hits, miss: rows.misses, stale: rows.stale }))
    ]
  }
}

const versionFamilies = (config: ConfigState["Service"]): ReadonlyArray<Family> => {
  const reload = config.reload()
  const source = config.source()
  return [
    {
      name: "jotgate_build_info",
      type: "gauge",
      help: "The version that runs, and of Node.",
      samples: [[{ version, node: process.version }, 1]]
    },
    {
      name: "jotgate_config_info",
      type: "gauge",
      help: "The version of the configuration in force.",
      samples: source === undefined ? [] : [[{ version: source.version }, 1]]
    },
    {
      name: "jotgate_config_in_force_timestamp_seconds",
      type: "gauge",
      help: "Since when the configuration is in force.",
      samples: [[{}, config.since() / 1000]]
    },
    {
      name: "jotgate_config_last_reload_successful",
      type: "gauge",
      help: "Whether the last attempt to put another configuration in force was successful; 1 before the first.",
      samples: [[{}, reload === undefined || reload.inForce ? 1 : 0]]
    }
  ]
}

/** What a process counts that answers for another one, which has the rest. */
export const counted = Effect.fnUntraced(function*(deployment: Deployment) {
  const registered = yield* PrometheusMetrics.format()
  const issuers = issuerFamilies(yield* deployment.keys).filter(({ type }) => type === "counter")
  return registered + [...issuers, cacheFamily(deployment)].map(textOf).join("")
})

/** Everything that is counted, as text for Prometheus. */
export const figures = Effect.fnUntraced(function*(deployment: Deployment, config: ConfigState["Service"]) {
  const registered = yield* PrometheusMetrics.format()
  const issuers = yield* deployment.keys
  return registered +
    [...versionFamilies(config), ...issuerFamilies(issuers), cacheFamily(deployment)].map(textOf).join("")
})
