/**
 * Reads the configuration file: text → settings, or everything that is wrong
 * with it, each with `file:line:column`.
 *
 * Parse, validate, swap: nothing of a file that has a finding is ever used, so
 * a bad file cannot replace a good one.
 */
import { findings as schemaFindings, pathText } from "@jotgate/core/SchemaFindings"
import { Effect, FileSystem, Result, Schema } from "effect"
import { hash } from "node:crypto"
import { dirname, resolve } from "node:path"
import { resolvePaths } from "./ConfigPaths.ts"
import { type ConfigFinding, type ConfigText, type Position, positionOf, readConfigText } from "./ConfigText.ts"
import { decodeFile, type FileSettings } from "./GatewaySettings.ts"
import { fill } from "./Presets.ts"

const Finding = Schema.Struct({
  /** The path of the setting, such as `issuers[0].audience`; "" when none. */
  path: Schema.String,
  /** What is wrong. */
  message: Schema.String,
  /** The line, counted from 1. */
  line: Schema.Number,
  /** The column, counted from 1. */
  column: Schema.Number
})

/** The file cannot be used; `message` has one line for each finding. */
export class ConfigInvalid extends Schema.TaggedError<ConfigInvalid>()("ConfigInvalid", {
  /** The name of the file. */
  file: Schema.String,
  /** What is wrong, in the order of the file. */
  findings: Schema.Array(Finding)
}) {
  /** Every finding, one a line. */
  override get message(): string {
    return this.findings.map((it) => findingText(this.file, it)).join("\n")
  }
}

/** The file cannot be read at all. */
export class ConfigUnreadable extends Schema.TaggedError<ConfigUnreadable>()("ConfigUnreadable", {
  /** The name of the file. */
  file: Schema.String,
  /** Why, in the words of the system. */
  reason: Schema.String
}) {
  /** Which file, and why. */
  override get message(): string {
    return `${this.file}: ${this.reason}`
  }
}

/** One finding as one line: `jotgate.yaml:12:3: policy.teamHeadres: unknown key, did you mean "teamHeaders"?`. */
export const findingText = (file: string, it: ConfigFinding): string =>
  `${file}:${it.line}:${it.column}: ${it.path === "" ? "" : `${it.path}: `}${it.message}`

/** A configuration that was read, with the place of every setting in its file. */
export interface ConfigFile {
  /** The name by which the file was asked for. */
  readonly name: string
  /** Another one for each other text. */
  readonly version: string
  /** What the file says, with the defaults. */
  readonly settings: FileSettings
  /** The value of the file with its presets filled. */
  readonly expanded: unknown
  /** The line of each setting by its path (`policy.roles[0]`), unless the file leaves it at its default. */
  readonly lines: ReadonlyMap<string, number>
  /** Line and column of a setting, or of the nearest one around it. */
  readonly positionOf: (path: string) => Position
  /** Whether the file says this setting, rather than leaving it at its default. */
  readonly says: (path: string) => boolean
}

const around = (text: ConfigText, path: string): Position => {
  for (let at = path;;) {
    const found = text.keys.get(at) ?? text.values.get(at)
    if (found !== undefined) return found
    if (at === "") return { line: 1, column: 1 }
    at = at.replace(/(?:\.[^.[\]]+|\[[^\]]*\]|^[^.[\]]+)$/, "")
  }
}

/** Reads the text of a file called `name`; relative file names in it are relative to `directory`. */
export const parseConfig = (input: {
  /** What findings call it. */
  readonly name: string
  /** YAML; JSON is YAML too. */
  readonly text: string
  /** What relative file names in it are relative to. */
  readonly directory: string
  /** The variables that it can name. */
  readonly env: Readonly<Record<string, string | undefined>>
}): Result.Result<ConfigFile, ConfigInvalid> => {
  const text = readConfigText(input.text, input.env)
  const failed = (findings: ReadonlyArray<ConfigFinding>) =>
    Result.fail(new ConfigInvalid({ file: input.name, findings: [...findings] }))
  if (text.findings.length > 0) return failed(text.findings)
  const filled = fill(text.value)
  if (filled.findings.length > 0) {
    return failed(
      filled.findings.map(({ message, path }) => ({
        ...positionOf(text, path, "invalid"),
        path: pathText(path),
        message
      }))
    )
  }
  return Result.match(decodeFile(filled.value), {
    onFailure: (error) =>
      failed(
        schemaFindings(error.issue)
          .map((it) => ({ ...positionOf(text, it.path, it.kind), path: pathText(it.path), message: it.message }))
          .toSorted((left, right) => left.line - right.line || left.column - right.column)
      ),
    onSuccess: (settings) =>
      Result.succeed({
        name: input.name,
        version: hash("sha256", input.text).slice(0, 12),
        settings: resolvePaths(settings, input.directory),
        expanded: filled.value,
        lines: new Map([...text.values, ...text.keys].map(([path, { line }]) => [path, line])),
        positionOf: (path) => around(text, path),
        says: (path) => text.values.has(path)
      })
  })
}

/** Loads a configuration file; JSON is YAML too. */
export const loadConfig = Effect.fn("ConfigFile.load")(function*(
  file: string,
  env: Readonly<Record<string, string | undefined>>
) {
  const files = yield* FileSystem.FileSystem
  const bytes = yield* files.readFile(file).pipe(
    Effect.catchTag("PlatformError", (error) =>
      new ConfigUnreadable({
        file,
        reason: error.reason._tag === "NotFound"
          ? "there is no such file"
          : error.reason._tag === "PermissionDenied"
          ? "may not be read"
          : `cannot be read (${error.reason._tag})`
      }))
  )
  // A byte of another encoding would make another name of a team, which no rule means.
  const text = yield* Effect.try({
    try: () => new TextDecoder("utf-8", { fatal: true }).decode(bytes),
    catch: () => new ConfigUnreadable({ file, reason: "is not written in UTF-8" })
  })
  return yield* Effect.fromResult(
    parseConfig({ name: file, text, directory: dirname(resolve(file)), env })
  )
})
