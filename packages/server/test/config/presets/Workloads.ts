/** Tokens of programs, jobs and service accounts. Shapes are as the providers document them; names, keys and times are ours. */
import { refused, type Sample } from "./Sample.ts"

export const workloads: Readonly<Record<string, Sample>> = {
  "google-service-account": {
    file:
      `{ preset: google-service-account, accounts: bot@acme.iam.gserviceaccount.com, audience: "https://llm.acme.com" }`,
    algorithm: "RS256",
    typ: "JWT",
    claims: {
      iss: "https://accounts.google.com",
      azp: "1078",
      aud: "https://llm.acme.com",
      sub: "1078",
      email: "bot@acme.iam.gserviceaccount.com",
      email_verified: true
    },
    teams: [],
    line: "allow user=1078",
    twins: {
      "another account": [{ email: "bot@evil.iam.gserviceaccount.com" }, refused],
      "an address without a proof": [{ email_verified: undefined }, refused],
      "another audience": [{ aud: "https://other.acme.com" }, refused]
    }
  },
  "gitlab": {
    file: `{ preset: gitlab, namespace: acme, audience: llm-gateway }`,
    algorithm: "RS256",
    typ: "JWT",
    claims: {
      iss: "https://gitlab.com",
      aud: "llm-gateway",
      sub: "project_path:acme/app:ref_type:branch:ref:main",
      namespace_id: "72",
      namespace_path: "acme",
      project_id: "20",
      project_path: "acme/app",
      user_id: "1",
      user_login: "ada",
      user_email: "ada@acme.com",
      user_access_level: "developer",
      groups_direct: ["evil"],
      pipeline_source: "push",
      ref: "main",
      ref_type: "branch",
      ref_protected: "true",
      runner_id: 1,
      runner_environment: "self-hosted"
    },
    teams: ["acme"],
    line: "allow user=acme/app team=acme",
    twins: {
      "another namespace": [{ namespace_path: "evil", project_path: "evil/app" }, refused],
      "a namespace below it": [{ namespace_path: "acme/evil", project_path: "acme/evil/app" }, refused],
      "another instance": [{ iss: "https://gitlab.evil.com" }, refused],
      "a merge request out of a fork": [
        { namespace_path: "mallory", project_path: "mallory/app", pipeline_source: "merge_request_event" },
        refused
      ],
      "a person who signed in": [
        { namespace_path: undefined, project_path: undefined, sub: "1", groups_direct: ["acme"] },
        refused
      ],
      "another audience": [{ aud: "https://vault.acme.com" }, refused]
    }
  },
  "github-actions": {
    file: `{ preset: github-actions, owner: acme, audience: llm-gateway }`,
    algorithm: "RS256",
    typ: "JWT",
    claims: {
      iss: "https://token.actions.githubusercontent.com",
      aud: "llm-gateway",
      sub: "repo:acme@65/app@74:ref:refs/heads/main",
      repository: "acme/app",
      repository_id: "74",
      repository_owner: "acme",
      repository_owner_id: "65",
      actor: "ada",
      ref: "refs/heads/main"
    },
    teams: ["acme"],
    line: "allow user=acme/app team=acme",
    twins: {
      "another owner": [{ repository: "evil/app", repository_owner: "evil" }, refused],
      "a name that begins alike": [{ repository_owner: "acme-evil" }, refused],
      "a fork's pull request, which is another repository": [
        { repository: "evil/app", repository_owner: "evil", head_ref: "acme/app", actor: "ada" },
        refused
      ],
      "the owner in capitals": [{ repository_owner: "ACME" }, refused],
      "another audience": [{ aud: "https://github.com/acme" }, refused]
    }
  },
  "github-actions, an enterprise server": {
    file: `{ preset: github-actions, host: ghe.acme.com, owner: acme, audience: llm-gateway }`,
    algorithm: "RS256",
    typ: "JWT",
    claims: {
      iss: "https://ghe.acme.com/_services/token",
      aud: "llm-gateway",
      sub: "repo:acme/app:ref:refs/heads/main",
      repository: "acme/app",
      repository_owner: "acme"
    },
    teams: ["acme"],
    line: "allow user=acme/app team=acme",
    twins: { "the public service's": [{ iss: "https://token.actions.githubusercontent.com" }, refused] }
  },
  "github-actions, an enterprise's own issuer": {
    file: `{ preset: github-actions, enterprise: acme-inc, owner: acme, audience: llm-gateway }`,
    algorithm: "RS256",
    typ: "JWT",
    claims: {
      iss: "https://token.actions.githubusercontent.com/acme-inc",
      aud: "llm-gateway",
      sub: "repo:acme/app:ref:refs/heads/main",
      repository: "acme/app",
      repository_owner: "acme"
    },
    teams: ["acme"],
    line: "allow user=acme/app team=acme",
    twins: {
      "everybody's": [{ iss: "https://token.actions.githubusercontent.com" }, refused],
      "another enterprise's": [{ iss: "https://token.actions.githubusercontent.com/evil-inc" }, refused]
    }
  },
  "kubernetes": {
    file: `{ preset: kubernetes, issuer: "https://kubernetes.default.svc.cluster.local", audience: llm-gateway }`,
    algorithm: "RS256",
    typ: undefined,
    claims: {
      iss: "https://kubernetes.default.svc.cluster.local",
      aud: ["llm-gateway"],
      sub: "system:serviceaccount:red:bot",
      "kubernetes.io": { namespace: "red", pod: { name: "p" }, serviceaccount: { name: "bot", uid: "u" } }
    },
    teams: ["red"],
    line: "allow user=system:serviceaccount:red:bot team=red",
    twins: {
      "for the API server": [{ aud: ["https://kubernetes.default.svc.cluster.local"] }, refused],
      "a legacy token from a secret": [
        {
          iss: "kubernetes/serviceaccount",
          aud: undefined,
          exp: undefined,
          "kubernetes.io": undefined,
          "kubernetes.io/serviceaccount/namespace": "red",
          "kubernetes.io/serviceaccount/service-account.name": "bot"
        },
        refused
      ],
      "a token of the API server's for a year": [
        { aud: ["https://kubernetes.default.svc"], exp: 4_000_000_000 },
        refused
      ],
      "another cluster": [{ iss: "https://evil.cluster" }, refused],
      "a namespace that is no team": [
        { "kubernetes.io": { namespace: "blue" } },
        "404 team_not_found"
      ]
    }
  },
  "kubernetes, a managed cluster": {
    file:
      `{ preset: kubernetes, url: public, issuer: "https://oidc.eks.eu-west-1.amazonaws.com/id/A1B2", audience: llm-gateway }`,
    algorithm: "RS256",
    typ: undefined,
    claims: {
      iss: "https://oidc.eks.eu-west-1.amazonaws.com/id/A1B2",
      aud: ["llm-gateway"],
      sub: "system:serviceaccount:red:bot",
      "kubernetes.io": { namespace: "red", serviceaccount: { name: "bot", uid: "u" } }
    },
    teams: ["red"],
    line: "allow user=system:serviceaccount:red:bot team=red",
    twins: {
      "another cluster of the same provider": [{ iss: "https://oidc.eks.eu-west-1.amazonaws.com/id/C3D4" }, refused],
      "for the API server": [{ aud: ["https://kubernetes.default.svc"] }, refused]
    }
  },
  "spiffe": {
    file: `{ preset: spiffe, domain: acme.com, bundle: "https://spire.acme.com/bundle", audience: llm-gateway }`,
    algorithm: "ES256",
    typ: "JOSE",
    claims: { iss: undefined, aud: ["llm-gateway"], sub: "spiffe://acme.com/red/bot" },
    teams: [],
    line: "allow user=spiffe://acme.com/red/bot",
    twins: {
      "for another": [{ aud: ["other"] }, refused],
      "another trust domain's name": [{ sub: "spiffe://evil.com/red/bot" }, refused],
      "a trust domain that begins alike": [{ sub: "spiffe://acme.com.evil.com/red/bot" }, refused],
      "a dot that is any character": [{ sub: "spiffe://acmeXcom/red/bot" }, refused],
      "the trust domain alone": [{ sub: "spiffe://acme.com" }, refused],
      "no SPIFFE id": [{ sub: "ada" }, refused],
      "no subject": [{ sub: undefined }, refused]
    }
  }
}
