/** Where models stand in the body of a call, for an upstream of any kind. */
import { find } from "@jotgate/core/ModelRoutes"
import { type JsonPlace, type MemberPlace, placesOf } from "../../src/model/JsonPlaces.ts"

/** Those of one route. */
export const placesOn = (path: string): JsonPlace =>
  placesOf(
    (find("POST", path)?.places ?? []).flatMap((it): ReadonlyArray<MemberPlace> => it._tag === "Member" ? [it] : [])
  )

/** Those of a chat. */
export const chatPlaces = placesOn("/v1/chat/completions")
