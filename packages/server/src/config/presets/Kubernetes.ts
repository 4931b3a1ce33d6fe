/** Kubernetes service accounts: the key set stands behind the pod's own token. */
import { type Preset, textOf } from "./Preset.ts"

const mounted = "file:/var/run/secrets/kubernetes.io/serviceaccount"

export const kubernetes: Preset = {
  name: "kubernetes",
  title: "Kubernetes service accounts",
  parameters: {
    issuer: { description: "the issuer of the cluster (--service-account-issuer)", required: true },
    url: { description: "https://kubernetes.default.svc unless said", required: false }
  },
  block: (given) => ({
    issuer: textOf(given["issuer"]),
    jwks: {
      url: `${textOf(given["url"] ?? "https://kubernetes.default.svc")}/openid/v1/jwks`,
      authorization: `${mounted}/token`
    },
    tls: { ca: `${mounted}/ca.crt` },
    claims: { user: "sub", email: null, team: "kubernetes\\.io.namespace" }
  })
}
