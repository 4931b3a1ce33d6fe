/** What is kept, and runs a model now or later: batches, files, fine-tuning, assistants, stores, evaluations. */
import { retrieval } from "./BedrockRoutes.ts"
import {
  calls,
  carrier,
  commonPlaces,
  type Family,
  json,
  jsonOrForm,
  type KindPlace,
  leading,
  member,
  targets,
  tool,
  tools
} from "./ModelPlace.ts"

/** Where a line of a file of calls names its models: in the body that it holds. */
const lines = (path: string): ReadonlyArray<KindPlace> =>
  [...commonPlaces(), ...calls].flatMap((it): ReadonlyArray<KindPlace> => {
    if (it._tag !== "Member" || it.separator !== undefined) return []
    const { keys, kinds, like, path: inside, reads } = it
    return [{
      _tag: "Lines",
      part: "file",
      path: `${path}.${inside}`,
      ...(like === undefined ? {} : { like: like === "" ? path : `${path}.${like}` }),
      ...(reads === undefined ? {} : { reads }),
      ...(keys === undefined ? {} : { keys }),
      ...(kinds === undefined ? {} : { kinds })
    }]
  })

/** A grader runs a model that judges, alone or as one of several. */
const graders = (path: string): ReadonlyArray<KindPlace> => [
  member(`${path}.model`),
  member(`${path}.graders.model`),
  member(`${path}.graders.*.model`)
]

/** What is kept at a provider and runs a model. */
export const storedRoutes: ReadonlyArray<Family> = [
  {
    name: "batches",
    methods: "write",
    runs: "always",
    body: json,
    places: () => [
      member("requests[].body.model"),
      member("requests[].params.model"),
      carrier("requests[].body"),
      carrier("requests[].params"),
      ...calls,
      ...targets
    ],
    templates: ["/batches", "/batch/jobs", "/{x}/v1/batches"]
  },
  {
    name: "files",
    methods: "write",
    runs: "named",
    body: ["multipart", "bytes", "json"],
    places: () => [
      ...lines("body"),
      { _tag: "Lines", part: "file", path: "model" },
      ...targets
    ],
    templates: ["/files", "/{x}/v1/files"]
  },
  {
    // The lines of a batch may come in pieces, of which none says what the whole names.
    name: "parts of an upload",
    methods: "write",
    runs: "unknown",
    body: ["multipart", "bytes"],
    templates: ["/uploads/{x}/parts"]
  },
  {
    name: "fine-tuning",
    methods: "write",
    runs: "always",
    body: json,
    places: () => [...targets, ...graders("method.reinforcement.grader"), ...graders("grader")],
    templates: ["/fine_tuning/jobs", "/fine-tunes", "/fine_tuning/alpha/graders/{x}", "/finetuning/finetuned-models"]
  },
  {
    name: "assistants",
    methods: "write",
    runs: "always",
    body: json,
    places: () => [member("assistant.model")],
    templates: ["/assistants", "/threads/runs", "/threads/{x}/runs"]
  },
  {
    // An update of a conversation of OpenAI has the same path, which is why its own upstreams do not have this family.
    name: "conversations of Mistral",
    methods: "write",
    runs: "always",
    body: json,
    places: () => [leading("reference", "agent_id")],
    templates: ["/mistral/v1/conversations", "/conversations/{x}", "/conversations/{x}/restart"],
    kinds: ["litellm"]
  },
  {
    name: "a resource that may name a model",
    methods: "write",
    runs: "named",
    body: ["json", "multipart", "urlencoded", "bytes"],
    places: () => [
      ...targets,
      ...tools,
      tool("items[].tools[]"),
      member("model.id"),
      ...["multiagent.agents[]", "multiagent.advisor"].flatMap((it) => [
        member(`${it}.model`),
        member(`${it}.model.id`)
      ]),
      member("thread.model"),
      member("embedding_model"),
      member("config.model"),
      leading("reference", "agent_id"),
      // An agent of Gemini is made with a model, or of another agent.
      member("agent_config.model"),
      leading("reference", "base_agent"),
      member("foundationModel"),
      member("promptOverrideConfiguration.promptConfigurations[].foundationModel", "bedrock"),
      ...retrieval("knowledgeBases[].retrievalConfiguration"),
      carrier("collaborators[]", "bedrock"),
      carrier("litellm_params_template", "litellm")
    ],
    templates: [
      "/assistants/{x}",
      "/vector_stores",
      "/vector_stores/{id}",
      "/vector_stores/{id:path}/search",
      "/vector_stores/{id:path}/files",
      "/vector_stores/{id:path}/files/{x:path}",
      "/vector_stores/{id:path}/file_batches",
      "/vector_stores/{x:path}",
      "/threads/{x}/runs/{y}/submit_tool_outputs",
      "/skills",
      "/conversations",
      "/conversations/{x}/items",
      "/fileSearchStores",
      "/observability/judges",
      "/observability/judges/{x}",
      "/agents",
      "/agents/{x}"
    ]
  },
  {
    name: "evaluations",
    methods: "write",
    runs: "named",
    body: json,
    places: () => [
      member("completion.model"),
      member("data_source.model"),
      ...tools,
      tool("data_source.sampling_params.tools[]"),
      member("testing_criteria[].model"),
      member("testing_criteria[].graders.*.model"),
      ...graders("grader")
    ],
    templates: ["/evals", "/evals/{x:path}"]
  },
  {
    name: "rerank",
    methods: "write",
    runs: "always",
    body: json,
    places:
      () => [member("rerankingConfiguration.bedrockRerankingConfiguration.modelConfiguration.modelArn", "bedrock")],
    templates: ["/rerank", "/score", "/classify", "/pooling", "/generative_scoring"]
  },
  {
    name: "tokens",
    methods: "write",
    runs: "always",
    body: json,
    places: () => [carrier("request_body", "litellm")],
    templates: ["/tokenize", "/detokenize", "/utils/token_counter", "/utils/transform_request"]
  },
  {
    name: "optical character recognition",
    methods: "write",
    runs: "always",
    body: jsonOrForm,
    templates: ["/ocr", "/v2/parse"]
  },
  {
    name: "retrieval",
    methods: "write",
    runs: "always",
    body: jsonOrForm,
    places: () => [
      member("rerank.model"),
      member("embedding.model"),
      ...["retrieval_config", "ingest_options.vector_store"].flatMap((it) => [
        member(`${it}.embedding_model`),
        member(`${it}.litellm_embedding_model`),
        member(`${it}.litellm_embedding_config.model`)
      ]),
      member("ingest_options.embedding.model"),
      member("ingest_options.ocr.model"),
      member("ingest_options.model")
    ],
    templates: ["/rag/query", "/rag/ingest"]
  }
]
