/** Tokens of people. Shapes are as the providers document them; names, keys and times are ours. */
import { type Claims, noOne, refused, type Sample } from "./Sample.ts"
import { workloads } from "./Workloads.ts"

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

/** Anybody can give an account of a tenant of theirs the address of another; only the owner of its domain is a proof. */
const entraAddress: Sample["address"] = {
  proven: [{ email: "ada@acme.com", xms_edov: true }, { email: "ada@acme.com", xms_edov: "true" }],
  unproven: [
    { email: "ada@acme.com" },
    { email: "ada@acme.com", xms_edov: false },
    { email: "ada@acme.com", email_verified: true },
    { upn: "ada@acme.com", preferred_username: "ada@acme.com", unique_name: "ada@acme.com", xms_edov: true }
  ]
}

const entraTwins = (iss: (tenant: string) => string, other: string): Sample["twins"] => ({
  "the other version's issuer": [{ iss: other }, refused],
  "another tenant's issuer": [{ iss: iss(OTHER), tid: OTHER }, refused],
  "another tenant under our issuer's name": [{ tid: OTHER }, refused],
  "another audience": [{ aud: "00000003-0000-0000-c000-000000000000" }, refused],
  "an ID token": [{ scp: undefined, nonce: "n", at_hash: "h" }, refused],
  "an application's own token": [{ sub: OID, scp: undefined, groups: undefined, idtyp: "app" }, noOne],
  "groups that are elsewhere": [{ groups: undefined, _claim_names: { groups: "src1" } }, "403 groups_overage"],
  "groups that are elsewhere, in an implicit grant": [{ groups: undefined, hasgroups: true }, "403 groups_overage"],
  "an identity that is no text": [{ oid: 7 }, refused]
})

