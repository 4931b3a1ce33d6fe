/** Laws of who a caller is: proofs, namespaces, and claims that cannot be read (RULES D12, D57, D61). */
import { assert, it } from "@effect/vitest"
import { Arbitrary, Effect, Schema } from "effect"
import * as CoreArbitrary from "../../src/testing/CoreArbitrary.ts"
import * as CoreTest from "../../src/testing/CoreTest.ts"
import { runs } from "../support/Runs.ts"

const often = runs(80)
const drawn = { world: CoreArbitrary.world, ask: CoreArbitrary.ask }

const User = Schema.Literals(["uid", "email", "orEmail", "emailFirst"])
const users = {
  uid: "uid",
  email: "email",
  orEmail: { from: "uid", orEmail: true },
  emailFirst: ["email", "uid"]
}

/** What a door can see of a decision. */
const seen = ({ decision, line, writes }: CoreTest.Verdict) => ({
  line,
  email: decision?.principal.email,
  writes: CoreTest.withoutMadeIds(writes)
})

it.effect.prop(
  "an address without a proof is as if it were not there, but for whom nothing else names: they are not known",
  { ...drawn, user: User },
  ({ ask, user, world }) =>
    Effect.gen(function*() {
      const identities = { ...world.issuer?.identities, linkByEmail: "verified" } as const
      const claims = { ...CoreTest.mapping, user: users[user] }
      const strict = { ...world, issuer: { ...world.issuer, claims, identities } }
      const { email_verified: _, ...rest } = ask.claims ?? {}
      const { email: __, ...without } = rest
      const email = rest["email"] ?? "u1@acme.test"
      // What cannot be read is no address.
      if (typeof email !== "string") return
      const unproven = yield* CoreTest.ask(strict, { ...ask, claims: { ...rest, email } })
      const absent = yield* CoreTest.ask(strict, { ...ask, claims: without })
      const uid = rest["uid"]
      const isNamed = user === "uid" || (user !== "email" && typeof uid === "string" && uid !== "")
      // A row that may not be looked up may say no, whatever the team says.
      if (isNamed || unproven.line !== "404 user_not_found") assert.deepStrictEqual(seen(unproven), seen(absent))
    }),
  often
)

const Claim = Schema.Literals([
  "uid",
  "email",
  "groups",
  "team_id",
  "team_name",
  "org_id",
  "org_name",
  "customer",
  "oid",
  "roles",
  "user_roles",
  "scope"
])
const Shape = Schema.Literals(["number", "true", "list", "mixed"])
const shapes = { number: 7, true: true, list: [7], mixed: ["t-1", { a: 1 }] }

it.effect.prop(
  "a claim that cannot be read never adds a right",
  { ...drawn, claim: Claim, shape: Shape },
  ({ ask, claim, shape, world }) =>
    Effect.gen(function*() {
      const spoilt = yield* CoreTest.ask(world, { ...ask, claims: { ...ask.claims, [claim]: shapes[shape] } })
      if (spoilt.decision?.claims === undefined && spoilt.allowed) return
      assert.isFalse(spoilt.allowed, spoilt.line)
      assert.include(["401 invalid_token", "400 request_ambiguous"], spoilt.line)
    }),
  often
)

const MADE = "u_01ARZ3NDEKTSV4RRFFQ69G5FAV"
const Subject = Schema.Literals(["u-1", "u-2", "corp|u-1", "other|u-1", MADE, "new"])
const Namespace = Schema.Literals(["", "corp", "other"])

it.effect.prop(
  "a token of one namespace never reaches the row or the name of a subject of another",
  {
    links: Arbitrary.schema(Schema.Array(Schema.Struct({ namespace: Namespace, subject: Subject, row: Subject }))),
    namespace: Namespace,
    subject: Subject,
    other: Namespace,
    create: Schema.Literals(["yes", "no"])
  },
  ({ create, links, namespace, other, subject }) =>
    Effect.gen(function*() {
      const first = links.filter((it, index) =>
        links.findIndex((one) => one.namespace === it.namespace && one.subject === it.subject) === index
      )
      const people = ["u-1", "u-2", MADE, "corp|u-1"].map((id) =>
        CoreTest.user(id, {
          subjects: first.filter((it) => it.row === id).map(({ namespace, subject }) => ({ namespace, subject }))
        })
      )
      const issuers = [...new Set([namespace, other])].map((it) => ({
        id: `i${it}`,
        issuer: `https://i${it}.test`,
        identities: { namespace: it }
      }))
      const core = yield* CoreTest.CoreTest.pipe(Effect.provide(CoreTest.CoreTest.layer({
        issuers,
        directory: { users: { unknown: "allow", create: create === "yes" } },
        rows: { users: people }
      })))
      const answer = yield* core.ask({ claims: { iss: `https://i${namespace}.test`, uid: subject } })
      if (!answer.allowed) return
      const { user, userId } = answer.decision?.principal ?? {}
      if (user === undefined) {
        assert.strictEqual(userId, namespace === "" ? subject : `${namespace}|${subject}`)
        assert.isFalse(people.some((it) => it.id === userId), "told by the name of another's row")
        return
      }
      const linked = user.subjects.some((it) => it.namespace === namespace && it.subject === subject)
      const belongs = user.subjects.some((it) => user.id === MADE || user.id === `${it.namespace}|${it.subject}`)
      assert.isTrue(linked || (namespace === "" && user.id === subject && !belongs))
    }),
  often
)
