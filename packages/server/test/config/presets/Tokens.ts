/**
 * A token as each provider makes it, what it must come out as, and its hostile
 * twins: what must not be taken for it. Shapes are as the providers document
 * them; names, keys and times are ours.
 */
import type { Algorithm } from "@jotgate/core/Settings"

type Claims = Readonly<Record<string, unknown>>

export interface Sample {
  /** The lines of the issuer's block in the file. */
  readonly file: string
  readonly algorithm: Algorithm
  /** `typ` of the header; `undefined`: the provider writes none. */
  readonly typ: string | undefined
  readonly claims: Claims
  readonly teams: ReadonlyArray<string>
  /** How the token comes out. */
  readonly line: string
  /** By name: what is changed, and how it must come out. */
  readonly twins: Readonly<Record<string, readonly [changes: Claims, line: string]>>
}

const refused = "401 invalid_token"
const noOne = "403 principal_required"
const TENANT = "72f988bf-86f1-41af-91ab-2d7cd011db47"
const OTHER = "11111111-86f1-41af-91ab-2d7cd011db47"
const OID = "690222be-ff1a-4d56-abd1-7e4f7d38e474"
const GROUP = "c6bd2cd3-3c6f-4f0b-9f0a-6b1f0f0f5f4d"
const APP = "6e74172b-be56-4843-9ff4-e66a39bb12e3"

const entra = (iss: string, ver: string, aud: string, client: Claims): Claims => ({
  iss,
  aud,
  ver,
  tid: TENANT,
  oid: OID,
  sub: "AbcPairwiseSubject",
  groups: [GROUP],
  roles: ["Llm.User"],
  scp: "access_as_user",
  uti: "x",
  rh: "0.A",
  ...client
})

const entraTwins = (iss: (tenant: string) => string): Sample["twins"] => ({
  "another tenant's issuer": [{ iss: iss(OTHER), tid: OTHER }, refused],
  "another tenant under our issuer's name": [{ tid: OTHER }, refused],
  "another audience": [{ aud: "00000003-0000-0000-c000-000000000000" }, refused],
  "an ID token": [{ scp: undefined, nonce: "n", at_hash: "h" }, refused],
  "an application's own token": [{ sub: OID, scp: undefined, groups: undefined, idtyp: "app" }, noOne],
  "groups that are elsewhere": [{ groups: undefined, _claim_names: { groups: "src1" } }, "403 groups_overage"],
  "an identity that is no text": [{ oid: 7 }, refused]
})

