/** A LiteLLM database as its own migrations make it, filled with rows as LiteLLM writes them. */
import type { Rows } from "@jotgate/core/MemoryRows"
import { LiteLLM, type Postgres } from "@jotgate/servers"
import { Effect, Redacted } from "effect"
import { SqlClient } from "effect/sql"

const built = new Map<string, Promise<unknown>>()
let databases = 0

/** What no decision reads: a database is made five times as fast without these hundred tables. A change of an MCP server is counted in one. */
const unread = `DO $$ DECLARE it record; BEGIN
  FOR it IN SELECT tablename FROM pg_tables WHERE schemaname = 'public'
    AND tablename <> 'LiteLLM_Config' AND tablename ~ 'Daily|Log|Deleted|Deprecated|Router|Workflow|Guardrail|Policy|Prompt|Managed|Config|Skills|Cron'
  LOOP EXECUTE format('DROP TABLE public.%I CASCADE', it.tablename); END LOOP; END $$`

/** Options of a client on an empty LiteLLM database of a release. */
export const fresh = (server: () => Postgres.Postgres, release: "current" | "older") =>
  Effect.promise(async () => {
    const { createDatabase, query, url: main } = server()
    const template = `litellm_${release}`
    // A process runs several files, each with a server of its own.
    const key = `${main}_${release}`
    if (!built.has(key)) {
      built.set(
        key,
        createDatabase(template).then((address) => query([...LiteLLM.tables(release), unread], address))
      )
    }
    await built.get(key)
    const name = `litellm_${++databases}`
    await query(`CREATE DATABASE ${name} TEMPLATE ${template}`)
    const url = main.replace(/\/jotgate$/, `/${name}`)
    return { url: Redacted.make(url), pool: 5, timeout: 10_000 }
  })

/** Inserts what this release has columns for. */
export const insert = (table: string, row: Readonly<Record<string, unknown>>) =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const columns = yield* sql<{ name: string }>`
      SELECT column_name AS name FROM information_schema.columns WHERE table_name = ${table}`
    const names = columns.map((it) => it.name).filter((name) => row[name] !== undefined).map((name) => `"${name}"`)
    const given = `jsonb_populate_record(NULL::public."${table}", $1::text::jsonb)`
    yield* sql.unsafe(
      `INSERT INTO public."${table}" (${names.join(", ")}) SELECT ${names.join(", ")} FROM ${given}`,
      [JSON.stringify(row)]
    ).withoutTransform
  })

/** A budget of its own for what has one. */
const budget = (id: string, maxBudget: number | null, models?: ReadonlyArray<string>) =>
  insert("LiteLLM_BudgetTable", {
    budget_id: id,
    max_budget: maxBudget,
    allowed_models: models ?? [],
    created_at: "2026-01-01T00:00:00",
    updated_at: "2026-01-01T00:00:00",
    created_by: "test",
    updated_by: "test"
  })

const stamps = { created_at: "2026-01-01T00:00:00", updated_at: "2026-01-01T00:00:00" }
const signed = { ...stamps, created_by: "test", updated_by: "test" }

/** Writes the rows the way LiteLLM keeps them; `beside` fills our own tables too. */
export const seed = (rows: Rows, release: "current" | "older") =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    for (const row of rows.organizations ?? []) {
      yield* budget(`organization:${row.id}`, row.maxBudget)
      yield* insert("LiteLLM_OrganizationTable", {
        ...signed,
        organization_id: row.id,
        organization_alias: row.alias ?? "",
        budget_id: `organization:${row.id}`,
        metadata: {},
        models: row.models,
        spend: row.spend,
        model_spend: {}
      })
    }
    if (release === "current") {
      for (const row of rows.modelGroups ?? []) {
        yield* insert("LiteLLM_AccessGroupTable", {
          ...stamps,
          access_group_id: row.id,
          access_group_name: row.id,
          access_model_names: row.models
        })
      }
    }
    let model = 0
    for (const row of rows.teams ?? []) {
      const aliases = Object.keys(row.modelAliases).length > 0
      if (aliases) {
        // As LiteLLM writes it: JSON in a text in JSON.
        yield* insert("LiteLLM_ModelTable", { ...signed, id: ++model, aliases: JSON.stringify(row.modelAliases) })
      }
      const members = (rows.memberships ?? []).filter((it) => it.team === row.id)
      yield* insert("LiteLLM_TeamTable", {
        ...stamps,
        team_id: row.id,
        team_alias: row.alias,
        organization_id: row.organization,
        members_with_roles: members.length === 0 ? {} : members.map((it) => ({ user_id: it.user, role: it.role })),
        metadata: {
          ...(row.passThroughRoutes.length > 0 ? { allowed_passthrough_routes: row.passThroughRoutes } : {}),
          ...(row.deniedPassThroughRoutes.length > 0 ? { denied_passthrough_routes: row.deniedPassThroughRoutes } : {})
        },
        models: row.models.length === 0 ? null : row.models,
        access_group_ids: release === "current" ? row.modelGroups : undefined,
        max_budget: row.maxBudget,
        spend: row.spend,
        blocked: row.blocked,
        model_spend: {},
        model_max_budget: {},
        model_id: aliases ? model : null,
        team_member_permissions: [],
        router_settings: {},
        allow_team_guardrail_config: false
      })
    }
    for (const row of rows.users ?? []) {
      yield* insert("LiteLLM_UserTable", {
        user_id: row.id,
        user_email: row.email,
        user_role: row.role,
        sso_user_id: row.subjects.find((it) => it.namespace === "")?.subject ?? null,
        teams: row.teams,
        models: row.models.length === 0 ? null : row.models,
        max_budget: row.maxBudget,
        spend: row.spend,
        metadata: row.active ? {} : { scim_active: false },
        model_spend: {},
        model_max_budget: {}
      })
      for (const { namespace, subject } of row.subjects) {
        if (namespace !== "") {
          yield* sql`INSERT INTO subjects (namespace, subject, user_id) VALUES (${namespace}, ${subject}, ${row.id})`
        }
      }
      for (const team of row.tokenTeams) {
        yield* sql`INSERT INTO token_memberships (user_id, team_id) VALUES (${row.id}, ${team})`
      }
    }
    for (const row of rows.memberships ?? []) {
      const id = `${row.user}:${row.team}`
      yield* budget(id, row.maxBudget, row.models)
      yield* insert("LiteLLM_TeamMembership", {
        user_id: row.user,
        team_id: row.team,
        spend: row.spend,
        total_spend: row.spend,
        budget_id: id
      })
    }
    for (const row of release === "current" ? rows.agents ?? [] : []) {
      yield* insert("LiteLLM_AgentsTable", {
        ...signed,
        agent_id: row.id,
        agent_name: row.name ?? row.id,
        agent_card_params: {},
        litellm_params: row.requireTraceId ? { require_trace_id_on_calls_by_agent: true } : {},
        access_group_ids: row.modelGroups ?? [],
        agent_access_groups: [],
        spend: 0,
        identity_managed: false,
        enabled: true,
        execution_mode: "autonomous"
      })
    }
    for (const row of rows.endUsers ?? []) {
      yield* budget(`end user:${row.id}`, row.maxBudget)
      yield* insert("LiteLLM_EndUserTable", {
        user_id: row.id,
        models: row.models,
        spend: row.spend,
        blocked: row.blocked,
        budget_id: `end user:${row.id}`
      })
    }
  })
