/** 100 100 rows of a directory file, as an import has them. */
const users = Array.from({ length: 49_500 }, (_, index) => ({
  id: `user-${index}`,
  email: `user${index}@acme.com`,
  subjects: [{ namespace: "", subject: `okta|${index}` }],
  role: "internal_user"
}))

export const rows = {
  teams: Array.from({ length: 1_000 }, (_, index) => ({
    id: `team-${index}`,
    alias: `Team ${index}`,
    models: ["gpt-4o*"]
  })),
  users,
  endUsers: Array.from({ length: 100 }, (_, index) => ({ id: `customer-${index}` })),
  memberships: users.map(({ id }, index) => ({ user: id, team: `team-${index % 1_000}` }))
}

/** The same as YAML, row by row as `directory export` writes it. */
export const yaml = (): string =>
  Object.entries(rows).map(([kind, list]) => `${kind}:\n${list.map((row) => `  - ${rowText(row)}\n`).join("")}`).join(
    ""
  )

const rowText = (row: object): string =>
  Object.entries(row).map(([name, value]: readonly [string, unknown]) =>
    typeof value === "string" ? `${name}: ${value}` : `${name}: ${JSON.stringify(value)}`
  ).join("\n    ")
