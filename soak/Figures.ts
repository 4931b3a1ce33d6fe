/** Prints figures beside their limits and remembers whether one was missed. */

/** Prints one figure; the process exits 1 when it is above `most` or below `least`. */
export const figure = (
  name: string,
  value: number,
  limit: { readonly most?: number; readonly least?: number },
  unit = ""
): void => {
  const missed = value > (limit.most ?? Infinity) || value < (limit.least ?? -Infinity)
  const limits = [
    ...(limit.least === undefined ? [] : [`at least ${limit.least}`]),
    ...(limit.most === undefined ? [] : [`at most ${limit.most}`])
  ]
  console.log(
    `${missed ? "MISSED" : "ok    "}  ${name}: ${Math.round(value * 100) / 100}${unit} (${limits.join(", ")})`
  )
  if (missed) process.exitCode = 1
}

/** Megabytes in use after collecting what is not: heap and buffers. */
export const megabytes = (): number => {
  for (let round = 0; round < 3; round++) globalThis.gc?.()
  const { arrayBuffers, heapUsed } = process.memoryUsage()
  return (heapUsed + arrayBuffers) / 1024 ** 2
}

/** Requests that got no answer, or one that they should not have got: each is one too many. */
export const told = (
  what: string,
  it: { readonly lost?: ReadonlyArray<string>; readonly wrong: ReadonlyArray<string> }
): void => {
  if (it.lost !== undefined) figure(`${what}: requests lost`, it.lost.length, { most: 0 })
  figure(`${what}: answers that were wrong`, it.wrong.length, { most: 0 })
  for (const text of new Set([...(it.lost ?? []), ...it.wrong])) console.error(text)
}
