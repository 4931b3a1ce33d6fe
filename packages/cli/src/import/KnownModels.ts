/**
 * Providers of well-known bare model names, as the reference infers them.
 *
 * A team that may call `openai/*` may call `gpt-4o` there, because the reference
 * knows whose model that is. Here such knowledge is a setting
 * (`policy.providers`), so the importer writes it down. These are names that
 * release 1.90.0 knows by itself; names that it has forgotten are no model of
 * anybody there, and not here.
 */

const names: Readonly<Record<string, string>> = {
  openai: "chatgpt-4o-latest chatgpt-image-latest codex-mini-latest dall-e-2 dall-e-3 gpt-3.5-turbo " +
    "gpt-3.5-turbo-0125 gpt-3.5-turbo-1106 gpt-3.5-turbo-16k gpt-4 gpt-4-0125-preview gpt-4-0314 gpt-4-0613 " +
    "gpt-4-1106-preview gpt-4-turbo gpt-4-turbo-preview gpt-4.1 gpt-4.1-2025-04-14 gpt-4.1-mini " +
    "gpt-4.1-mini-2025-04-14 gpt-4.1-nano gpt-4.1-nano-2025-04-14 gpt-4o gpt-4o-2024-05-13 gpt-4o-2024-08-06 " +
    "gpt-4o-2024-11-20 gpt-4o-audio-preview gpt-4o-mini gpt-4o-mini-2024-07-18 gpt-4o-mini-audio-preview " +
    "gpt-4o-mini-realtime-preview gpt-4o-mini-transcribe gpt-4o-mini-tts gpt-4o-realtime-preview " +
    "gpt-4o-transcribe gpt-4o-transcribe-diarize gpt-5 gpt-5-chat gpt-5-chat-latest gpt-5-codex gpt-5-mini " +
    "gpt-5-nano gpt-5-pro gpt-5.1 gpt-5.1-chat-latest gpt-5.1-codex gpt-5.1-codex-mini gpt-5.2 " +
    "gpt-5.2-chat-latest gpt-5.2-codex gpt-5.2-pro gpt-5.3-chat-latest gpt-5.3-codex gpt-5.4 gpt-5.4-mini " +
    "gpt-5.4-nano gpt-5.4-pro gpt-5.5 gpt-5.5-pro gpt-audio gpt-audio-mini gpt-image-1 gpt-image-1-mini " +
    "gpt-image-1.5 gpt-image-2 gpt-realtime gpt-realtime-mini gpt-realtime-whisper o1 o1-2024-12-17 o1-pro o3 " +
    "o3-2025-04-16 o3-mini o3-mini-2025-01-31 o3-pro o4-mini omni-moderation-latest sora-2 sora-2-pro " +
    "sora-2-pro-high-res text-embedding-3-large text-embedding-3-small text-embedding-ada-002 " +
    "text-moderation-latest text-moderation-stable tts-1 tts-1-hd whisper-1",
  "text-completion-openai": "babbage-002 davinci-002 gpt-3.5-turbo-instruct gpt-3.5-turbo-instruct-0914",
  anthropic: "claude-3-7-sonnet-20250219 claude-3-haiku-20240307 claude-3-opus-20240229 claude-4-opus-20250514 " +
    "claude-4-sonnet-20250514 claude-fable-5 claude-haiku-4-5 claude-haiku-4-5-20251001 claude-opus-4-1 " +
    "claude-opus-4-1-20250805 claude-opus-4-20250514 claude-opus-4-5 claude-opus-4-5-20251101 claude-opus-4-6 " +
    "claude-opus-4-6-20260205 claude-opus-4-7 claude-opus-4-7-20260416 claude-opus-4-8 " +
    "claude-sonnet-4-20250514 claude-sonnet-4-5 claude-sonnet-4-5-20250929 claude-sonnet-4-6",
  vertex_ai: "gemini-2.0-flash gemini-2.0-flash-001 gemini-2.0-flash-lite gemini-2.0-flash-lite-001 gemini-2.5-flash " +
    "gemini-2.5-flash-lite gemini-2.5-pro gemini-3-flash-preview gemini-3-pro-preview gemini-3.1-flash-lite " +
    "gemini-3.1-flash-lite-preview gemini-3.1-pro-preview gemini-3.5-flash gemini-embedding-001 " +
    "gemini-embedding-2 gemini-embedding-2-preview text-embedding-004 text-embedding-005 " +
    "text-multilingual-embedding-002",
  cohere_chat: "command-a-03-2025 command-light command-r command-r-08-2024 command-r-plus command-r-plus-08-2024 " +
    "command-r7b-12-2024",
  cohere: "command command-nightly embed-english-light-v3.0 embed-english-v3.0 embed-multilingual-light-v3.0 " +
    "embed-multilingual-v3.0 rerank-english-v3.0 rerank-multilingual-v3.0 rerank-v3.5"
}

/** Model name to provider. */
export const knownModels: ReadonlyMap<string, string> = new Map(
  Object.entries(names).flatMap(([provider, models]) => models.split(" ").map((model) => [model, provider] as const))
)
