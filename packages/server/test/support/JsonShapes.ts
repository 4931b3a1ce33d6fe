/** JSON bodies of 10 MB, small tokens and large ones: what the search for the model is measured with. */

/** Bytes of each body, about. */
export const size = 10_000_000

/** A list of 10 MB whose elements are made in turn. */
const list = (element: (at: number) => string, separator = ","): string => {
  const parts: Array<string> = []
  let length = 0
  while (length < size) {
    const part = element(parts.length)
    parts.push(part)
    length += part.length + separator.length
  }
  return `[${parts.join(separator)}]`
}

const words = "the quick brown fox jumps over the lazy dog and then it sleeps until noon".split(" ")
const word = (at: number): string => words[(at * 7919) % words.length] ?? ""
const image = "iVBORw0KGgoAAAANSUhEUgAA".repeat(3000)

const inputs: Readonly<Record<string, () => string>> = {
  "small strings": () => list((at) => JSON.stringify(word(at))),
  "small strings with spaces between": () => list((at) => JSON.stringify(word(at)), ", "),
  "small objects": () => list((at) => JSON.stringify({ role: "user", content: word(at) })),
  "chat messages": () => list((at) => JSON.stringify({ role: "user", content: `${word(at)} said "hi"\n`.repeat(9) })),
  "chat messages with images": () =>
    list((at) => JSON.stringify({ role: "user", content: [{ type: "text", text: word(at) }, { url: image }] })),
  "token ids": () => list((at) => String((at * 7919) % 200_000)),
  "lists of token ids": () => list((at) => `[${at % 977}, ${at % 50_000}, 17]`, ", "),
  "fractions": () => list((at) => String(((at * 7919) % 1_000_003) / 1_000_003 - 0.5)),
  "literals": () => list((at) => ["true", "false", "null"][at % 3] ?? ""),
  "empty objects": () => list(() => "{}"),
  "deep nesting": () => list(() => "[".repeat(300) + "]".repeat(300)),
  "short escapes": () => list((at) => JSON.stringify(`${word(at)}\n"\t\\`)),
  "unicode escapes": () => list((at) => `"${"\\u00e9".repeat(1 + at % 9)}"`),
  "white space": () => list((at) => `\n      ${at}`),
  "an indented document": () =>
    JSON.stringify(Array.from({ length: 150_000 }, (_, at) => ({ role: "user", content: word(at), n: at })), null, 2),
  "one long text": () => JSON.stringify("A line of text, and no end of it. ".repeat(300_000)),
  "one long text of escapes": () => JSON.stringify("\n\n".repeat(2_500_000))
}

const body = (input: string): Buffer => Buffer.from(`{"input":${input},"model":"gpt-4o"}`)

const manyMembers = (): Buffer =>
  Buffer.from(`{${Array.from({ length: 700_000 }, (_, at) => `"m${at}":${at}`).join(",")},"model":"gpt-4o"}`)

/** Bodies of 10 MB by what they are made of, each made anew; the model stands at the end. */
export const shapes: Readonly<Record<string, () => Buffer>> = {
  ...Object.fromEntries(Object.entries(inputs).map(([name, make]) => [name, () => body(make())])),
  "many top-level members": manyMembers
}
