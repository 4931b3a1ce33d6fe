/** `jotgate token PERSON`: a token of somebody of a running `jotgate dev`. */
import { Console, Effect, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { configFlag, load } from "../Configuration.ts"
import { issuerOf, tokenFrom } from "../dev/DevClient.ts"
import { failure } from "../Outcome.ts"

export const token = Command.make(
  "token",
  {
    person: Argument.String("person").pipe(Argument.withDescription("Whose: alice, bob, carol or admin")),
    gate: Flag.String("gate").pipe(
      Flag.withMetavar("URL"),
      Flag.withDescription("The gate of the running jotgate dev"),
      Flag.withDefault("http://127.0.0.1:4180")
    ),
    config: configFlag,
    life: Flag.Int("life").pipe(
      Flag.withMetavar("SECONDS"),
      Flag.withDescription("How long it lives; negative for one that has expired"),
      Flag.withDefault(3_600)
    ),
    algorithm: Flag.Literals("alg", ["ES256", "RS256"]).pipe(
      Flag.withDescription("What it is signed with"),
      Flag.withDefault("ES256")
    )
  },
  Effect.fn("token")(function*({ algorithm, config, gate, life, person }) {
    const issuer = Option.isSome(config)
      ? (yield* load(config.value)).settings.issuers[0]?.issuer ?? (yield* failure(`${config.value} trusts no issuer`))
      : yield* issuerOf(gate)
    yield* Console.log(yield* tokenFrom(issuer, person, { life, algorithm }))
  })
).pipe(Command.withDescription("Print a token of a person of jotgate dev"))
