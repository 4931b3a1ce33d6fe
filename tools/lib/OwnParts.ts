/**
 * Parts of somebody who has the packed packages and their documentation: a directory in tables of its own, keys in a map, a
 * cache that remembers nothing, held to the contracts that ship.
 */
import { Cache, type CacheRegion, type RegionOptions } from "@jotgate/core/Cache"
import * as Directory from "@jotgate/core/Directory"
import { Issuers, IssuerUnavailable, KeyStore, TokenRefused, type VerificationKey } from "@jotgate/core/KeyStore"
import { OrganizationRepo, Provisioner, TeamRepo, UserRepo } from "@jotgate/core/Repositories"
import { CacheSuite, CoreTest, DirectorySuite, KeyStoreSuite } from "@jotgate/core/testing"
import { Effect, Exit, Layer, Schema } from "effect"
import { createPublicKey, verify } from "node:crypto"
import { DatabaseSync } from "node:sqlite"

type Kind = "user" | "team" | "organization" | "endUser" | "membership" | "modelGroup"

const sound = (...texts: ReadonlyArray<string>) => texts.every((it) => it.isWellFormed() && !it.includes("\0"))

const open = () => {
  const db = new DatabaseSync(":memory:")
  db.exec(
    "CREATE TABLE rows (kind TEXT NOT NULL, id TEXT NOT NULL, alias TEXT, row TEXT NOT NULL, at INTEGER PRIMARY KEY AUTOINCREMENT, UNIQUE (kind, id))"
  )
  db.exec(
    "CREATE TABLE subjects (namespace TEXT NOT NULL, subject TEXT NOT NULL, user TEXT NOT NULL, PRIMARY KEY (namespace, subject))"
  )
  return db
}

const user = Schema.fromJsonString(Directory.User)
const team = Schema.fromJsonString(Directory.Team)
const organization = Schema.fromJsonString(Directory.Organization)
const endUser = Schema.fromJsonString(Directory.EndUser)
const membership = Schema.fromJsonString(Directory.Membership)
const modelGroup = Schema.fromJsonString(Directory.ModelGroup)

const memberKey = (user: string, team: string) => JSON.stringify([user, team])

const put = (db: DatabaseSync, kind: Kind, id: string, alias: string | null, row: string) =>
  db.prepare(
    "INSERT INTO rows (kind, id, alias, row) VALUES (?, ?, ?, ?) ON CONFLICT (kind, id) DO UPDATE SET row = excluded.row, alias = excluded.alias"
  ).run(kind, id, alias, row)

