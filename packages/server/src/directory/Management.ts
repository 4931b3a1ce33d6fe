/**
 * What manages one deployment: its rows, its deny list, its keys, and the
 * questions that can be asked about them.
 *
 * A request works with the deployment that it began with, also when another one
 * takes its place meanwhile.
 */
import { KeyStore } from "@jotgate/core/KeyStore"
import type { OrganizationRepo } from "@jotgate/core/OrganizationRepo"
import { Revocation } from "@jotgate/core/Revocation"
import type { TeamRepo } from "@jotgate/core/TeamRepo"
import type { UserRepo } from "@jotgate/core/UserRepo"
import { DirectoryAdmin } from "@jotgate/store/DirectoryAdmin"
import { Context, Effect, Layer, Option, type Scope } from "effect"
import type { FileSettings } from "../config/GatewaySettings.ts"
import * as DirectoryFileSource from "./DirectoryFileSource.ts"
import { ReverseQuestions } from "./ReverseQuestions.ts"

export interface Management {
  /** What is in force. */
  readonly settings: FileSettings
  /** Reads and changes rows. */
  readonly directory: DirectoryAdmin["Service"]
  /** Takes tokens, people and sessions back. */
  readonly revocation: Revocation["Service"]
  /** The key sets of the issuers, to look at, fetch anew and drop. */
  readonly keys: Pick<KeyStore["Service"], "status" | "refresh" | "drop">
  /** Answers who may do what. */
  readonly questions: ReverseQuestions["Service"]
  /** What relative file names in a configuration are relative to. */
  readonly base: string
  /** The variables that a configuration can name. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** Told from time to time how far applying a directory file is. */
  readonly onProgress?: ((done: number, of: number) => void) | undefined
  /** Another deployment has taken the place of this one: its `directory.file` counts no more. */
  readonly retire: () => void
}

/** Gives the management in force for as long as one request needs it. */
export class Managed extends Context.Service<Managed, {
  readonly use: <A, E, R>(f: (management: Management) => Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
}>()("@jotgate/server/Managed") {
  /** One that never changes. */
  static readonly layer = (management: Management) =>
    Layer.succeed(Managed, { use: (f) => Effect.suspend(() => f(management)) })
}

/** The services of a deployment, as far as they are managed. */
export type Services = UserRepo | TeamRepo | OrganizationRepo | KeyStore | Revocation

type Places = Pick<Management, "base" | "env" | "onProgress">

/** The management of a directory with these services. */
export const make = Effect.fnUntraced(function*(
  settings: FileSettings,
  { base, env, onProgress }: Places,
  services: Context.Context<Services | DirectoryAdmin>
): Effect.fn.Return<Management, never, Scope.Scope> {
  const questions = yield* Effect.provideContext(Layer.build(ReverseQuestions.layer(settings)), services)
  return {
    settings,
    directory: Context.get(services, DirectoryAdmin),
    revocation: Context.get(services, Revocation),
    keys: Context.get(services, KeyStore),
    questions: Context.get(questions, ReverseQuestions),
    base,
    env,
    onProgress,
    retire: () => {}
  }
})

/**
 * The management of a deployment; `undefined` when its directory has no
 * administration. Rows of `directory.file` are in force when this ends, and
 * followed until the scope closes or another deployment takes this one's place.
 */
export const live = Effect.fnUntraced(function*(
  settings: FileSettings,
  places: Places,
  services: Context.Context<Services>
): Effect.fn.Return<Management | undefined, DirectoryFileSource.DirectoryFileInvalid, Scope.Scope> {
  const directory = Context.getOption(services, DirectoryAdmin)
  if (Option.isNone(directory)) return undefined
  const management = yield* make(settings, places, Context.add(services, DirectoryAdmin, directory.value))
  const { file } = settings.directory
  return file === null
    ? management
    : { ...management, retire: yield* DirectoryFileSource.follow(file, directory.value) }
})