export const samples: Readonly<Record<string, Sample>> = {
  "entra": {
    file: `{ preset: entra, tenant: ${TENANT}, audience: ${APP} }`,
    algorithm: "RS256",
    typ: "JWT",
    claims: entra(`https://login.microsoftonline.com/${TENANT}/v2.0`, "2.0", APP, { azp: APP, azpacr: "0" }),
    teams: [GROUP],
    line: `allow user=${OID} team=${GROUP}`,
    twins: entraTwins((it) => `https://login.microsoftonline.com/${it}/v2.0`)
  },
  "entra-v1": {
    file: `{ preset: entra-v1, tenant: ${TENANT}, audience: "api://llm-gateway" }`,
    algorithm: "RS256",
    typ: "JWT",
    claims: entra(`https://sts.windows.net/${TENANT}/`, "1.0", "api://llm-gateway", {
      appid: APP,
      appidacr: "1",
      upn: "ada@acme.com",
      unique_name: "ada@acme.com"
    }),
    teams: [GROUP],
    line: `allow user=${OID} team=${GROUP}`,
    twins: entraTwins((it) => `https://sts.windows.net/${it}/`)
  },
  "entra, several tenants": {
    file: `{ preset: entra, tenant: [${TENANT}, 22222222-86f1-41af-91ab-2d7cd011db47], audience: ${APP} }`,
    algorithm: "RS256",
    typ: "JWT",
    claims: entra(`https://login.microsoftonline.com/${TENANT}/v2.0`, "2.0", APP, { azp: APP }),
    teams: [GROUP],
    line: `allow user=${TENANT}|${OID} team=${GROUP}`,
    twins: {
      ...entraTwins((it) => `https://login.microsoftonline.com/${it}/v2.0`),
      "the template itself": [{ iss: "https://login.microsoftonline.com/{tenant}/v2.0", tid: "{tenant}" }, refused],
      "no tenant": [{ tid: undefined }, refused],
      "common": [{ iss: "https://login.microsoftonline.com/common/v2.0", tid: "common" }, refused]
    }
  },
  "okta": {
    file: `{ preset: okta, domain: "https://acme.okta.com", audience: "api://default" }`,
    algorithm: "RS256",
    typ: undefined,
    claims: {
      iss: "https://acme.okta.com/oauth2/default",
      aud: "api://default",
      ver: 1,
      jti: "AT.x",
      cid: "0oaCLIENT",
      uid: "00uADA",
      scp: ["openid", "llm"],
      auth_time: 1,
      sub: "ada@acme.com",
      groups: ["red"]
    },
    teams: ["red"],
    line: "allow user=00uADA team=red",
    twins: {
      "the org server's": [{ iss: "https://acme.okta.com" }, refused],
      "another server's": [{ iss: "https://acme.okta.com/oauth2/other" }, refused],
      "another audience": [{ aud: "0oaCLIENT" }, refused],
      "client credentials": [{ sub: "0oaCLIENT", uid: undefined, groups: undefined }, noOne],
      "an ID token": [{ scp: undefined, nonce: "n", at_hash: "h" }, refused]
    }
  },
  "okta, org server": {
    file: `{ preset: okta, server: org, domain: "https://acme.okta.com", audience: 0oaCLIENT }`,
    algorithm: "RS256",
    typ: undefined,
    claims: {
      iss: "https://acme.okta.com",
      aud: "0oaCLIENT",
      sub: "00uADA",
      email: "ada@acme.com",
      email_verified: true,
      groups: ["red"],
      nonce: "n",
      at_hash: "h"
    },
    teams: ["red"],
    line: "allow user=00uADA team=red",
    twins: {
      "an unverified address changes nothing": [{ email_verified: false }, "allow user=00uADA team=red"],
      "another client's": [{ aud: "0oaOTHER" }, refused]
    }
  },
  "auth0": {
    file:
      `{ preset: auth0, domain: "https://acme.eu.auth0.com", prefix: "https://acme.com/", audience: "https://llm.acme.com" }`,
    algorithm: "RS256",
    typ: "JWT",
    claims: {
      iss: "https://acme.eu.auth0.com/",
      sub: "auth0|652f",
      aud: ["https://llm.acme.com", "https://acme.eu.auth0.com/userinfo"],
      azp: "CLIENT",
      scope: "openid profile",
      "https://acme.com/groups": ["red"]
    },
    teams: ["red"],
    line: "allow user=auth0|652f team=red",
    twins: {
      "without the slash": [{ iss: "https://acme.eu.auth0.com" }, refused],
      "another tenant": [{ iss: "https://evil.eu.auth0.com/" }, refused],
      "another audience": [{ aud: "https://acme.eu.auth0.com/userinfo" }, refused],
      "a machine": [{
        sub: "CLIENT@clients",
        gty: "client-credentials",
        azp: "CLIENT",
        "https://acme.com/groups": undefined
      }, noOne],
      "an ID token": [{ scope: undefined, nonce: "n", at_hash: "h" }, refused]
    }
  },
  "keycloak": {
    file: `{ preset: keycloak, url: "https://id.acme.com", realm: acme, audience: llm-gateway }`,
    algorithm: "RS256",
    typ: "JWT",
    claims: {
      iss: "https://id.acme.com/realms/acme",
      aud: ["llm-gateway", "account"],
      sub: "ad451cd1-0000-4000-8000-000000000000",
      typ: "Bearer",
      azp: "llm-cli",
      sid: "tIRh",
      realm_access: { roles: ["offline_access"] },
      scope: "openid profile email",
      email_verified: true,
      email: "ada@acme.com",
      preferred_username: "ada",
      groups: ["/red"]
    },
    teams: ["red"],
    line: "allow user=ad451cd1-0000-4000-8000-000000000000 team=red",
    twins: {
      "another realm": [{ iss: "https://id.acme.com/realms/master" }, refused],
      "no audience mapper": [{ aud: undefined }, refused],
      "an ID token": [{ typ: "ID", at_hash: "h" }, refused],
      "a service account": [{ preferred_username: "service-account-bot", client_id: "bot", groups: undefined }, noOne],
      "a light token": [{ sub: undefined }, refused],
      "several organizations": [{ organization: { acme: {}, corp: {} } }, "403 organization_ambiguous"],
      "an organization that is not here": [{ organization: { corp: { id: "x" } } }, "404 organization_not_found"]
    }
  },
  "google": {
    file: `{ preset: google, domain: acme.com, audience: 123.apps.googleusercontent.com }`,
    algorithm: "RS256",
    typ: "JWT",
    claims: {
      iss: "https://accounts.google.com",
      azp: "123.apps.googleusercontent.com",
      aud: "123.apps.googleusercontent.com",
      sub: "110169484474386276334",
      hd: "acme.com",
      email: "ada@acme.com",
      email_verified: true,
      at_hash: "h"
    },
    teams: [],
    line: "allow user=110169484474386276334",
    twins: {
      "another domain": [{ hd: "evil.com" }, refused],
      "a private account": [{ hd: undefined }, refused],
      "another client": [{ aud: "456.apps.googleusercontent.com" }, refused],
      "a service account": [{ azp: "110169484474386276334" }, noOne]
    }
  },
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
  "google-iap": {
    file: `{ preset: google-iap, audience: "/projects/1/global/backendServices/2" }`,
    algorithm: "ES256",
    typ: "JWT",
    claims: {
      iss: "https://cloud.google.com/iap",
      aud: "/projects/1/global/backendServices/2",
      sub: "accounts.google.com:110169484474386276334",
      email: "ada@acme.com",
      hd: "acme.com",
      azp: "/projects/1/global/backendServices/2"
    },
    teams: [],
    line: "allow user=accounts.google.com:110169484474386276334",
    twins: {
      "another backend's": [{ aud: "/projects/1/global/backendServices/3" }, refused],
      "an ordinary ID token": [{ iss: "https://accounts.google.com" }, refused]
    }
  },
  "cognito": {
    file: `{ preset: cognito, region: eu-central-1, pool: eu-central-1_Pool, audience: 1client }`,
    algorithm: "RS256",
    typ: undefined,
    claims: {
      iss: "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Pool",
      aud: undefined,
      sub: "aaaa-bbbb",
      "cognito:groups": ["red"],
      client_id: "1client",
      origin_jti: "x",
      token_use: "access",
      scope: "openid",
      username: "ada"
    },
    teams: ["red"],
    line: "allow user=aaaa-bbbb team=red",
    twins: {
      "another pool": [{ iss: "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Evil" }, refused],
      "another client": [{ client_id: "2client" }, refused],
      "no client": [{ client_id: undefined }, refused],
      "an ID token": [{ client_id: undefined, aud: "1client", token_use: "id" }, refused],
      "client credentials": [{ sub: "1client", "cognito:groups": undefined }, noOne]
    }
  },
  "zitadel": {
    file: `{ preset: zitadel, url: "https://acme.zitadel.cloud", audience: "2599" }`,
    algorithm: "RS256",
    typ: undefined,
    claims: {
      iss: "https://acme.zitadel.cloud",
      aud: ["1@acme", "2599"],
      sub: "1665",
      client_id: "1@acme",
      "urn:zitadel:iam:org:project:roles": { red: { "3": "acme.example" } }
    },
    teams: ["red"],
    line: "allow user=1665 team=red",
    twins: {
      "roles of another shape": [{ "urn:zitadel:iam:org:project:roles": [{ red: {} }] }, refused],
      "another instance": [{ iss: "https://evil.zitadel.cloud" }, refused],
      "another project": [{ aud: ["1@acme"] }, refused]
    }
  },
  "authentik": {
    file: `{ preset: authentik, url: "https://auth.acme.com", application: llm, audience: CLIENT }`,
    algorithm: "RS256",
    typ: "JWT",
    claims: {
      iss: "https://auth.acme.com/application/o/llm/",
      sub: "5ba9",
      aud: "CLIENT",
      azp: "CLIENT",
      uid: "x",
      email: "ada@acme.com",
      email_verified: false,
      preferred_username: "ada",
      groups: ["red"]
    },
    teams: ["red"],
    line: "allow user=5ba9 team=red",
    twins: {
      "another application": [{ iss: "https://auth.acme.com/application/o/other/" }, refused],
      "another client": [{ aud: "OTHER" }, refused],
      "a machine": [{ preferred_username: "ak-llm-client_credentials", groups: undefined }, noOne]
    }
  },
  "adfs": {
    file: `{ preset: adfs, host: adfs.acme.com, audience: "microsoft:identityserver:llm" }`,
    algorithm: "RS256",
    typ: "JWT",
    claims: {
      iss: "http://adfs.acme.com/adfs/services/trust",
      aud: "microsoft:identityserver:llm",
      appid: "cli",
      apptype: "Public",
      scp: "openid",
      ver: "1.0",
      upn: "ada@acme.com",
      group: ["red"]
    },
    teams: ["red"],
    line: "allow user=ada@acme.com team=red",
    twins: {
      "an ID token": [{ iss: "https://adfs.acme.com/adfs", aud: "cli" }, refused],
      "another farm": [{ iss: "http://adfs.evil.com/adfs/services/trust" }, refused],
      "another audience": [{ aud: "microsoft:identityserver:other" }, refused],
      "a machine": [{ upn: undefined, group: undefined, apptype: "Confidential" }, noOne]
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
      ref: "main"
    },
    teams: ["acme"],
    line: "allow user=acme/app team=acme",
    twins: {
      "another namespace": [{ namespace_path: "evil", project_path: "evil/app" }, refused],
      "another instance": [{ iss: "https://gitlab.evil.com" }, refused],
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
      sub: "repo:acme/app:ref:refs/heads/main",
      repository: "acme/app",
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
      "another audience": [{ aud: "https://github.com/acme" }, refused]
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
      "another cluster": [{ iss: "https://evil.cluster" }, refused],
      "a namespace that is no team": [
        { "kubernetes.io": { namespace: "blue" } },
        "404 team_not_found"
      ]
    }
  },
  "spiffe": {
    file: `{ preset: spiffe, bundle: "https://spire.acme.com/bundle", audience: llm-gateway }`,
    algorithm: "ES256",
    typ: "JOSE",
    claims: { iss: undefined, aud: ["llm-gateway"], sub: "spiffe://acme.com/red/bot" },
    teams: [],
    line: "allow user=spiffe://acme.com/red/bot",
    twins: {
      "for another": [{ aud: ["other"] }, refused],
      "no subject": [{ sub: undefined }, refused]
    }
  },
  "cloudflare-access": {
    file: `{ preset: cloudflare-access, domain: "https://acme.cloudflareaccess.com", audience: 4714c1 }`,
    algorithm: "RS256",
    typ: undefined,
    claims: {
      iss: "https://acme.cloudflareaccess.com",
      aud: ["4714c1"],
      email: "ada@acme.com",
      type: "app",
      identity_nonce: "n",
      sub: "7335d417",
      country: "DE",
      custom: { groups: ["red"] }
    },
    teams: ["red"],
    line: "allow user=7335d417 team=red",
    twins: {
      "another application": [{ aud: ["5825d2"] }, refused],
      "another organization": [{ iss: "https://evil.cloudflareaccess.com" }, refused],
      "the token of the login page": [{ type: "org" }, refused],
      "a service token": [{ sub: "", common_name: "e367.access", email: undefined }, refused]
    }
  }
}