const layer = (db: DatabaseSync) => {
  const guarded = <A>(operation: string, ask: () => A) =>
    Effect.try({ try: ask, catch: () => new Directory.DirectoryUnavailable({ operation }) })
  const decoded = <A>(schema: Schema.Codec<A, string>, operation: string, text: string) =>
    Effect.mapError(Schema.decodeEffect(schema)(text), () => new Directory.DirectoryUnavailable({ operation }))
  const texts = (sql: string, ...args: ReadonlyArray<string>): ReadonlyArray<string> =>
    sound(...args) ? db.prepare(sql).all(...args).map((it) => String(it["row"])) : []
  const one = <A>(
    kind: Directory.RowNotFound["kind"],
    schema: Schema.Codec<A, string>,
    sql: string,
    ...args: ReadonlyArray<string>
  ) =>
    Effect.flatMap(
      guarded(kind, () => texts(sql, ...args)[0]),
      (it): Effect.Effect<A, Directory.RowNotFound | Directory.DirectoryUnavailable> =>
        it === undefined ? Directory.absent(kind) : decoded(schema, kind, it)
    )
  const all = <A>(operation: string, schema: Schema.Codec<A, string>, sql: string, ...args: ReadonlyArray<string>) =>
    Effect.flatMap(
      guarded(operation, () => texts(sql, ...args)),
      Effect.forEach((it) => decoded(schema, operation, it))
    )
  const among = <A>(kind: Kind, schema: Schema.Codec<A, string>, ids: ReadonlyArray<string>) =>
    all(
      kind,
      schema,
      "SELECT row FROM rows WHERE kind = ? AND id IN (SELECT value FROM json_each(?))",
      kind,
      JSON.stringify(ids.filter((it) => sound(it)))
    )
  const byId = "SELECT row FROM rows WHERE kind = ? AND id = ?"
  const byAlias = "SELECT row FROM rows WHERE kind = ? AND alias = ?"
  const only = <A, E>(kind: "team" | "organization", rows: Effect.Effect<ReadonlyArray<A>, E>) =>
    Effect.flatMap(
      rows,
      ([row, second]): Effect.Effect<A, Directory.RowNotFound | Directory.RowAmbiguous> =>
        row === undefined
          ? Directory.absent(kind)
          : second === undefined
          ? Effect.succeed(row)
          : Directory.several(kind)
    )
  const change = (id: string, f: (row: Directory.User) => Directory.User) =>
    Effect.match(one("user", user, byId, "user", id), {
      onFailure: () => undefined,
      onSuccess: (row) => void put(db, "user", id, null, Schema.encodeSync(user)(f(row)))
    })
  const run = (it: Directory.DirectoryWrite): Effect.Effect<void, Directory.DirectoryUnavailable> => {
    switch (it._tag) {
      case "CreateUser":
        return guarded("create", () => {
          const taken = it.user.subjects.some(({ namespace, subject }) =>
            db.prepare("SELECT 1 FROM subjects WHERE namespace = ? AND subject = ?").get(namespace, subject) !==
              undefined
          )
          if (taken || db.prepare(byId).get("user", it.user.id) !== undefined) return
          put(db, "user", it.user.id, null, Schema.encodeSync(user)(it.user))
          for (const { namespace, subject } of it.user.subjects) {
            db.prepare("INSERT INTO subjects VALUES (?, ?, ?)").run(namespace, subject, it.user.id)
          }
        })
      case "CreateTeam":
        return guarded(
          "create",
          () =>
            db.prepare(byId).get("team", it.team.id) ??
              put(db, "team", it.team.id, it.team.alias, Schema.encodeSync(team)(it.team))
        )
      case "LinkSubject":
        return Effect.ignore(guarded("link", () => {
          if (db.prepare(byId).get("user", it.user) === undefined) return
          const { changes } = db.prepare("INSERT INTO subjects VALUES (?, ?, ?) ON CONFLICT DO NOTHING").run(
            it.namespace,
            it.subject,
            it.user
          )
          if (changes === 1) {
            Effect.runSync(
              change(
                it.user,
                (row) => ({ ...row, subjects: [...row.subjects, { namespace: it.namespace, subject: it.subject }] })
              )
            )
          }
        }))
      case "SetRole":
        return change(it.user, (row) => ({ ...row, role: it.role, roleOrigin: it.origin }))
      case "JoinTeam":
        return Effect.flatMap(
          Effect.orElseSucceed(guarded("join", () => db.prepare(byId).get("team", it.team)), () => undefined),
          (known) =>
            known === undefined ? Effect.void : change(it.user, (row) =>
              row.teams.includes(it.team)
                ? row
                : { ...row, teams: [...row.teams, it.team], tokenTeams: [...row.tokenTeams, it.team] })
        )
      case "LeaveTeam":
        return change(it.user, (row) =>
          row.tokenTeams.includes(it.team)
            ? {
              ...row,
              teams: row.teams.filter((t) => t !== it.team),
              tokenTeams: row.tokenTeams.filter((t) => t !== it.team)
            } :
            row)
    }
  }
  return Layer.mergeAll(
    Layer.succeed(UserRepo, {
      byId: (id) => one("user", user, byId, "user", id),
      bySubject: (namespace, subject) =>
        one(
          "user",
          user,
          "SELECT r.row FROM rows r JOIN subjects s ON r.kind = 'user' AND r.id = s.user WHERE s.namespace = ? AND s.subject = ?",
          namespace,
          subject
        ),
      byEmail: (email) =>
        all(
          "byEmail",
          user,
          "SELECT row FROM rows WHERE kind = 'user' AND row ->> 'email' = ? COLLATE NOCASE ORDER BY at",
          email
        ),
      membership: (of, within) => one("membership", membership, byId, "membership", memberKey(of, within)),
      memberships: (of, teams) => among("membership", membership, teams.map((it) => memberKey(of, it)))
    }),
    Layer.succeed(TeamRepo, {
      byId: (id) => one("team", team, byId, "team", id),
      byIds: (ids) => among("team", team, ids),
      byAlias: (alias) => only("team", all("byAlias", team, byAlias, "team", alias)),
      byAliases: (aliases) =>
        Effect.map(Effect.forEach(aliases, (it) => all("byAliases", team, byAlias, "team", it)), (it) => it.flat()),
      modelGroups: (ids) => among("modelGroup", modelGroup, ids)
    }),
    Layer.succeed(OrganizationRepo, {
      byId: (id) => one("organization", organization, byId, "organization", id),
      byAlias: (alias) => only("organization", all("byAlias", organization, byAlias, "organization", alias)),
      endUser: (id) => one("endUser", endUser, byId, "endUser", id)
    }),
    Layer.succeed(Provisioner, { run: (writes) => Effect.forEach(writes, run, { discard: true }) })
  )
}

/** A database of its own that holds these rows. */
const seeded = (rows: DirectorySuite.Rows) => {
  const db = open()
  for (const it of rows.users ?? []) {
    put(db, "user", it.id, null, Schema.encodeSync(user)(it))
    for (const { namespace, subject } of it.subjects) {
      db.prepare("INSERT INTO subjects VALUES (?, ?, ?)").run(namespace, subject, it.id)
    }
  }
  for (const it of rows.teams ?? []) put(db, "team", it.id, it.alias, Schema.encodeSync(team)(it))
  for (const it of rows.organizations ?? []) {
    put(db, "organization", it.id, it.alias, Schema.encodeSync(organization)(it))
  }
  for (const it of rows.endUsers ?? []) put(db, "endUser", it.id, null, Schema.encodeSync(endUser)(it))
  for (const it of rows.memberships ?? []) {
    put(db, "membership", memberKey(it.user, it.team), null, Schema.encodeSync(membership)(it))
  }
  for (const it of rows.modelGroups ?? []) put(db, "modelGroup", it.id, null, Schema.encodeSync(modelGroup)(it))
  return db
}

