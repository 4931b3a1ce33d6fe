/** Gemini and Vertex. */
import { type Family, json, leading, member } from "./ModelPlace.ts"
import { googleActions } from "./NamedPath.ts"

/** The verbs of Gemini and Vertex that run a model: those behind a model's name in any path, and those of these routes alone. */
export const googleVerbs: ReadonlyArray<string> = [
  ...googleActions,
  "bidiGenerateContent",
  "directPredict",
  "directRawPredict",
  "explain",
  "query",
  "streamQuery"
]

/** Where a verb behind a colon runs a model; one that is not known runs one too. */
const google = [
  "**/models/{model:path}:{verb}",
  "**/tunedModels/{model}:{verb}",
  "**/dynamic/{model}:{verb}",
  "**/endpoints/{model}:{verb}",
  "**/reasoningEngines/{model}:{verb}"
]

/** Gemini and Vertex, and what is spoken like them. */
export const googleRoutes: ReadonlyArray<Family> = [
  {
    name: "generateContent",
    methods: "write",
    runs: "always",
    body: json,
    places: () => [
      member("generateContentRequest.model"),
      member("requests[].model"),
      member("batch.model"),
      member("batch.inputConfig.requests.requests[].request.model")
    ],
    templates: google
  },
  {
    name: "tuned models of Gemini",
    methods: "write",
    runs: "always",
    body: json,
    places: () => [member("baseModel"), member("tunedModelSource.baseModel"), member("tunedModelSource.tunedModel")],
    templates: ["/tunedModels"]
  },
  {
    name: "jobs and caches of Gemini and Vertex",
    methods: "write",
    runs: "always",
    body: json,
    places: () => [member("baseModel"), member("preTunedModel.tunedModelName")],
    templates: [
      "**/batchPredictionJobs",
      "**/cachedContents",
      "**/tuningJobs",
      "**/tuningJobs:validateReinforcementTuningReward"
    ]
  },
  {
    // Retrieval, evaluation and what else a location offers: by a model of its own.
    name: "verbs of a location of Vertex",
    methods: "write",
    runs: "unknown",
    body: json,
    templates: ["**/locations/{x}:{verb}", "**/evaluationRuns"]
  },
  {
    name: "dreams",
    methods: "write",
    runs: "always",
    body: json,
    places: () => [member("model.id")],
    templates: ["/dreams"]
  },
  {
    name: "interactions",
    methods: "write",
    runs: "always",
    body: json,
    places: () => [leading("reference", "agent"), member("agent_config.model")],
    templates: ["/interactions"]
  }
]
