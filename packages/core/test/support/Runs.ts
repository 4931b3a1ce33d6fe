/** How often a law is drawn: `npm run soak -- laws` draws ten times as many, from a seed of its own. */
const times = Number(process.env["RUNS_TIMES"] ?? 1)

/** Options of a property that is drawn `count` times where nobody asks for more. */
export const runs = (count: number) => ({
  arbitrary: { runs: count * times, seed: process.env["SEED"] ?? "jotgate" },
  timeout: 60_000 * times
})
