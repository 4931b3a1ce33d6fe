/** Bedrock and SageMaker. */
import { type Family, type KindPlace, member } from "./ModelPlace.ts"

/** Where a search in a knowledge base of Bedrock names the models that filter and order what it finds. */
export const retrieval = (path: string): ReadonlyArray<KindPlace> =>
  ["vectorSearchConfiguration", "managedSearchConfiguration"].flatMap((search) => [
    member(`${path}.${search}.implicitFilterConfiguration.modelArn`, "bedrock"),
    member(
      `${path}.${search}.rerankingConfiguration.bedrockRerankingConfiguration.modelConfiguration.modelArn`,
      "bedrock"
    )
  ])

const bedrockActions = [
  "invoke",
  "invoke-with-response-stream",
  "invoke-with-bidirectional-stream",
  "converse",
  "converse-stream",
  "count-tokens",
  "count_tokens"
]

/** Bedrock and SageMaker, and servers of one model. */
export const bedrockRoutes: ReadonlyArray<Family> = [
  {
    name: "Bedrock",
    methods: "write",
    runs: "always",
    body: ["json", "bytes"],
    places: () => [
      member("modelId"),
      member("retrieveAndGenerateConfiguration.knowledgeBaseConfiguration.modelArn"),
      member("retrieveAndGenerateConfiguration.externalSourcesConfiguration.modelArn"),
      ...retrieval("retrieveAndGenerateConfiguration.knowledgeBaseConfiguration.retrievalConfiguration")
    ],
    templates: [
      ...bedrockActions.flatMap((it) => [`/model/{model:path}/${it}`, `/model/{model:path}/${it}/{x:path}`]),
      "/model/{model:path}/{action}",
      "/async-invoke",
      "/retrieveAndGenerate",
      "/retrieveAndGenerateStream",
      "/model-invocation-job"
    ]
  },
  {
    name: "SageMaker and other servers of one model",
    methods: "write",
    runs: "always",
    body: ["json", "bytes"],
    templates: [
      "/invocations",
      "/endpoints/{model}/invocations",
      "/endpoints/{model}/invocations-response-stream",
      "/generate",
      "/generate_stream",
      "/inference/v1/generate"
    ]
  }
]