/** One key, checked by a library of one's own. */
const keyOf = (jwk: Readonly<Record<string, unknown>>): VerificationKey => {
  const text = (name: string): string => String(jwk[name])
  const [alg, kid] = [text("alg"), text("kid")]
  const key = createPublicKey({
    format: "jwk",
    key: { crv: text("crv"), kty: text("kty"), x: text("x"), y: text("y") }
  })
  const hash = alg === "ES384" ? "sha384" : "sha256"
  return {
    kid,
    algorithm: alg,
    verify: (input, signature) =>
      Effect.sync(() =>
        verify(hash, Buffer.from(input), { key, dsaEncoding: "ieee-p1363" }, Buffer.from(signature, "base64url"))
      )
  }
}

/** Keys in a map. */
const keysOf = (sets: KeyStoreSuite.Sets) =>
  Layer.effect(
    KeyStore,
    Effect.gen(function*() {
      const { all } = yield* Issuers
      const held = new Map(Object.entries(sets).map(([id, { keys }]) => [id, keys.map(keyOf)]))
      const epochs = new Map<string, number>()
      const away = (issuer: string) => new IssuerUnavailable({ issuer, retryAfter: 1, facts: { error: "no keys" } })
      return {
        find: ({ id }, { algorithm, kid }) => {
          const keys = held.get(id)
          if (keys === undefined) return Exit.fail(away(id))
          const fitting = keys.filter((it) => it.algorithm === algorithm && (kid === undefined || it.kid === kid))
          return fitting.length > 0 && (kid !== undefined || fitting.length === 1)
            ? Exit.succeed(fitting)
            : Exit.fail(new TokenRefused({ reason: "unknown_key", facts: { kid: kid ?? null } }))
        },
        epoch: (issuer) => epochs.get(issuer) ?? 0,
        status: Effect.sync(() =>
          all.map(({ id }) => ({
            issuer: id,
            ready: held.has(id),
            keys: (held.get(id) ?? []).map((it) => ({ kid: it.kid ?? null, algorithms: [it.algorithm] })),
            ageSeconds: null,
            nextRefreshSeconds: null,
            lastError: held.has(id) ? null : "no keys",
            stale: false,
            skippedMembers: 0,
            unknownKeys: 0
          }))
        ),
        refresh: (issuer) => held.has(issuer) ? Effect.void : Effect.fail(away(issuer)),
        drop: (issuer, kid) =>
          Effect.sync(() => {
            const keys = held.get(issuer)
            if (keys === undefined) return
            held.set(issuer, kid === undefined ? [] : keys.filter((it) => it.kid !== kid))
            epochs.set(issuer, (epochs.get(issuer) ?? 0) + 1)
          })
      }
    })
  )

/** A cache that asks for everything each time. */
const forgetful = Layer.succeed(Cache, {
  region: <K, A, E>({ lookup }: RegionOptions<K, A, E>) =>
    Effect.succeed<CacheRegion<K, A, E>>({
      get: (key) => lookup(key),
      getMany: (keys) => Effect.forEach(keys, (it) => Effect.exit(lookup(it))),
      invalidate: () => {},
      clear: () => {},
      expire: () => {},
      size: () => 0,
      stats: () => ({ hits: 0, misses: 0, stale: 0, evictions: 0 })
    })
})

const away = open()
away.close()
const contracts: Readonly<Record<string, ReadonlyArray<DirectorySuite.Case>>> = {
  "reads": DirectorySuite.reads((rows) => layer(seeded(rows))),
  "writes": DirectorySuite.writes((rows) => layer(seeded(rows))),
  "outages": [...DirectorySuite.outages(layer(away)), ...DirectorySuite.writeOutages(layer(away))],
  "keys": [...KeyStoreSuite.reads(keysOf), ...KeyStoreSuite.drops(keysOf), ...KeyStoreSuite.outages(keysOf({}))],
  "cache": CacheSuite.answers(forgetful)
}
for (const [name, cases] of Object.entries(contracts)) {
  let failed = 0
  for (const { run, title } of cases) {
    const exit = await Effect.runPromiseExit(run)
    if (Exit.isSuccess(exit)) continue
    failed += 1
    console.log(`${name}: ${title}: ${String(exit.cause)}`)
  }
  console.log(`${name} ${cases.length - failed} of ${cases.length}`)
}

const rows = { teams: [CoreTest.team("red", { models: ["gpt-4o"] })], users: [CoreTest.user("ada")] }
const world: CoreTest.World = { repositories: layer(seeded(rows)) }
for (const uid of ["ada", "bob"]) {
  const { line } = await Effect.runPromise(CoreTest.ask(world, { claims: { uid, groups: ["red"] }, model: "gpt-4o" }))
  console.log(line)
}
