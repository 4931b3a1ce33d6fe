/**
 * Names of headers as servers behind the gate may read them, and what a client asks for in them.
 *
 * Some server reads `X_Jotgate_User` as `X-Jotgate-User` (threat E02), so names are compared lower-cased, with every run
 * of characters that are neither letter nor digit read as one `-` (DESIGN §8).
 */

const plain = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]+/g, "-")

/** LiteLLM sends a header of such a name on without what it begins with. */
const passed = /^(?:x-pass-)+/

/** Whether LiteLLM sends a header of this name on under another. */
export const isPassedOn = (name: string): boolean => passed.test(plain(name))

/** The form in which names are compared: what some server behind the gate, or behind LiteLLM, may read. */
export const canonical = (name: string): string => plain(name).replace(passed, "")

/** Whether these headers (raw pairs) ask for a WebSocket (RFC 6455 section 4.1). */
export const asksForWebSocket = (rawHeaders: ReadonlyArray<string>): boolean => {
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? ""
    if (name.length !== 7 || name.toLowerCase() !== "upgrade") continue
    if (rawHeaders[at + 1]?.split(",").some((it) => it.trim().toLowerCase() === "websocket") === true) return true
  }
  return false
}
