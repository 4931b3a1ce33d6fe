/**
 * Providers of well-known bare model names, as the reference infers them.
 *
 * A team that may call `openai/*` may call `gpt-4o` there, because the reference
 * knows whose model that is. Here such knowledge is a setting
 * (`policy.providers`), so the importer writes it down.
 */

const names: Readonly<Record<string, string>> = {
  openai: "gpt-3.5-turbo gpt-3.5-turbo-16k gpt-4 gpt-4-turbo gpt-4-32k gpt-4o gpt-4o-mini gpt-4o-2024-08-06 " +
    "chatgpt-4o-latest gpt-4.1 gpt-4.1-mini gpt-4.1-nano gpt-4.5-preview gpt-5 gpt-5-mini gpt-5-nano gpt-5-chat " +
    "o1 o1-mini o1-preview o1-pro o3 o3-mini o3-pro o4-mini text-embedding-3-small text-embedding-3-large " +
    "text-embedding-ada-002 dall-e-2 dall-e-3 gpt-image-1 whisper-1 tts-1 tts-1-hd",
  anthropic: "claude-3-haiku-20240307 claude-3-opus-20240229 claude-3-5-haiku-20241022 claude-3-5-sonnet-20240620 " +
    "claude-3-5-sonnet-20241022 claude-3-7-sonnet-20250219 claude-3-5-sonnet-latest claude-3-7-sonnet-latest " +
    "claude-opus-4-20250514 claude-sonnet-4-20250514 claude-opus-4-1 claude-opus-4-1-20250805 claude-sonnet-4-5 " +
    "claude-sonnet-4-5-20250929 claude-haiku-4-5 claude-haiku-4-5-20251001 claude-opus-4-5",
  vertex_ai: "gemini-1.5-pro gemini-1.5-flash gemini-2.0-flash gemini-2.5-pro gemini-2.5-flash",
  cohere_chat: "command-r command-r-plus"
}

/** Model name to provider. */
export const knownModels: ReadonlyMap<string, string> = new Map(
  Object.entries(names).flatMap(([provider, models]) => models.split(" ").map((model) => [model, provider] as const))
)
