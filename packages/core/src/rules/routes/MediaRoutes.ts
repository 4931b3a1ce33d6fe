/** Images, sound and video, and the sessions in which models listen and speak. */
import { type Family, frame, json, jsonOrForm, member } from "./ModelPlace.ts"

const transcription = (base: string): ReadonlyArray<string> => [
  `${base}.model`,
  `${base}.input_audio_transcription.model`,
  `${base}.audio.input.transcription.model`
]

/** Models to which a live session hands over what it is asked. */
const delegation = ["responses", "decisions"].map((it) => `session.delegation.${it}.model`)

const session = [
  ...transcription("session"),
  ...delegation,
  "input_audio_transcription.model",
  "audio.input.transcription.model"
].map((it) => member(it))

/** Images, sound, video and live sessions. */
export const mediaRoutes: ReadonlyArray<Family> = [
  {
    name: "images",
    methods: "write",
    runs: "always",
    body: jsonOrForm,
    places: () => [member("svg.model", "openai", "azure", "litellm")],
    templates: ["/images", "**/images/generations", "**/images/edits", "**/images/variations"]
  },
  {
    name: "audio",
    methods: "write",
    runs: "always",
    body: [...jsonOrForm, "bytes"],
    templates: [
      "**/audio/transcriptions",
      "**/audio/translations",
      "**/audio/speech",
      "**/audio/generate",
      "**/audio/voices",
      "/speech-to-text",
      "/text-to-speech/{x:path}"
    ]
  },
  {
    name: "moderations",
    methods: "write",
    runs: "always",
    body: json,
    templates: ["**/chat/moderations", "**/moderations", "/classifications", "/chat/classifications"]
  },
  {
    // Another video says which model runs, whatever is named.
    name: "videos made of videos",
    methods: "write",
    runs: "unknown",
    body: jsonOrForm,
    templates: ["/videos/{x}/remix", "/videos/edits", "/videos/extensions"]
  },
  {
    name: "videos",
    methods: "write",
    runs: "always",
    body: jsonOrForm,
    templates: [
      "/videos",
      "/videos/characters",
      "/video/generations",
      "/video/generations/jobs"
    ]
  },
  {
    name: "a realtime session",
    methods: "write",
    runs: "always",
    body: [...jsonOrForm, "bytes"],
    places: () => session,
    templates: [
      "**/realtime/client_secrets",
      "**/realtime/sessions",
      "**/realtime/transcription_sessions",
      "**/realtime/calls",
      "**/realtime/calls/{x}/accept",
      "**/realtime/translations/calls",
      "**/realtime/translations/client_secrets",
      "**/realtime",
      "**/live/sessions",
      "**/live/sessions/{x}/accept",
      "/client/sessions"
    ]
  },
  {
    name: "tokens for the live API of Gemini",
    methods: "write",
    runs: "always",
    body: json,
    places: () =>
      ["", "setup."].flatMap((it) =>
        ["bidiGenerateContentSetup", "liveConnectConstraints"].map((name) => member(`${name}.${it}model`))
      ),
    templates: ["/auth_tokens"]
  },
  {
    name: "realtime over WebSocket",
    methods: ["WEBSOCKET"],
    runs: "always",
    body: [],
    places: () => [
      ...["session.start", "session.update", "transcription_session.update"].flatMap((type) =>
        [...transcription("session"), ...delegation].map((it) => frame(type, it))
      ),
      ...["model", "response.model"].map((it) => frame("response.create", it))
    ],
    templates: ["**/realtime", "**/realtime/translations", "**/live/sessions", "**/live/sessions/{x:path}"]
  },
  {
    name: "a provider's WebSocket",
    methods: ["WEBSOCKET"],
    runs: "always",
    body: [],
    places: () => [frame("setup", "setup.model"), frame("session.update", "session.model")],
    templates: [
      "/live",
      "/deepgram/{x:path}",
      "**/google.ai.generativelanguage.{x:path}",
      "**/google.cloud.aiplatform.{x:path}"
    ]
  }
]
