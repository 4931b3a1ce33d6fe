/** An issuer with a name for each tenant (RULES D62): which `iss` is one of its names, and who a person of a tenant is. */
import type * as CoreTest from "../../src/testing/CoreTest.ts"
import { decides } from "../support/Decides.ts"

const named = (tid: string): string => `https://login.test/${tid}/v2.0`
const from = (tid: unknown, iss: string): CoreTest.Ask => ({ claims: { iss, tid, uid: "zoe" } })
const worldOf = (tenants: "any" | ReadonlyArray<string>): CoreTest.World => ({
  issuers: [{ issuer: named("{tenant}"), tenants }],
  directory: { users: { unknown: "allow" } }
})

const refused = "401 invalid_token"

decides("two tenants: each is trusted under its own name, and its persons are told apart", worldOf(["t-1", "t-2"]), {
  "the first": [from("t-1", named("t-1")), "allow user=t-1|zoe"],
  "the second": [from("t-2", named("t-2")), "allow user=t-2|zoe"],
  "one that is not listed": [from("t-3", named("t-3")), refused],
  "another's name": [from("t-1", named("t-2")), refused],
  "a name that goes on": [from("t-1", `${named("t-1")}/x`), refused],
  "a name that breaks off": [from("t-1", "https://login.test/t-1/"), refused],
  "the template": [from("{tenant}", named("{tenant}")), refused],
  "in another case": [from("T-1", named("T-1")), refused],
  "no tenant": [from(undefined, named("t-1")), refused],
  "a list of one": [from(["t-1"], named("t-1")), refused],
  "nothing in its place": [from("", named("")), refused]
})

decides("one tenant: its persons need no tenant in front", worldOf(["t-1"]), {
  "itself": [from("t-1", named("t-1")), "allow user=zoe"],
  "another": [from("t-2", named("t-2")), refused]
})

decides("any tenant whose name is one plain name", worldOf("any"), {
  "one": [from("t-9", named("t-9")), "allow user=t-9|zoe"],
  "with a slash": [from("t/9", named("t/9")), refused],
  "with a bar": [from("t|9", named("t|9")), refused],
  "the template": [from("{tenant}", named("{tenant}")), refused]
})
