/** The route groups of LiteLLM 1.90, written by tools/litellm-routes.py from 1.90.0. */
export const groups = {
  openai_route_names: `
    chat_completion completion embeddings image_generation video_generation audio_transcriptions moderations
    model_list
  `,
  openai_routes: `
    /engines/{model}/chat/completions /openai/deployments/{model}/chat/completions /chat/completions
    /v1/chat/completions /cursor/chat/completions /engines/{model}/completions
    /openai/deployments/{model}/completions /completions /v1/completions /engines/{model}/embeddings
    /openai/deployments/{model}/embeddings /embeddings /v1/embeddings /images/generations /v1/images/generations
    /images/edits /v1/images/edits /videos /v1/videos /videos/{video_id} /v1/videos/{video_id}
    /videos/{video_id}/content /v1/videos/{video_id}/content /videos/{video_id}/remix /v1/videos/{video_id}/remix
    /audio/transcriptions /v1/audio/transcriptions /audio/speech /v1/audio/speech /moderations /v1/moderations
    /v1/batches /batches /v1/batches/{batch_id} /batches/{batch_id} /v1/batches/{batch_id}/cancel
    /batches/{batch_id}/cancel /v1/files /files /v1/files/{file_id} /files/{file_id} /v1/files/{file_id}/content
    /files/{file_id}/content /fine_tuning/jobs /v1/fine_tuning/jobs /fine_tuning/jobs/{fine_tuning_job_id}/cancel
    /v1/fine_tuning/jobs/{fine_tuning_job_id}/cancel /assistants /v1/assistants /v1/assistants/{assistant_id}
    /assistants/{assistant_id} /threads /v1/threads /threads/{thread_id} /v1/threads/{thread_id}
    /threads/{thread_id}/messages /v1/threads/{thread_id}/messages /threads/{thread_id}/runs
    /v1/threads/{thread_id}/runs /models /v1/models /utils/token_counter /utils/transform_request /rerank /v1/rerank
    /v2/rerank /realtime /v1/realtime /openai/v1/realtime /realtime?{model} /v1/realtime?{model}
    /openai/v1/realtime?{model} /realtime/client_secrets /v1/realtime/client_secrets
    /openai/v1/realtime/client_secrets /realtime/calls /v1/realtime/calls /openai/v1/realtime/calls
    /realtime/transcription_sessions /v1/realtime/transcription_sessions /openai/v1/realtime/transcription_sessions
    /responses /v1/responses /responses/{response_id} /v1/responses/{response_id}
    /responses/{response_id}/input_items /v1/responses/{response_id}/input_items /responses/{response_id}/cancel
    /v1/responses/{response_id}/cancel /vector_stores /v1/vector_stores /vector_stores/{vector_store_id}
    /v1/vector_stores/{vector_store_id} /vector_stores/{vector_store_id}/search
    /v1/vector_stores/{vector_store_id}/search /vector_stores/{vector_store_id}/files
    /v1/vector_stores/{vector_store_id}/files /vector_stores/{vector_store_id}/files/{file_id}
    /v1/vector_stores/{vector_store_id}/files/{file_id} /vector_stores/{vector_store_id}/files/{file_id}/content
    /v1/vector_stores/{vector_store_id}/files/{file_id}/content /vector_store/list /v1/vector_store/list /search
    /v1/search /search/{search_tool_name} /v1/search/{search_tool_name} /ocr /v1/ocr /containers /v1/containers
    /containers/* /v1/containers/*
  `,
  mapped_pass_through_routes: `
    /bedrock /vertex-ai /vertex_ai /cohere /cursor /gemini /anthropic /langfuse /azure /azure_ai /openai
    /openai_passthrough /assemblyai /eu.assemblyai /vllm /mistral /milvus /watsonx
  `,
  passthrough_routes_wildcard: `
    /bedrock/* /vertex-ai/* /vertex_ai/* /cohere/* /cursor/* /gemini/* /anthropic/* /langfuse/* /azure/* /azure_ai/*
    /openai/* /openai_passthrough/* /assemblyai/* /eu.assemblyai/* /vllm/* /mistral/* /milvus/* /watsonx/*
  `,
  litellm_native_routes: `
    /rag/ingest /v1/rag/ingest /rag/query /v1/rag/query
  `,
  anthropic_routes: `
    /v1/messages /v1/messages/count_tokens /v1/skills /v1/skills/{skill_id}
  `,
  mcp_inference_routes: `
    /mcp /mcp/ /mcp/{subpath} /mcp/tools /mcp/tools/list /mcp/tools/call /mcp-rest/tools/list /mcp-rest/tools/call
  `,
  mcp_management_routes: `
    /v1/mcp/server /v1/mcp/server/{path:path}
  `,
  mcp_routes: `
    @mcp_inference_routes /v1/mcp/server /v1/mcp/server/{path:path}
  `,
  agent_routes: `
    /v1/agents /v1/agents/{agent_id} /agents /a2a/{agent_id} /a2a/{agent_id}/message/send
    /a2a/{agent_id}/message/stream /a2a/{agent_id}/.well-known/agent-card.json
  `,
  google_routes: `
    /v1beta/models/{model_name:path}:countTokens /v1beta/models/{model_name:path}:generateContent
    /v1beta/models/{model_name:path}:streamGenerateContent /models/{model_name:path}:countTokens
    /models/{model_name:path}:generateContent /models/{model_name:path}:streamGenerateContent /interactions
    /v1beta/interactions /interactions/{interaction_id} /v1beta/interactions/{interaction_id}
    /interactions/{interaction_id}/cancel /v1beta/interactions/{interaction_id}/cancel /v1beta/agents
    /v1beta/agents/{name} /v1beta/agents/{name}/versions
  `,
  apply_guardrail_routes: `
    /guardrails/apply_guardrail
  `,
  llm_api_routes: `
    @openai_routes @mapped_pass_through_routes @passthrough_routes_wildcard @google_routes @mcp_inference_routes
    @agent_routes @litellm_native_routes @anthropic_routes /guardrails/apply_guardrail
  `,
  info_routes: `
    /key/info /key/health /team/info /team/list /v2/team/list /organization/list /team/available /user/info
    /v2/user/info /model/info /v1/model/info /v2/model/info /v2/key/info /model_group/info /health /health/services
    /key/list /user/filter/ui /models /v1/models /sso/get/ui_settings
  `,
  master_key_only_routes: `
    /global/spend/reset /memory-usage-in-mem-cache /memory-usage-in-mem-cache-items
  `,
  key_management_routes: `
    /key/generate /key/update /key/delete /key/info /key/regenerate /key/service-account/generate
    /key/{key_id}/regenerate /key/list /key/block /key/unblock /key/bulk_update /team/key/bulk_update
    /team/daily/activity /spend/logs /spend/logs/v2 /key/{key_id}/reset_spend /key/aliases
    /key/access_group_assignment
  `,
  management_routes: `
    @key_management_routes /user/new /user/update /user/bulk_update /user/delete /user/info /user/list
    /user/daily/activity /user/daily/activity/aggregated /team/new /team/update /team/delete /team/list
    /v2/team/list /team/info /team/block /team/unblock /team/available /team/permissions_list
    /team/permissions_update /team/permissions_bulk_update /model/new /model/update /model/delete /model/info
    /jwt/key/mapping/new /jwt/key/mapping/update /jwt/key/mapping/delete /jwt/key/mapping/list /jwt/key/mapping/info
    /v1/mcp/server /v1/mcp/server/{path:path}
  `,
  spend_tracking_routes: `
    /spend/keys /spend/users /spend/tags /spend/calculate /spend/logs /spend/logs/v2 /spend/logs/ui
    /spend/logs/session/ui /cost/estimate
  `,
  global_spend_tracking_routes: `
    /global/spend/logs /global/spend /global/spend/keys /global/spend/teams /global/spend/end_users
    /global/spend/models /global/predict/spend/logs /global/spend/report /global/spend/provider /global/spend/tags
    /global/spend/all_tag_names
  `,
  public_routes: `
    /routes /public/mcp_hub /config/yaml /test /public/model_hub/info /public/skill_hub /health/liveliness
    /.well-known/litellm-ui-config / /public/agent_hub /litellm/.well-known/litellm-ui-config /public/model_hub
    /public/litellm_model_cost_map /health/liveness
  `,
  ui_routes: `
    @info_routes /sso /get/ui_settings /login /config /spend /global/spend /global/spend/logs /global/spend/keys
    /global/spend/models /global/spend/tags /global/predict/spend/logs /global/activity
  `,
  compliance_check_routes: `
    /compliance/eu-ai-act /compliance/gdpr
  `,
  internal_user_routes: `
    @key_management_routes @internal_user_view_only_routes /global/activity /global/activity/model
    /global/activity/cache_hits /v1/models/{model_id} /models/{model_id} /guardrails/list /v2/guardrails/list
    /project/list /project/info /search_tools/list /search_tools/ui/available_providers
  `,
  internal_user_view_only_routes: `
    @spend_tracking_routes /compliance/eu-ai-act /compliance/gdpr /tag/daily/activity /tag/list
  `,
  self_managed_routes: `
    /team/member_add /team/member_delete /team/member_update /team/permissions_list /team/permissions_update
    /team/daily/activity /team/{team_id}/members/me /model/new /model/update /model/delete /user/daily/activity
    /user/available_roles /user/list /model/{model_id}/update /prompt/list /prompt/info /project/list /project/info
    /health/test_connection /invitation/new /invitation/delete /guardrails/register /guardrails/submissions
    /guardrails/submissions/{guardrail_id}
  `,
  org_admin_only_routes: `
    /organization/info /organization/delete /organization/member_add /organization/member_update
    /organization/member_delete
  `,
  admin_viewer_routes: `
    @info_routes @spend_tracking_routes /user/list /user/available_users /user/available_roles /user/daily/activity
    /team/daily/activity /tag/daily/activity /tag/list /audit /audit/{id} /global/activity /global/activity/model
    /global/activity/cache_hits /customer/list /customer/info /spend/logs/ui/{logId} /callbacks/list
    /callbacks/configs /get/config/callbacks /alerting/settings /config/list /config/field/info /budget/list
    /budget/settings /invitation/info /guardrails/list /v2/guardrails/list /guardrails/submissions
    /guardrails/submissions/{guardrail_id} /guardrails/usage/overview /policies/attachments/list
    /get/mcp_semantic_filter_settings /schedule/model_cost_map_reload/status /model/cost_map/source
  `,
  org_admin_allowed_routes: `
    @admin_viewer_routes @management_routes @self_managed_routes @org_admin_only_routes
  `
}
