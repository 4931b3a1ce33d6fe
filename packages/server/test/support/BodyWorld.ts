/** A gate that takes bodies of so many bytes, and two callers: one whose models are a list, one who may call everything. */
import { makeTeam, makeUser, TeamId, UserId } from "@jotgate/core/Directory"
import { Effect } from "effect"
import * as World from "./World.ts"

const rows = {
  users: [
    makeUser({ id: UserId.make("alice"), teams: [TeamId.make("red")], role: "internal_user" }),
    makeUser({ id: UserId.make("dora"), teams: [TeamId.make("free")], role: "internal_user" })
  ],
  teams: [
    makeTeam({ id: TeamId.make("red"), alias: "Red", models: ["gpt-4o*"] }),
    makeTeam({ id: TeamId.make("free"), alias: "Free", models: [] })
  ]
}

export const mebibyte = 1024 * 1024

export const make = Effect.fnUntraced(function*(body = 4 * mebibyte) {
  const world = yield* World.make({ rows, doors: { limits: { ...World.defaultLimits, body } } })
  return {
    world,
    /** Whose team may call `gpt-4o*`. */
    alice: yield* world.token("alice", { groups: ["red"] }),
    /** Whose team may call everything. */
    dora: yield* world.token("dora", { groups: ["free"] })
  }
})
