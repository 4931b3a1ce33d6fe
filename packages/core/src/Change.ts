/** What would have allowed a denied request: one thing that another request, or an operator, would have to change. */
import type { Plain, Texts } from "./Fact.ts"

/** What every change has. */
interface Told {
  /** The change in one sentence. */
  readonly text: string
}

/** A row that does not exist. */
interface RowChange extends Told {
  /** Tells the kinds of changes apart. */
  readonly change: "row"
  /** What kind of row, such as `team`. */
  readonly kind: string
  /** Its id or name. */
  readonly name: string
}

/** Another of the caller's teams. */
interface TeamChange extends Told {
  /** Tells the kinds of changes apart. */
  readonly change: "team"
  /** The header that names it; `null`: without the header. */
  readonly header: string | null
  /** The teams in which the request would be allowed. */
  readonly teams?: Texts
}

/** Another model. */
interface ModelChange extends Told {
  /** Tells the kinds of changes apart. */
  readonly change: "model"
  /** The patterns of models that would be allowed. */
  readonly models: Texts
}

/** Another role of the token. */
interface RoleChange extends Told {
  /** Tells the kinds of changes apart. */
  readonly change: "role"
  /** The role. */
  readonly role: string
  /** The value of the claim that gives it. */
  readonly value: string
}

/** One more scope. */
interface ScopeChange extends Told {
  /** Tells the kinds of changes apart. */
  readonly change: "scope"
  /** The scope. */
  readonly scope: string
}

/** What a rule or rows must list, and where; or other tools that the call could name. */
interface ToolChange extends Told {
  /** Tells the kinds of changes apart. */
  readonly change: "tool"
  /** What must be listed, `SERVER/NAME`. */
  readonly tool?: string
  /** Where it must be listed. */
  readonly in?: ReadonlyArray<{
    /** Whose list it is, such as `team` or `scope`. */
    readonly level: string
    /** The path of the rule, or the id of the row. */
    readonly name: string
  }>
  /** The tools that the call could name instead. */
  readonly tools?: Texts
}

/** What the request itself must have. */
interface RequestChange extends Told {
  /** Tells the kinds of changes apart. */
  readonly change: "request"
  /** The header that it lacks. */
  readonly header: string | null
}

/** Who must be let in by the operator: an application, or a program that acts. Not tried, because no caller can. */
interface ClientChange extends Told {
  /** Tells the kinds of changes apart. */
  readonly change: "client" | "agent"
  /** Its name; `null` when it has none. */
  readonly name: string | null
}

/** What an operator would change. */
interface OperatorChange extends Told {
  /** Tells the kinds of changes apart. */
  readonly change: "operator"
  /** The path of the setting that decides; `null` when it is a row alone. */
  readonly setting: string | null
  /** The line of that setting in the configuration file, or of the row in the file of rows, from 1. */
  readonly line?: number
  /** The file of rows (`directory.file`), where the line is one of it. */
  readonly file?: string
  /** The row that it rests on. */
  readonly row: {
    /** What kind of row, such as `team`. */
    readonly kind: string
    /** Its id. */
    readonly id: string
  } | null
}

/** One change that would have allowed a denied request. */
export type Change = Plain<
  | RowChange
  | TeamChange
  | ModelChange
  | RoleChange
  | ScopeChange
  | ToolChange
  | RequestChange
  | ClientChange
  | OperatorChange
>