const people: Readonly<Record<string, Sample>> = {
  "entra": {
    file: `{ preset: entra, tenant: ${TENANT}, audience: ${APP} }`,
    algorithm: "RS256",
    typ: "JWT",
    claims: entra(`https://login.microsoftonline.com/${TENANT}/v2.0`, "2.0", APP, { azp: APP, azpacr: "0" }),
    teams: [GROUP],
    line: `allow user=${OID} team=${GROUP}`,
    twins: entraTwins((it) => `https://login.microsoftonline.com/${it}/v2.0`, `https://sts.windows.net/${TENANT}/`),
    address: entraAddress
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
    twins: entraTwins(
      (it) => `https://sts.windows.net/${it}/`,
      `https://login.microsoftonline.com/${TENANT}/v2.0`
    ),
    address: entraAddress
  },
  "entra, several tenants": {
    file: `{ preset: entra, tenant: [${TENANT}, 22222222-86f1-41af-91ab-2d7cd011db47], audience: ${APP} }`,
    algorithm: "RS256",
    typ: "JWT",
    claims: entra(`https://login.microsoftonline.com/${TENANT}/v2.0`, "2.0", APP, { azp: APP }),
    teams: [GROUP],
    line: `allow user=${TENANT}|${OID} team=${GROUP}`,
    twins: {
      ...entraTwins((it) => `https://login.microsoftonline.com/${it}/v2.0`, `https://sts.windows.net/${TENANT}/`),
      "the template itself": [{ iss: "https://login.microsoftonline.com/{tenant}/v2.0", tid: "{tenant}" }, refused],
      "no tenant": [{ tid: undefined }, refused],
      "common": [{ iss: "https://login.microsoftonline.com/common/v2.0", tid: "common" }, refused]
    }
  },
  "entra, an application that a group lets in": {
    file: `{ preset: entra, tenant: ${TENANT}, audience: ${APP} }`,
    algorithm: "RS256",
    typ: "JWT",
    claims: {
      ...entra(`https://login.microsoftonline.com/${TENANT}/v2.0`, "2.0", APP, { azp: APP, azpacr: "1", idtyp: "app" }),
      sub: OID,
      scp: undefined
    },
    teams: [GROUP],
    line: `allow team=${GROUP}`,
    twins: { "in no group": [{ groups: undefined }, noOne] }
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
      "the org server's": [{ iss: "https://acme.okta.com", aud: "https://acme.okta.com" }, refused],
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
    },
    address: {
      proven: [{ email: "ada@acme.com", email_verified: true }],
      unproven: [
        { email: "ada@acme.com", email_verified: false },
        { email: "ada@acme.com", email_verified: undefined },
        { email: undefined, email_verified: true, preferred_username: "ada@acme.com", upn: "ada@acme.com" }
      ]
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
      "groups without the URL": [{ "https://acme.com/groups": undefined, groups: ["red"] }, "allow user=auth0|652f"],
      "a machine": [{
        sub: "CLIENT@clients",
        gty: "client-credentials",
        azp: "CLIENT",
        "https://acme.com/groups": undefined
      }, noOne],
      "an ID token": [{ scope: undefined, nonce: "n", at_hash: "h" }, refused]
    },
    address: {
      proven: [{ "https://acme.com/email": "ada@acme.com", "https://acme.com/email_verified": true }],
      unproven: [
        { "https://acme.com/email": "ada@acme.com" },
        { "https://acme.com/email": "ada@acme.com", "https://acme.com/email_verified": false },
        { "https://acme.com/email": "ada@acme.com", "email_verified": true },
        { email: "ada@acme.com", email_verified: true }
      ]
    }
  },
  "auth0, the profile of RFC 9068": {
    file: `{ preset: auth0, domain: login.acme.com, audience: "https://llm.acme.com" }`,
    algorithm: "RS256",
    typ: "at+jwt",
    claims: {
      iss: "https://login.acme.com/",
      sub: "auth0|652f",
      aud: ["https://llm.acme.com", "https://acme.eu.auth0.com/userinfo"],
      client_id: "CLIENT",
      jti: "73WakrfVbNJBaAmhQtEeDv",
      scope: "openid profile",
      permissions: ["llm:call"]
    },
    teams: [],
    line: "allow user=auth0|652f",
    twins: {
      "the tenant's own domain": [{ iss: "https://acme.eu.auth0.com/" }, refused],
      "an organization that the directory lacks": [{ org_id: "org_1" }, "404 organization_not_found"],
      "a machine": [{ sub: "CLIENT@clients", gty: "client-credentials" }, noOne]
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
      "an ID token": [{ typ: "ID", at_hash: "h", aud: ["llm-cli", "llm-gateway"], scope: undefined }, refused],
      "a refresh token": [{ typ: "Refresh", aud: "https://id.acme.com/realms/acme" }, refused],
      "the realm in capitals": [{ iss: "https://id.acme.com/realms/ACME" }, refused],
      "a service account": [{ preferred_username: "service-account-bot", client_id: "bot", groups: undefined }, noOne],
      "a light token": [{ sub: undefined, aud: undefined, groups: undefined }, refused],
      "a light token with an audience alone": [{ sub: undefined, groups: undefined }, refused],
      "several organizations": [{ organization: ["acme", "corp"] }, "403 organization_ambiguous"],
      "several organizations with their ids": [
        { organization: { acme: { id: "1" }, corp: { id: "2" } } },
        "403 organization_ambiguous"
      ],
      "an organization that is not here": [{ organization: { corp: { id: "x" } } }, "404 organization_not_found"]
    },
    address: {
      proven: [{ email: "ada@acme.com", email_verified: true }],
      unproven: [
        { email: "ada@acme.com", email_verified: false },
        { email: "ada@acme.com", email_verified: undefined },
        { email: undefined, email_verified: true, preferred_username: "ada@acme.com", upn: "ada@acme.com" }
      ]
    },
    tried:
      "A Keycloak 26.7.3 in development mode, by `node examples/keycloak/proof.mjs`: people in groups with and without paths, RS256, ES256, EdDSA, `typ: at+jwt`, one and several organizations, ID, refresh and light tokens, a service account, another audience, another realm, groups from UserInfo."
  },
  "keycloak, a service account in a group": {
    file: `{ preset: keycloak, url: "https://id.acme.com", realm: acme, audience: llm-gateway }`,
    algorithm: "RS256",
    typ: "JWT",
    claims: {
      iss: "https://id.acme.com/realms/acme",
      aud: ["llm-gateway", "account"],
      sub: "5f0c1f3a-0000-4000-8000-000000000000",
      typ: "Bearer",
      azp: "bot",
      client_id: "bot",
      realm_access: { roles: ["default-roles-acme", "offline_access", "uma_authorization"] },
      scope: "profile email",
      email_verified: false,
      preferred_username: "service-account-bot",
      groups: ["/red"]
    },
    teams: ["red"],
    line: "allow team=red",
    twins: { "in no group": [{ groups: undefined }, noOne] }
  },
  "dex": {
    file: `{ preset: dex, url: "https://dex.acme.com/dex", audience: llm-gateway }`,
    algorithm: "RS256",
    typ: undefined,
    claims: {
      iss: "https://dex.acme.com/dex",
      sub: "CgNkYW4SBXByb3h5",
      aud: "llm-gateway",
      nonce: "n",
      at_hash: "h",
      c_hash: "c",
      email: "ada@acme.com",
      email_verified: true,
      groups: ["red"],
      name: "ada",
      preferred_username: "ada"
    },
    teams: ["red"],
    line: "allow user=CgNkYW4SBXByb3h5 team=red",
    twins: {
      "another client's": [{ aud: "other" }, refused],
      "for another client, by ours": [{ aud: "other", azp: "llm-gateway" }, refused],
      "another dex": [{ iss: "https://dex.evil.com/dex" }, refused],
      "the host without the path": [{ iss: "https://dex.acme.com" }, refused]
    },
    address: {
      proven: [{ email: "ada@acme.com", email_verified: true }],
      unproven: [
        { email: "ada@acme.com", email_verified: false },
        { email: "ada@acme.com", email_verified: undefined },
        { email: undefined, email_verified: true, preferred_username: "ada@acme.com", upn: "ada@acme.com" }
      ]
    },
    tried:
      "A dex 2.41.1 in the tests: its proxy connector and its own passwords, ID and access tokens, cross-client audiences, keys that rotate."
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
      "the issuer as old libraries get it": [{ iss: "accounts.google.com" }, refused],
      "a service account": [{ azp: "110169484474386276334" }, noOne]
    },
    address: {
      proven: [{ email: "ada@acme.com", email_verified: true }],
      unproven: [
        { email: "ada@acme.com", email_verified: false },
        { email: "ada@acme.com", email_verified: undefined },
        { email: undefined, email_verified: true, preferred_username: "ada@acme.com", upn: "ada@acme.com" }
      ]
    }
  },
  "google-iap": {
    file: `{ preset: google-iap, domain: acme.com, audience: "/projects/1/global/backendServices/2" }`,
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
      "an ordinary ID token": [{ iss: "https://accounts.google.com" }, refused],
      "another domain": [{ hd: "evil.com" }, refused],
      "an external identity, whose address nobody has proved": [
        {
          sub: "securetoken.google.com/project/tenant:gZG0",
          email: "securetoken.google.com/project/tenant:ada@acme.com",
          gcip: { email: "ada@acme.com", email_verified: false }
        },
        refused
      ],
      "a subject of another kind": [{ sub: "110169484474386276334" }, refused],
      "a service account": [{ email: "bot@acme.iam.gserviceaccount.com" }, noOne]
    },
    address: { proven: [{}], unproven: [{ email: undefined }] }
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
    },
    address: {
      proven: [{ email: "ada@acme.com", email_verified: "true" }],
      unproven: [{ email: "ada@acme.com", email_verified: "false" }, { email: "ada@acme.com" }]
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
      "urn:zitadel:iam:org:project:2599:roles": { red: { "3": "acme.example" } },
      "urn:zitadel:iam:org:project:roles": { red: { "3": "acme.example" } }
    },
    teams: ["red"],
    line: "allow user=1665 team=red",
    twins: {
      "roles of another shape": [{ "urn:zitadel:iam:org:project:roles": [{ red: {} }] }, refused],
      "another instance": [{ iss: "https://evil.zitadel.cloud" }, refused],
      "another project": [{ aud: ["1@acme"] }, refused]
    },
    address: {
      proven: [{ email: "ada@acme.com", email_verified: true }],
      unproven: [
        { email: "ada@acme.com", email_verified: false },
        { email: "ada@acme.com", email_verified: undefined },
        { email: undefined, email_verified: true, preferred_username: "ada@acme.com", upn: "ada@acme.com" }
      ]
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
    },
    address: {
      proven: [{ email: "ada@acme.com", email_verified: true }],
      unproven: [
        { email: "ada@acme.com", email_verified: false },
        { email: "ada@acme.com", email_verified: undefined },
        { email: undefined, email_verified: true, preferred_username: "ada@acme.com", upn: "ada@acme.com" }
      ]
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
      authmethod: "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
      auth_time: "2026-03-24T07:30:55.566Z",
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
      "a machine": [{ upn: undefined, group: undefined, apptype: "Confidential" }, noOne],
      "a machine whose rule writes a subject": [
        { upn: undefined, group: undefined, sub: "cli", apptype: "Confidential" },
        noOne
      ],
      "names in a list": [{ upn: undefined, unique_name: ["Ada", "ACME\\ada"] }, refused]
    }
  },
  "gitlab-sign-in": {
    file: `{ preset: gitlab-sign-in, audience: 2f5e1f }`,
    algorithm: "RS256",
    typ: "JWT",
    claims: {
      iss: "https://gitlab.com",
      sub: "184239",
      aud: "2f5e1f",
      nonce: "n",
      auth_time: 1_790_000_000,
      sub_legacy: "9b7c",
      email: "ada@acme.com",
      email_verified: true,
      groups_direct: ["acme/red"]
    },
    teams: ["acme/red"],
    line: "allow user=184239 team=acme/red",
    twins: {
      "another application": [{ aud: "3a6f2a" }, refused],
      "another instance": [{ iss: "https://gitlab.evil.com" }, refused],
      "a job, which chooses its audience": [
        {
          sub: "project_path:evil/app:ref_type:branch:ref:main",
          project_path: "evil/app",
          namespace_path: "evil",
          user_id: "184239",
          user_email: "ada@acme.com"
        },
        refused
      ],
      "a job of old": [{ sub: "job_1212", user_id: "184239" }, refused]
    },
    address: {
      proven: [{ email: "ada@acme.com", email_verified: true }],
      unproven: [
        { email: "ada@acme.com", email_verified: false },
        { email: "ada@acme.com", email_verified: undefined },
        { email: undefined, email_verified: true, preferred_username: "ada@acme.com", upn: "ada@acme.com" }
      ]
    }
  },
  "cloudflare-access": {
    file: `{ preset: cloudflare-access, domain: "https://acme.cloudflareaccess.com", audience: 4714c1 }`,
    algorithm: "RS256",
    typ: "JWT",
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
    },
    address: { proven: [{}], unproven: [{ email: undefined }] }
  }
}

/** By preset; what follows a comma in a name says which of its ways. */
export const samples: Readonly<Record<string, Sample>> = { ...people, ...workloads }
