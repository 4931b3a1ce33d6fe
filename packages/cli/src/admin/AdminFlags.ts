/** The flags of the verbs that manage a directory: where it is, and how the answer is printed. */
import { Option } from "effect"
import { Flag } from "effect/cli"
import { configFlag } from "../Configuration.ts"

/** Where the directory is. */
export const place = {
  config: configFlag,
  admin: Flag.String("admin").pipe(
    Flag.withMetavar("URL"),
    Flag.withDescription("The admin listener to ask; default: gateway.admin of --config"),
    Flag.optional
  ),
  tokenEnv: Flag.String("token-env").pipe(
    Flag.withMetavar("NAME"),
    Flag.withDescription("The variable that holds the token for the admin listener"),
    Flag.withDefault("JOTGATE_ADMIN_TOKEN")
  ),
  direct: Flag.Boolean("direct").pipe(
    Flag.withDescription("Work on the store of --config itself, without a running server"),
    Flag.withDefault(false)
  )
}

/** `--json`. */
export const json = Flag.Boolean("json").pipe(
  Flag.withDescription("Print JSON, for programs"),
  Flag.withDefault(false)
)

const described = <A>(flag: Flag.Flag<A>, metavar: string, what: string) =>
  flag.pipe(Flag.withMetavar(metavar), Flag.withDescription(what), Flag.optional)

/** A text. */
export const text = (name: string, what: string) => described(Flag.String(name), "TEXT", what)

/** A text; an empty one takes the value away. */
export const nullable = (name: string, what: string) =>
  described(Flag.map(Flag.String(name), (it) => it === "" ? null : it), "TEXT", what)

/** A list with commas; an empty text is an empty list. */
export const list = (name: string, what: string) =>
  described(Flag.map(Flag.String(name), (it) => it === "" ? [] : it.split(",").map((one) => one.trim())), "A,B,…", what)

/** A number, or `none` for no limit. */
export const amount = (name: string, what: string) =>
  described(
    Flag.String(name).pipe(Flag.filterMap(
      (it): Option.Option<number | null> =>
        it === "none"
          ? Option.some(null)
          : Number.isFinite(Number(it)) && it.trim() !== ""
          ? Option.some(Number(it))
          : Option.none(),
      (it) => `${it} is neither a number nor none`
    )),
    "N",
    what
  )

/** Some NAME=VALUE. */
export const pairs = (name: string, what: string) => described(Flag.KeyValuePair(name), "NAME=VALUE", what)

/** Yes or no. */
export const yesNo = (name: string, what: string) => Flag.Boolean(name).pipe(Flag.withDescription(what), Flag.optional)

const patterns = (name: string, what: string) =>
  described(
    Flag.map(
      Flag.String(name),
      (it) => it === "null" ? null : it === "" ? [] : it.split(",").map((one) => one.trim())
    ),
    "A,B,…",
    `${what}: SERVER/NAME, with ! in front of what is taken away; empty: none; null says nothing`
  )

/** What a row lists of MCP servers. */
export const toolLists = {
  tools: patterns("tools", "Tools of MCP servers"),
  prompts: patterns("prompts", "Prompts of MCP servers"),
  resources: patterns("resources", "Resources of MCP servers")
}
