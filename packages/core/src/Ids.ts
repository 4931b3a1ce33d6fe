/**
 * The ids of rows, told apart by the compiler.
 *
 * Ids are opaque text and compare byte for byte; the only thing an id cannot be
 * is empty.
 */
import * as Schema from "effect/Schema"

/** The id of a person. */
export const UserId = Schema.NonEmptyString.pipe(Schema.brand("UserId"))
export type UserId = typeof UserId.Type

/** The id of a team. */
export const TeamId = Schema.NonEmptyString.pipe(Schema.brand("TeamId"))
export type TeamId = typeof TeamId.Type

/** The id of an organization. */
export const OrganizationId = Schema.NonEmptyString.pipe(Schema.brand("OrganizationId"))
export type OrganizationId = typeof OrganizationId.Type

/** The id of a customer of the caller. */
export const EndUserId = Schema.NonEmptyString.pipe(Schema.brand("EndUserId"))
export type EndUserId = typeof EndUserId.Type

/** The id of a group of models. */
export const ModelGroupId = Schema.NonEmptyString.pipe(Schema.brand("ModelGroupId"))
export type ModelGroupId = typeof ModelGroupId.Type

/** The id of a program that acts for people. */
export const AgentId = Schema.NonEmptyString.pipe(Schema.brand("AgentId"))
export type AgentId = typeof AgentId.Type

/** Whether a text can be the id of a user. */
export const isUserId = (text: string): text is UserId => text !== ""
/** Whether a text can be the id of a team. */
export const isTeamId = (text: string): text is TeamId => text !== ""
/** Whether a text can be the id of an organization. */
export const isOrganizationId = (text: string): text is OrganizationId => text !== ""
/** Whether a text can be the id of an end user. */
export const isEndUserId = (text: string): text is EndUserId => text !== ""
/** Whether a text can be the id of an agent. */
export const isAgentId = (text: string): text is AgentId => text !== ""

/** Orders texts as the databases do: by their UTF-8 bytes, which is by code point. */
export const compareText = (a: string, b: string): number => {
  for (let i = 0; i < a.length && i < b.length; i++) {
    const left = a.charCodeAt(i)
    const right = b.charCodeAt(i)
    if (left !== right) {
      return ((left & 0xf800) === 0xd800 ? left + 0x10000 : left) -
        ((right & 0xf800) === 0xd800 ? right + 0x10000 : right)
    }
  }
  return a.length - b.length
}
