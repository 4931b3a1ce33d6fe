/** Nodes of a syntax tree as oxc reads it, member by member: which of them there are depends on the kind. */
export interface Node {
  readonly type: string
  readonly start: number
}

export const isNode = (it: unknown): it is Node =>
  typeof it === "object" && it !== null && "type" in it && typeof it.type === "string" && "start" in it

/** The nodes that a member holds: one, several or none. */
export const nodes = (it: unknown): ReadonlyArray<Node> =>
  Array.isArray(it) ? it.filter(isNode) : isNode(it) ? [it] : []

/** What a member holds. */
export const at = (node: Node, name: string): unknown => Reflect.get(node, name)
