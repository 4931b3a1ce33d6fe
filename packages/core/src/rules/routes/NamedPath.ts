/**
 * The model that a path names outside of the model routes, in the shapes that
 * LLM gateways serve: OpenAI, Azure OpenAI, engines, Gemini, Vertex, Bedrock
 * (RULES D19, D52).
 *
 * Paths arrive unambiguous (`Path`), so decoding a segment is exact. A model may
 * span segments where the upstream lets it (`openai/gpt-4o`).
 */
import { decoded } from "./Path.ts"

/** What follows the model after `/engines/{model}` and `/openai/deployments/{model}`; longer tails first. */
const operations = [
  "/chat/completions",
  "/completions",
  "/embeddings",
  "/images/generations",
  "/images/edits",
  "/images/variations",
  "/audio/speech",
  "/audio/transcriptions",
  "/audio/translations",
  "/moderations",
  "/responses",
  "/realtime"
]

/** What follows the model of a Gemini or Vertex path after its last colon. */
export const googleActions: ReadonlyArray<string> = [
  "generateContent",
  "streamGenerateContent",
  "generateAnswer",
  "countTokens",
  "computeTokens",
  "embedContent",
  "batchEmbedContents",
  "asyncBatchEmbedContent",
  "batchGenerateContent",
  "generateText",
  "generateMessage",
  "embedText",
  "batchEmbedText",
  "countMessageTokens",
  "countTextTokens",
  "predict",
  "predictLongRunning",
  "fetchPredictOperation",
  "rawPredict",
  "streamRawPredict",
  "serverStreamingPredict"
]

const actions: ReadonlySet<string> = new Set(googleActions)

const bedrockOperation =
  /^(.+)\/(?:invoke|invoke-with-response-stream|invoke-with-bidirectional-stream|converse|converse-stream|count-tokens)$/

/** The name in an encoded segment; `null` when it is no text. */
const nameIn = (encoded: string): string | null => {
  const name = decoded(encoded)
  return name === undefined || name === "" ? null : name
}

const withoutAction = (text: string): string => {
  const colon = text.lastIndexOf(":")
  return colon > 0 && actions.has(text.slice(colon + 1)) ? text.slice(0, colon) : text
}

/** `{model}/operation`, or the first segment when the operation is not a known one. */
const beforeOperation = (rest: string): string => {
  for (const operation of operations) {
    if (rest.length > operation.length && rest.endsWith(operation)) return rest.slice(0, -operation.length)
  }
  const slash = rest.indexOf("/")
  return slash === -1 ? rest : rest.slice(0, slash)
}

const after = (path: string, marker: string): string | undefined => {
  const at = path.indexOf(marker)
  const rest = at === -1 ? "" : path.slice(at + marker.length)
  return rest === "" ? undefined : rest
}

/** Paths below which `/models/{model}` is the name of a model, not of something else. */
const listPrefixes = ["/models/", "/v1/models/", "/openai/models/", "/openai/v1/models/"]

const listed = (path: string): string | null | undefined => {
  for (const prefix of listPrefixes) {
    if (path.startsWith(prefix) && path.length > prefix.length) return nameIn(withoutAction(path.slice(prefix.length)))
  }
  return undefined
}

/** The model of a path, byte for byte as it was sent and without its query; `null` when its name is no text. */
export const namedIn = (path: string): string | null | undefined => {
  const list = listed(path)
  if (list !== undefined) return list

  const deployment = after(path, "/deployments/") ?? after(path, "/engines/")
  if (deployment !== undefined) return nameIn(beforeOperation(deployment))

  const bedrock = after(path, "/model/")
  const invoked = bedrock === undefined ? null : bedrockOperation.exec(bedrock)
  if (invoked?.[1] !== undefined) return nameIn(invoked[1])

  const google = after(path, "/models/") ?? after(path, "/tunedModels/")
  if (google !== undefined) {
    const model = withoutAction(google)
    if (model !== google || path.includes("/v1beta") || path.includes("/publishers/")) return nameIn(model)
  }
  return undefined
}
