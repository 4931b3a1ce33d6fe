/** Kubernetes service accounts: the key set stands behind the pod's own token. */
import { addressOf, type Preset, textOf } from "./Preset.ts"

const mounted = "file:/var/run/secrets/kubernetes.io/serviceaccount"

export const kubernetes: Preset = {
  name: "kubernetes",
  title: "Kubernetes service accounts",
  parameters: {
    issuer: { description: "the issuer of the cluster (--service-account-issuer)", required: true },
    url: {
      description:
        "the API server, https://kubernetes.default.svc unless said; or `public`: the issuer publishes its keys (EKS, GKE, AKS)",
      required: false
    }
  },
  traps: [
    "The key set stands behind the pod's own token, which is read anew at each fetch; the service account needs `system:service-account-issuer-discovery`.",
    "Managed clusters have an issuer outside of the cluster, which publishes its keys to anybody: `url: public` asks there, also from outside.",
    "Ask for a projected token with `audience`; the default one is for the API server and is refused.",
    "Legacy tokens from secrets never end and are refused."
  ],
  block: (given) => {
    const url = textOf(given["url"] ?? "https://kubernetes.default.svc")
    return {
      issuer: textOf(given["issuer"]),
      ...(url === "public" ? {} : {
        jwks: { url: `${addressOf(url)}/openid/v1/jwks`, authorization: `${mounted}/token` },
        tls: { ca: `${mounted}/ca.crt` }
      }),
      claims: { user: "sub", email: null, team: "kubernetes\\.io.namespace" }
    }
  }
}
