/**
 * What the name of a tool or prompt, and the URI of a resource, may look like for a rule to speak of it.
 *
 * Rules compare text, servers look things up: a text that a server could take for another one is refused before any
 * rule sees it. Wildcards are what patterns are made of; a dot segment leads elsewhere than it says.
 */

/** The longest name or URI, in UTF-16 units. */
const longest = 2048

/** What nobody sees is in another class than it seems: fillers and selectors are letters and marks, blank Braille a symbol. */
const odd = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{DI}\u2800*]/u

/** Names of plain letters, as nearly all are. */
const usual = /^[A-Za-z0-9_./-]{1,256}$/

/** Whether this can be the name of one tool or prompt: no control or invisible character, no wildcard, one normal form. */
export const isItemName = (name: string): boolean =>
  usual.test(name) ||
  (name !== "" && name.length <= longest && name.isWellFormed() && name.trim() === name && !odd.test(name) &&
    name.normalize("NFC") === name)

const scheme = /^[a-z][a-z0-9+.-]*:/
const forbidden = /[\p{Cc}\p{Cf}\p{Z}\p{DI}\u2800\\]|%(?![0-9a-f]{2})/iu
const separators = /[/\\?#;&=]/
/** Letters, digits and marks that need no escape: who escapes one all the same writes another text for the same thing. */
const needless = /%(?:2[de]|3[0-9]|4[1-9a-f]|5[0-9af]|6[1-9a-f]|7[0-9ae])/i

const unescaped = (text: string): string =>
  text.replace(/(?:%[0-9a-f]{2})+/gi, (run) => Buffer.from(run.replaceAll("%", ""), "hex").toString("utf8"))

/** Some servers take a full-width dot or slash for a plain one. */
const hasDotSegment = (text: string): boolean =>
  text.normalize("NFKC").split(separators).some((it) => it === "." || it === "..")

/** What an escape may not stand for: a control character, which ends some servers' texts, and bytes that are no UTF-8. */
const unreadable = /[\p{Cc}\ufffd]/u

/** Whether the text leads somewhere by dot segments, escaped however often, or by what servers decode each in its way. */
const leadsElsewhere = (uri: string): boolean => {
  let text = uri.slice(uri.indexOf(":") + 1)
  for (let round = 0; round < 4; round++) {
    if (hasDotSegment(text) || unreadable.test(text)) return true
    const next = unescaped(text)
    if (next === text) return false
    text = next
  }
  return true
}

/** Whether this is a URI, or the template of one, of which every server makes the same. */
export const isResourceUri = (uri: string): boolean =>
  uri.length <= longest && uri.isWellFormed() && scheme.test(uri) && !forbidden.test(uri) && !needless.test(uri) &&
  !leadsElsewhere(uri)

/** The part of a URI template that stands in each of its expansions, at their beginning; the whole where nothing is left open. */
export const literalPrefix = (template: string): string => {
  const at = template.indexOf("{")
  return at === -1 ? template : template.slice(0, at)
}

/** Whether a URI leaves something open. */
export const isTemplate = (uri: string): boolean => uri.includes("{")
