/**
 * Reads secrets from the environment and from files.
 *
 * A file name is relative to the directory of the configuration file. Files
 * are read at each call, so a rotated secret counts at its next use. What fails
 * is named by its reference; no part of a value reaches an error or a log.
 */
import { Secrets, SecretUnavailable } from "@jotgate/core/Secrets"
import { Effect, Layer, Redacted } from "effect"
import { resolve } from "node:path"
import * as RegularFile from "./RegularFile.ts"

/** Largest file that is read, in bytes. */
const maxBytes = 1024 * 1024

const readText = (path: string) =>
  Effect.flatMap(RegularFile.read(path, maxBytes), (bytes) =>
    Effect.try({
      try: () => new TextDecoder("utf-8", { fatal: true }).decode(bytes),
      catch: () => "ERR_ENCODING_INVALID_ENCODED_DATA"
    }))

/** `directory`: what relative file names are relative to. `environment`: where `env:NAME` is looked up. */
export const layer = (
  directory: string,
  environment: Readonly<Record<string, string | undefined>> = process.env
): Layer.Layer<Secrets> =>
  Layer.succeed(Secrets, {
    read: (reference) => {
      const fail = (reason: string) => Effect.fail(new SecretUnavailable({ reference, reason }))
      if (reference.startsWith("env:")) {
        const value = environment[reference.slice(4)]
        return value === undefined || value === "" ? fail("not set") : Effect.succeed(Redacted.make(value))
      }
      if (!reference.startsWith("file:")) return fail("neither env:NAME nor file:PATH")
      return readText(resolve(directory, reference.slice(5))).pipe(
        Effect.catch(fail),
        Effect.flatMap((text) => {
          const value = text.replace(/\r?\n$/, "")
          return value === "" ? fail("empty") : Effect.succeed(Redacted.make(value))
        })
      )
    }
  })
