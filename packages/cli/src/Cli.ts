/**
 * The command `jotgate`: its verbs, and how usage is answered.
 *
 * A verb is loaded when it is named, since what the others need is most of the
 * program; all of them are when the command itself is asked about.
 */
import { Console, Effect, Layer } from "effect"
import { CliConfig, CliOutput, Command, GlobalFlag } from "effect/cli"

/** Each verb, in the order in which help tells them. */
const verbs = {
  dev: () => import("./commands/Dev.ts").then((it) => it.dev),
  serve: () => import("./commands/Serve.ts").then((it) => it.serve),
  check: () => import("./commands/Check.ts").then((it) => it.check),
  explain: () => import("./commands/Explain.ts").then((it) => it.explain),
  decisions: () => import("./commands/Decisions.ts").then((it) => it.decisions),
  test: () => import("./commands/Test.ts").then((it) => it.test),
  plan: () => import("./commands/Plan.ts").then((it) => it.plan),
  doctor: () => import("./commands/Doctor.ts").then((it) => it.doctor),
  decide: () => import("./commands/Decide.ts").then((it) => it.decide),
  token: () => import("./commands/Token.ts").then((it) => it.token),
  import: () => import("./commands/Import.ts").then((it) => it.importCommand),
  snippets: () => import("./commands/Snippets.ts").then((it) => it.snippets),
  team: () => import("./commands/Team.ts").then((it) => it.team),
  user: () => import("./commands/User.ts").then((it) => it.user),
  org: () => import("./commands/Org.ts").then((it) => it.org),
  member: () => import("./commands/Member.ts").then((it) => it.member),
  agent: () => import("./commands/Agent.ts").then((it) => it.agent),
  deny: () => import("./commands/Deny.ts").then((it) => it.deny),
  directory: () => import("./commands/DirectoryFile.ts").then((it) => it.directory),
  who: () => import("./commands/Who.ts").then((it) => it.who),
  can: () => import("./commands/Can.ts").then((it) => it.can),
  review: () => import("./commands/Review.ts").then((it) => it.review),
  backup: () => import("./commands/Backup.ts").then((it) => it.backup),
  restore: () => import("./commands/Restore.ts").then((it) => it.restore),
  migrate: () => import("./commands/Migrate.ts").then((it) => it.migrate)
}

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

const isVerb = (name: string): name is keyof typeof verbs => Object.hasOwn(verbs, name)

const jotgate = Command.make("jotgate").pipe(
  Command.withDescription("Bring your company's tokens to any LLM gateway")
)

/** Runs the command with these arguments. */
export const run = (version: string) => (args: ReadonlyArray<string>) => {
  const [name = ""] = args
  const named: ReadonlyArray<keyof typeof verbs> = isVerb(name) ? [name] : Object.keys(verbs).filter(isVerb)
  return Effect.flatMap(
    Effect.promise(() => Promise.all(named.map((it) => verbs[it]()))),
    (loaded) => Command.runWith(Command.withSubcommands(jotgate, loaded), { version })(args)
  )
}
