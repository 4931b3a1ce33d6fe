/**
 * Times and sizes as a configuration writes them: `5m`, `16KiB`.
 */
import * as Schema from "effect/Schema"
import * as SchemaGetter from "effect/SchemaGetter"

const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** `60s`, `5m`, `24h` in the file; milliseconds in use. */
export const Duration = Schema.String.annotate({ expected: "a duration such as 60s, 5m or 24h" }).check(
  Schema.isPattern(/^\d{1,9}(?:ms|s|m|h|d)$/, { message: "must be a duration such as 500ms, 60s, 5m, 24h or 7d" })
).pipe(
  Schema.decodeTo(Schema.Number, {
    decode: SchemaGetter.transform((text) => Number(text.replace(/\D+$/, "")) * (units[text.replace(/^\d+/, "")] ?? 1)),
    encode: SchemaGetter.transform((millis) =>
      millis % 3_600_000 === 0 && millis > 0
        ? `${millis / 3_600_000}h`
        : millis % 60_000 === 0 && millis > 60_000
        ? `${millis / 60_000}m`
        : millis % 1_000 === 0
        ? `${millis / 1_000}s`
        : `${millis}ms`
    )
  })
)

const sizes: Readonly<Record<string, number>> = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 }

/** `16KiB`, `32MiB` in the file; bytes in use. */
export const Size = Schema.String.annotate({ expected: "a size such as 16KiB or 32MiB" }).check(
  Schema.isPattern(/^\d{1,9}(?:B|KiB|MiB|GiB)$/, { message: "must be a size such as 512B, 16KiB or 32MiB" })
).pipe(
  Schema.decodeTo(Schema.Number, {
    decode: SchemaGetter.transform((text) => Number(text.replace(/\D+$/, "")) * (sizes[text.replace(/^\d+/, "")] ?? 1)),
    encode: SchemaGetter.transform((bytes) =>
      bytes % 1024 ** 2 === 0 ? `${bytes / 1024 ** 2}MiB` : bytes % 1024 === 0 ? `${bytes / 1024}KiB` : `${bytes}B`
    )
  })
)
