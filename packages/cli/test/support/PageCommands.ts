/** The commands of the documents: those in blocks, those between backticks in sentences and tables, and those of a file's head. */
import { blocksOf, textOf } from "./Documents.ts"

export interface PageCommand {
  readonly page: string
  readonly text: string
  /** Between backticks, where a name is often all that is meant: `jotgate serve`. */
  readonly isInline: boolean
  /** What the page shows below it, where it is shown behind `$ `. */
  readonly printed?: string
}

/** What a command begins with; what stands before it is its environment. */
const programs = [
  ...["jotgate", "npm", "npx", "node", "curl", "pip", "python3", "kubectl", "claude", "codex", "gemini"],
  ...["systemctl", "systemd-analyze", "apt-get", "promtool", "pg_dump", "sha256sum"],
  ...["buildah", "docker", "hadolint", "kustomize", "podman"],
  ...["cd", "chown", "cp", "echo", "export", "ln", "ls", "mkdir", "printf", "set"],
  "/\\S+/bin/\\w+"
].join("|")
const environment = String.raw`(?:[A-Z_]+=(?:\$\([^)]*\)|"[^"]*"|\S+) )*`
const inBlock = new RegExp(String.raw`^(?:\$ )?(${environment}(?:${programs})\s.*)$`)
const inText = new RegExp(
  "`(" + environment + "(?:" + programs + ") [^`\\n]+|(?:GET|POST|PUT|PATCH|DELETE) /[^`\\n]+)`",
  "g"
)

/** The blocks of a page that are none of a language, or the head of another file; what is too long for a line is one line. */
const shellOf = (page: string): ReadonlyArray<string> => {
  const head = [...textOf(page).matchAll(/^# {3,}(.*)$/gm)].map(([, line]) => line).join("\n")
  const blocks = blocksOf(page).filter(({ language }) => language === "" || language === "sh").map(({ text }) => text)
  return (page.endsWith(".md") ? blocks : [head]).map((text) => text.replaceAll(/\\\n\s*/g, ""))
}

/** What stands below commands behind `$ `, by the command. */
const printedOf = (shell: ReadonlyArray<string>): ReadonlyMap<string, string> =>
  new Map(
    shell.filter((text) => text.startsWith("$ ")).flatMap((text) => text.slice(2).split("\n$ ")).map((text) => {
      const end = text.indexOf("\n")
      return [text.slice(0, end), text.slice(end + 1).trimEnd()] as const
    })
  )

/** The commands of a page in their order, each once, without the comment behind it. */
export const commandsOf = (page: string): ReadonlyArray<PageCommand> => {
  const found = new Map<string, PageCommand>()
  const shell = shellOf(page)
  const shown = printedOf(shell)
  for (const [, command] of shell.flatMap((text) => text.split("\n")).map((line) => inBlock.exec(line) ?? [])) {
    const text = command?.replace(/\s{2,}#.*$/, "").trimEnd()
    if (text === undefined) continue
    const printed = shown.get(text)
    found.set(text, { page, text, isInline: false, ...(printed === undefined ? {} : { printed }) })
  }
  for (const [, text = ""] of textOf(page).replaceAll(/^```[^]*?^```/gm, "").matchAll(inText)) {
    if (!found.has(text)) found.set(text, { page, text, isInline: true })
  }
  return [...found.values()]
}

/** Every way through the words that stand for one another: `list|show`. */
const choices = (words: ReadonlyArray<string>): ReadonlyArray<string> =>
  words.reduce<ReadonlyArray<string>>(
    (lines, word) => lines.flatMap((line) => word.split("|").map((it) => line === "" ? it : `${line} ${it}`)),
    [""]
  )

/**
 * The commands that a line stands for: itself, or where it is syntax, each of `list|show` and of `--jti JTI | --kid KID`,
 * with what may be left out (`[--json]`).
 */
export const spelledOut = (text: string): ReadonlyArray<string> => {
  if (!/^(?:npx )?jotgate .*(?: \[--| \| --|\b[a-z]+\|[a-z])/.test(text)) return [text]
  const optional = [...text.matchAll(/\[([^\]]+)\]/g)].map(([, it = ""]) => it).join(" ")
  const [first = "", ...others] = text.replaceAll(/\s*\[[^\]]+\]/g, "").split(" | ")
  const [, head = first, argument = ""] = others.length === 0 ? [] : /^(.*?)((?: --\S+)? \S+)$/.exec(first) ?? []
  return [argument, ...others].flatMap((it) => choices(`${head} ${it} ${optional}`.trim().split(/\s+/)))
}
