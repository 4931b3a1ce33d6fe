/** Where models stand in the body of a chat, for an upstream of any kind. */
import { find } from "@jotgate/core/ModelRoutes"
import { type MemberPlace, placesOf } from "../../src/model/JsonPlaces.ts"

const members = (find("POST", "/v1/chat/completions")?.places ?? []).flatMap((it): ReadonlyArray<MemberPlace> =>
  it._tag === "Member" ? [it] : []
)

export const chatPlaces = placesOf(members)
