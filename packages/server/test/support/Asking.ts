/** The questions of the proxies, in the headers in which each was recorded to ask. */
import type { Dialect } from "../../src/doors/Dialect.ts"

/** Where the callers of the proxy think they are. */
export const host = "gate.example:8443"

/** What this proxy tells beside the caller's own headers: request line and header lines. */
export const lines = (dialect: Dialect, method: string, target: string): readonly [string, ReadonlyArray<string>] => {
  const line = `GET /_jotgate/auth/${dialect} HTTP/1.1`
  switch (dialect) {
    case "envoy":
      return [`${method} /_jotgate/envoy${target} HTTP/1.1`, [
        `Host: ${host}`,
        "X-Forwarded-Proto: https",
        "X-Envoy-Internal: true",
        "X-Envoy-Expected-Rq-Timeout-Ms: 5000"
      ]]
    case "nginx":
      return [line, [
        `X-Original-Method: ${method}`,
        `X-Original-URI: ${target}`,
        `X-Forwarded-Host: ${host}`,
        "X-Forwarded-Proto: https",
        `Host: ${host}`
      ]]
    case "ingress-nginx":
      return [line, [
        "X-Request-ID: 4d0f2b1c9e8a7f6d5c4b3a2918070605",
        "Host: jotgate.jotgate.svc.cluster.local:4180",
        `X-Original-URL: https://${host}${target}`,
        `X-Original-Method: ${method}`,
        "X-Sent-From: nginx-ingress-controller",
        "X-Real-IP: 10.244.0.1",
        "X-Forwarded-For: 10.244.0.1",
        `X-Auth-Request-Redirect: ${target}`
      ]]
    default:
      return [line, [
        `X-Forwarded-Method: ${method}`,
        `X-Forwarded-Uri: ${target}`,
        `X-Forwarded-Host: ${host}`,
        "X-Forwarded-Proto: https",
        "X-Forwarded-For: 127.0.0.1"
      ]]
  }
}
