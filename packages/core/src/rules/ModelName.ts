/** What can be the name of one model. */

/** The longest name, in UTF-16 units. */
const longest = 1024

/** What is no text to read, and the comma, at which LiteLLM splits names. */
const unprintable = /[\u0000-\u001f\u007f-\u009f,]/u

/** A segment of dots, however it is written: an upstream that puts the name into a path runs another model. */
const dots = /(?:^|[/\\]|%2f|%5c)(?:\.|%2e){1,2}(?:$|[/\\?#]|%2f|%5c)/i

/**
 * Whether `name` can be the name of one model: not empty, at most 1024 units,
 * well-formed, without control character, comma and dot segment.
 */
export const isModelName = (name: string): boolean =>
  name.length > 0 && name.length <= longest && !unprintable.test(name) && name.isWellFormed() &&
  (!name.includes(".") && !name.includes("%") || !dots.test(name))
