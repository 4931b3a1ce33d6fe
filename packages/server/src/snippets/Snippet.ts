/**
 * Ready configuration of the programs that stand in front of the gate or behind
 * it: each is one complete file that runs as printed.
 *
 * All of them do the same five things: take the caller's `X-Jotgate-*` away, ask
 * the gate in its own dialect, hand the gate's denial to the caller, drop the
 * caller's credentials, and let streams through. A gate that does not answer
 * means closed.
 */
import { agentGateway } from "./AgentGateway.ts"
import { caddy } from "./Caddy.ts"
import { envoy } from "./Envoy.ts"
import { envoyAiGateway } from "./EnvoyAiGateway.ts"
import { envoyGateway } from "./EnvoyGateway.ts"
import { haproxy, haproxyLua } from "./HAProxy.ts"
import { ingressNginx } from "./IngressNginx.ts"
import { istio } from "./Istio.ts"
import { kubernetes } from "./Kubernetes.ts"
import { litellm } from "./LiteLLM.ts"
import { nginx } from "./Nginx.ts"
import { prometheus } from "./Prometheus.ts"
import type { SnippetOptions } from "./SnippetOptions.ts"
import { systemd } from "./Systemd.ts"
import { traefik } from "./Traefik.ts"

export type { SnippetOptions } from "./SnippetOptions.ts"

/** The names, as `jotgate snippets NAME` takes them. */
export const snippetNames = [
  "nginx",
  "ingress-nginx",
  "caddy",
  "traefik",
  "envoy",
  "envoy-gateway",
  "envoy-ai-gateway",
  "istio",
  "agentgateway",
  "haproxy",
  "litellm",
  "kubernetes",
  "systemd",
  "prometheus"
] as const
/** A configuration that `jotgate snippets` prints. */
export type SnippetName = (typeof snippetNames)[number]

const gates: Readonly<Partial<Record<SnippetName, string>>> = {
  "litellm": "http://127.0.0.1:4181",
  "ingress-nginx": "http://jotgate.jotgate.svc.cluster.local:4180",
  "envoy-ai-gateway": "http://jotgate.jotgate.svc.cluster.local:4180",
  "envoy-gateway": "http://jotgate.jotgate.svc.cluster.local:4180",
  "istio": "http://jotgate.jotgate.svc.cluster.local:4180"
}

/** What is taken when nothing is said: the gate's own defaults. */
export const defaultsFor = (name: SnippetName): SnippetOptions => ({
  gate: new URL(gates[name] ?? "http://127.0.0.1:4180"),
  upstream: new URL(name === "ingress-nginx" ? "http://litellm.llm.svc.cluster.local:4000" : "http://127.0.0.1:4000"),
  listen: { host: "127.0.0.1", port: 8080 },
  credentials: ["authorization"],
  teamHeaders: ["x-team-id", "x-litellm-team-id"],
  identityHeaders: []
})

const snippets: Readonly<Record<SnippetName, (options: SnippetOptions) => string>> = {
  nginx,
  "ingress-nginx": ingressNginx,
  caddy,
  traefik,
  envoy,
  "envoy-gateway": envoyGateway,
  "envoy-ai-gateway": envoyAiGateway,
  istio,
  agentgateway: agentGateway,
  haproxy,
  litellm,
  kubernetes,
  systemd,
  prometheus
}

/** The text of one snippet. */
export const snippet = (name: SnippetName, options: Partial<SnippetOptions> = {}): string =>
  snippets[name]({ ...defaultsFor(name), ...options })

/** The Lua file that the HAProxy configuration loads as `jotgate.lua`. */
export const lua = (options: Partial<SnippetOptions> = {}): string =>
  haproxyLua({ ...defaultsFor("haproxy"), ...options })
