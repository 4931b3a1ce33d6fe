/** What the admin listener does, for whatever store is behind it. */
import * as BadInput from "./BadInput.ts"
import * as DenyList from "./DenyList.ts"
import * as Lists from "./Lists.ts"
import * as LiteLLM from "./LiteLLM.ts"
import * as Operations from "./Operations.ts"
import * as Rows from "./Rows.ts"

/** Every suite, over worlds that `make` makes. */
export const suites = [Rows.suite, Lists.suite, DenyList.suite, Operations.suite, LiteLLM.suite, BadInput.suite]
