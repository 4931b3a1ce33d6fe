/**
 * Rows in memory, by id, with secondary indexes and a stable order.
 *
 * The order of a look-up by index is the order in which the rows were made, as
 * the databases answer; replacing a row keeps its place.
 */

/** One table: rows by id, and by each of the named indexes. */
export interface MemoryTable<Row, Index extends string> {
  readonly get: (id: string) => Row | undefined
  /** The rows whose index `name` holds `value`, oldest first. */
  readonly find: (name: Index, value: string) => ReadonlyArray<Row>
  /** The values of the index `name` that some row has. */
  readonly values: (name: Index) => ReadonlyArray<string>
  /** Makes or replaces a row. */
  readonly put: (row: Row) => void
  readonly remove: (id: string) => boolean
  /** Every row, oldest first; the same list until a row changes. */
  readonly all: () => ReadonlyArray<Row>
}

interface Held<Row> {
  readonly place: number
  row: Row
}

/** An empty table; `indexes` say which texts of a row it can be found by, `onChange` is called before each change. */
export const make = <Row, Index extends string>(
  idOf: (row: Row) => string,
  indexes: { readonly [name in Index]: (row: Row) => ReadonlyArray<string> },
  onChange: () => void
): MemoryTable<Row, Index> => {
  const rows = new Map<string, Held<Row>>()
  const names: Array<Index> = []
  for (const name in indexes) names.push(name)
  const byIndex = new Map(names.map((name) => [name, new Map<string, Set<Held<Row>>>()]))
  let places = 0
  let listed: ReadonlyArray<Row> | undefined

  const change = () => {
    listed = undefined
    onChange()
  }

  const unindex = (held: Held<Row>) => {
    for (const name of names) {
      for (const value of indexes[name](held.row)) {
        const found = byIndex.get(name)?.get(value)
        found?.delete(held)
        if (found?.size === 0) byIndex.get(name)?.delete(value)
      }
    }
  }

  const index = (held: Held<Row>) => {
    for (const name of names) {
      const values = byIndex.get(name)
      for (const value of indexes[name](held.row)) {
        const found = values?.get(value)
        if (found === undefined) values?.set(value, new Set([held]))
        else found.add(held)
      }
    }
  }

  return {
    get: (id) => rows.get(id)?.row,
    find: (name, value) => {
      const found = byIndex.get(name)?.get(value)
      return found === undefined ? [] : Array.from(found).toSorted((a, b) => a.place - b.place).map((it) => it.row)
    },
    values: (name) => Array.from(byIndex.get(name)?.keys() ?? []),
    put: (row) => {
      change()
      const id = idOf(row)
      const held = rows.get(id)
      if (held === undefined) {
        const made = { place: places++, row }
        rows.set(id, made)
        index(made)
      } else {
        unindex(held)
        held.row = row
        index(held)
      }
    },
    remove: (id) => {
      const held = rows.get(id)
      if (held === undefined) return false
      change()
      unindex(held)
      return rows.delete(id)
    },
    all: () => listed ??= Array.from(rows.values(), (it) => it.row)
  }
}
