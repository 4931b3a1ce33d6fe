/** The command `jotgate`: its verbs, and how usage is answered. */
import { Console, Effect, Layer } from "effect"
import { CliConfig, CliOutput, Command, GlobalFlag } from "effect/cli"
import { agent } from "./commands/Agent.ts"
import { backup } from "./commands/Backup.ts"
import { can } from "./commands/Can.ts"
import { check } from "./commands/Check.ts"
import { decide } from "./commands/Decide.ts"
import { decisions } from "./commands/Decisions.ts"
import { deny } from "./commands/Deny.ts"
import { dev } from "./commands/Dev.ts"
import { directory } from "./commands/DirectoryFile.ts"
import { doctor } from "./commands/Doctor.ts"
import { explain } from "./commands/Explain.ts"
import { importCommand } from "./commands/Import.ts"
import { member } from "./commands/Member.ts"
import { migrate } from "./commands/Migrate.ts"
import { org } from "./commands/Org.ts"
import { plan } from "./commands/Plan.ts"
import { restore } from "./commands/Restore.ts"
import { review } from "./commands/Review.ts"
import { serve } from "./commands/Serve.ts"
import { snippets } from "./commands/Snippets.ts"
import { team } from "./commands/Team.ts"
import { test } from "./commands/Test.ts"
import { token } from "./commands/Token.ts"
import { user } from "./commands/User.ts"
import { who } from "./commands/Who.ts"

const jotgate = Command.make("jotgate").pipe(
  Command.withDescription("Bring your company's tokens to any LLM gateway"),
  Command.withSubcommands([
    dev,
    serve,
    check,
    explain,
    decisions,
    test,
    plan,
    doctor,
    decide,
    token,
    importCommand,
    snippets,
    team,
    user,
    org,
    member,
    agent,
    deny,
    directory,
    who,
    can,
    review,
    backup,
    restore,
    migrate
  ])
)

const presenter: CliOutput.Presenter = {
  present: (event) => {
    // What is wrong with an invocation is one line, printed where every failure is.
    if (event._tag === "InvalidInvocation") return Effect.void
    if (event._tag === "Version") return Console.log(event.version)
    const help = CliOutput.defaultFormatter({ colors: false }).formatHelpDoc(event.helpDoc)
    return event.reason === "Requested" ? Console.log(help) : Console.error(help)
  }
}

/** How usage is answered: help on request, one line per mistake. */
export const layer = Layer.mergeAll(
  CliOutput.layerPresenter(presenter),
  Layer.succeed(CliConfig.CliConfig, { builtIns: [GlobalFlag.Help, GlobalFlag.Version, GlobalFlag.Completions] })
)

/** Runs the command with these arguments. */
export const run = (version: string) => Command.runWith(jotgate, { version })
