/**
 * The mutations: in each one comparison is flipped or one guard dropped, in the
 * code that decides. `find` must stand exactly once in its file, so a list that
 * has fallen behind the code fails instead of passing over it.
 */

/** One change of one place. */
export interface Mutation {
  /** Below `packages/core/src`. */
  readonly file: string
  readonly find: string
  readonly replace: string
}

type Changes = ReadonlyArray<readonly [find: string, replace: string]>

const inFile = (file: string, changes: Changes): ReadonlyArray<Mutation> =>
  changes.map(([find, replace]) => ({ file, find, replace }))

const rules: ReadonlyArray<Mutation> = [
  ...inFile("rules/EmailDomain.ts", [
    ["if (at < 1 || ", "if (at < 0 || "],
    [" || at === email.length - 1 || ", " || "],
    [" || email.includes(\"@\", at + 1)", ""],
    ["return email.slice(at + 1).toLowerCase()", "return email.slice(at + 1)"],
    ["if (domains.length === 0) return () => true", "if (domains.length === 0) return () => false"],
    ["return domain !== undefined && accepted.has(domain)", "return domain === undefined || accepted.has(domain)"]
  ]),
  ...inFile("rules/Limit.ts", [
    ["row.spend > row.maxBudget", "row.spend >= row.maxBudget"],
    ["row.maxBudget !== null && ", "row.maxBudget === null || "]
  ]),
  ...inFile("rules/Model.ts", [
    ["if (entries.length === 0 || entries", "if (entries"],
    ["const everything = new Set([\"*\", \"all-proxy-models\"])", "const everything = new Set([\"*\"])"],
    ["(entry) => entry !== nothing && Pattern.isLiteral(entry)", "(entry) => Pattern.isLiteral(entry)"],
    [
      "if (literals.has(candidate) || groups.some((group) => group(candidate))) return true",
      "if (literals.has(candidate)) return true"
    ],
    ["if (wildcards.some((matches) => matches(candidate))) return true", ""],
    ["return provider !== undefined && wildcards", "return provider === undefined && wildcards"],
    [
      "return target !== undefined && admits(target)\n    }\n    const spelled",
      "return false\n    }\n    const spelled"
    ],
    ["if (own === everyModel) return own", "if (own === everyModel) return everyModel && this.list([\"x\"])"],
    ["own.allows(model) || (more?.allows(model) ?? false)", "own.allows(model)"],
    [
      "if (more === undefined && !this.#hasAliases(team.modelAliases)) return own",
      "if (more === undefined) return own"
    ],
    ["entries.includes(nothing)", "entries[0] === nothing"],
    ["if (one.includes(\"*\")) return other", "if (one.includes(\"*\")) return one"],
    ["if (other.includes(\"*\")) return one", "if (other.includes(\"*\")) return other"],
    ["entry === nothing ? [] : ", ""]
  ]),
  ...inFile("rules/UnknownModel.ts", [
    ["model._tag === \"Unnamed\" || (model._tag", "(model._tag"],
    [" && !model.enforced)", ")"],
    ["models.includes(\"*\") ? undefined", "models.length > 0 ? undefined"],
    ["? \"model_unnamed\" : \"model_unseen\"", "? \"model_unseen\" : \"model_unnamed\""]
  ]),
  ...inFile("rules/WithoutTeam.ts", [
    ["row === undefined || row.models.length === 0 ? Model.noModels", "row === undefined ? Model.noModels"],
    ["row === undefined ? Model.everyModel : ownOf", "row === undefined ? Model.noModels : ownOf"],
    ["return () => Model.noModels", "return () => Model.everyModel"],
    ["Model.deniesAll(row.models) ? ownNothing : ", ""]
  ]),
  ...inFile("rules/RequestedModel.ts", [
    ["return model.names.find((name) => !allows(name))", "return model.names.slice(0, 1).find((name) => !allows(name))"]
  ]),
  ...inFile("rules/routes/ModelRoutes.ts", [
    ["methods === \"write\" ? !readers.has(method)", "methods === \"write\" ? method === \"POST\""],
    ["const text = withoutSlash(path)", "const text = path"],
    ["deployment.length > 0 || providerPrefixes.has(prefix)", "deployment.length > 0"],
    ["for (const name of other?.names ?? []) add(name)", ""],
    ["if (isOther(path)) return undefined", ""],
    ["route?.runs === \"always\" ? {", "route?.runs === \"named\" ? {"],
    ["names.push(...namesInFront(head))", ""]
  ]),
  ...inFile("rules/routes/Route.ts", [
    ["(method === \"GET\" || method === \"HEAD\") && !runsModel.test(path)", "!runsModel.test(path)"],
    ["templates.filter((it) => !isManagement(it))", "templates"],
    ["add(it.template, (_, method) => it.methods.has(method))", "add(it.template)"]
  ]),
  ...inFile("rules/Role.ts", [
    ["if (adminScope !== null && identity", "if (adminScope === null || identity"],
    ["identity.scopes.includes(adminScope) && granted(\"proxy_admin\")", "identity.scopes.includes(adminScope)"],
    ["identity.team !== undefined && granted(\"team\")", "identity.team !== undefined"],
    ["if (identity.team !== undefined && ", "if (identity.team === undefined && "],
    ["identity.user !== undefined && !identity.userIsEmail && ", "identity.user !== undefined && "],
    ["&& granted(\"internal_user\")) return byUser\n", ") return byUser\n"],
    ["rules.allowedUserRoles.some(", "rules.allowedUserRoles.every("],
    ["identity.roles.includes(it.claim) && granted(it.role)", "identity.roles.includes(it.claim)"],
    ["{ role: mapping.role, admin: false,", "{ role: mapping.role, admin: mapping.role === \"proxy_admin\","],
    ["if (byRole.has(entry.role)) return", ""],
    [
      "models: entry.models === undefined ? undefined : ",
      "models: entry.models === undefined || entry.models.length === 0 ? undefined : "
    ]
  ]),
  ...inFile("rules/routes/Route.ts", [
    ["found[1] === undefined ? \"[^/]+\" : \".*\"", "found[1] !== undefined ? \"[^/]+\" : \".*\""],
    ["prefix.endsWith(\"/\") ? \"\" : \"(?:/|$)\"", "\"\""],
    ["path.charCodeAt(prefix.length) === 0x2f)", "true)"],
    ["prefix.endsWith(\"/\") || path.length === prefix.length", "prefix.endsWith(\"/\")"],
    [
      "const added = Object.hasOwn(additions, entry) ? additions[entry] ?? [] : []",
      "const added: ReadonlyArray<string> = []"
    ],
    ["if (exact.has(path)) return true", ""],
    ["if (template.includes(\"{\")) templates", "if (template.includes(\"{x}\")) templates"],
    ["path === entry || path.startsWith(", "path.startsWith("],
    ["entry.endsWith(\"/\") ? entry : `${entry}/`", "entry"],
    ["compile([\"info_routes\"])", "compile([\"llm_api_routes\"])"]
  ]),
  ...inFile("rules/Scope.ts", [
    ["if (!settings.requireScope || settings", "if (settings"],
    ["models: it.models ?? [],", "models: it.models ?? [\"*\"],"],
    ["!routesCount || mappings", "mappings"],
    ["mappings.some((it) => it.routes === undefined)", "mappings.every((it) => it.routes === undefined)"],
    [".filter((it) => byScope.has(it))", ""]
  ])
]

const policy: ReadonlyArray<Mutation> = [
  ...inFile("rules/TokenRules.ts", [
    ["if (role === undefined && this.#settings", "if (role !== undefined && this.#settings"],
    ["refusedName(model, permission.models.allows)", "undefined"],
    ["if (permission.routes !== undefined && !permission.routes(asked.path, asked.method))", "if (false)"],
    ["refusedName(model, grants.models.allows)", "undefined"],
    ["if (grants.routes !== undefined && !grants.routes(asked.path, asked.method))", "if (false)"],
    ["const named = refusedName(asked.model, scope.models.allows)", "const named: string | undefined = undefined"],
    ["if (!scope.routes(asked.path, asked.method))", "if (false)"],
    ["roles(it.role) && identity.roles.some(", "identity.roles.some("]
  ]),
  ...inFile("rules/RouteRules.ts", [
    ["!Route.deniesPassThrough(deniedPassThroughRoutes, path) &&", ""],
    ["|| this.#grantsByPath(path, method))", ")"],
    ["policy.litellm === \"1.90\"", "policy.litellm !== \"1.90\""],
    ["it.startsWith(\"/\") && it !== \"/*\"", "it.startsWith(\"/\")"],
    ["return admin && !this.#adminRoutes(asked.path, asked.method)", "return admin && false"],
    ["if (!this.#teamRoutes(asked.path, asked.method)) return \"route\"", ""],
    ["return !this.isPassThrough(asked) || this", "return this"],
    ["(it.methods === undefined || it.methods.has(asked.method)) && ", ""],
    ["if (admin) return undefined\n    if (this.isPassThrough(asked))", "if (admin) return undefined\n    if (false)"]
  ]),
  ...inFile("rules/RowRules.ts", [
    ["if (user?.active === false) return", "if (user === null) return"],
    ["entries.length === 0 ? Model.noModels : this.models.list(entries)", "this.models.list(entries)"],
    ["list.allows(model) || list.allows(meant(model))", "list.allows(model)"],
    ["team.organization === null ||\n        team.organization === organization", "team.organization === null"],
    ["return user.role === null || ", "return "],
    ["if (team?.blocked === true)", "if (team?.blocked === false)"],
    ["if (user?.blocked === true)", "if (false)"],
    ["if (endUser?.blocked === true)", "if (false)"],
    ["rows.team === undefined && Limit.isOverBudget(rows.user)", "Limit.isOverBudget(rows.user)"],
    ["over === undefined || this.#isInfoRoute(asked.path, asked.method)", "over === undefined"],
    [": Limit.isOverBudget(rows.member)", ": false"],
    [": Limit.isOverBudget(rows.endUser)", ": false"],
    [": Limit.isOverBudget(rows.organization)", ": false"]
  ]),
  ...inFile("rules/Policy.ts", [
    ["refusedName(model, loaded.models.allows) !== undefined ? \"model\" : ", ""]
  ])
]

const principal: ReadonlyArray<Mutation> = [
  ...inFile("identity/AgentClaim.ts", [
    ["chain.length === DEEPEST", "chain.length > DEEPEST"],
    ["if (typeof sub !== \"string\" || sub === \"\") return undefined", "if (typeof sub !== \"string\") return chain"],
    ["if (agent === undefined || agent === null) return undefined", "if (agent === undefined) return undefined"]
  ]),
  ...inFile("identity/McpClients.ts", [
    ["if (value !== undefined) return undefined", ""],
    [
      "const named = path !== undefined\n",
      "const named = path !== undefined && ClaimPath.read(path, payload) !== undefined\n"
    ],
    ["client !== null && allowed.has(client)", "client === null || allowed.has(client)"]
  ]),
  ...inFile("rules/ManagedAgent.ts", [
    ["iss !== binding.issuer || ", ""],
    ["binding.mode === \"autonomous\" || oid", "oid"],
    ["|| oid === binding.servicePrincipal || idtyp", "|| idtyp"],
    ["|| oid !== binding.servicePrincipal || idtyp", "|| idtyp"],
    ["scopes.length > 0 && holds(binding.requiredScopes, scopes)", "scopes.length > 0"],
    ["return holds(binding.requiredRoles, roles) ?", "return roles.length >= 0 ?"],
    ["issuer !== \"any\" && !audience.includes(\"any\")", "issuer !== \"any\""],
    ["? method === \"POST\" :", "? method !== \"TRACE\" :"]
  ]),
  ...inFile("principal/AgentResolver.ts", [
    ["if (blocked !== undefined) return", "if (blocked === null) return"],
    ["found === undefined || found.hasIdentity ?", "found === undefined ?"],
    ["if (chain.length === 0 && claim.client", "if (claim.client"],
    ["if (agent === null || !binding.active) return", "if (agent === null) return"],
    ["if (subject.mode === \"delegated\" && user === undefined)", "if (user === null)"],
    ["if (!policy.routes.isManagedRoute(asked)) return", "if (asked.path === \"\") return"]
  ]),
  ...inFile("principal/TeamResolver.ts", [
    ["const sorted = ids.toSorted(compareText)", "const sorted = ids"],
    ["(!foreign && !own(row.id)) || ", ""],
    ["!user.teams.includes(team.id)) return notOurs", "user.teams.length === 0) return notOurs"],
    ["fit === \"fits\" || fit === \"passThrough\"", "fit === \"fits\""],
    ["fromMemberships === \"first\" && !namesTeams", "fromMemberships === \"first\""],
    ["header === identity.team || header === object || ", "header === object || "],
    ["header === object || identity.teams.includes(header)", "identity.teams.includes(header)"],
    [" || identity.teams.includes(header)", ""],
    ["if (!policy.token.grants(identity.issuer).teams(row.id))", "if (false)"],
    ["if (identity.overage) {", "if (false) {"],
    ["if (identity.withheld) {", "if (false) {"],
    ["if (identity.namesTeams) {", "if (false) {"],
    ["return settings.requireTeam && defaultTeam === null", "return settings.requireTeam"],
    ["return policy.token.grants(identity.issuer).teams(object)", "return true"],
    ["return settings.requireTeamClaim && defaultTeam === null", "return false"],
    ["standing.role === \"team\" && identity.object", "identity.object"],
    ["if (!policy.token.grants(identity.issuer).teams(id)) return undefined", ""],
    ["user?.teams.length === 1 ?", "user !== undefined && user.teams.length >= 1 ?"],
    ["if (!unknownIsNext) return yield* denied(\"team_not_found\", facts, now)", ""],
    ["if (!names && (settings.requireTeam || settings.requireTeamClaim))", "if (false)"],
    ["|| !policy.routes.isLlmRoute(asked.path, asked.method) ||", "||"],
    ["choice.chosen === undefined || choice.source === \"groups\"", "true"],
    ["return ruling === undefined ? choice : yield* raise(ruling, now)", "return choice"],
    ["if (!syncs || choice", "if (choice"]
  ]),
  ...inFile("principal/GroupChoice.ts", [
    ["if (fit === \"fits\") {", "if (fit !== \"model\") {"],
    ["if (fit !== \"model\") routeDenied = true", ""],
    ["if (!unknownIsNext) return raise", "if (unknownIsNext) return raise"]
  ]),
  ...inFile("principal/UserResolver.ts", [
    ["linkByEmail !== \"never\" && ", ""],
    ["(linkByEmail === \"always\" || emailVerified)", "true"],
    ["domainOf(email) !== undefined\n", "true\n"],
    ["rows.find((it) => it.role !== \"proxy_admin\")", "rows[0]"],
    ["return identity.namespace !== \"\" ? linked", "return false ? linked"],
    ["standing.role === \"internal_user\" && !identity.service", "standing.role === \"internal_user\""],
    ["person.row === undefined ? undefined : policy.rows.roleOfUser(person.row)", "undefined"],
    ["if (unknown === \"allow\")", "if (unknown !== \"allow\")"],
    ["writes: [link] }", "writes: [] }"]
  ]),
  ...inFile("principal/Sync.ts", [
    ["if (!policy.token.mapsUserRoles) return undefined", ""],
    ["return mapped === row.role ? undefined : setRole", "return setRole"],
    ["return row.roleOrigin !== \"token\" || ", "return "],
    ["!== \"replace\" || !names) return undefined", "!== \"replace\") return undefined"],
    ["row.tokenTeams.filter((id) => !target.has(id)", "row.teams.filter((id) => !target.has(id)"],
    ["[...target].filter((id) => !row.teams.includes(id))", "[...target]"],
    ["policy.settings.directory.memberships === \"none\") return synced", "false) return synced"],
    ["if (row.teams.includes(team.id)) return synced", ""]
  ])
]

const ends: ReadonlyArray<Mutation> = [
  ...inFile("decision/Judgement.ts", [
    ["row?.active === false ? row : undefined", "undefined"],
    ["!acting.requiresTraceId || traced", "traced"],
    [
      "if (endUser === undefined || endUser.models.length === 0) return noCaps",
      "if (endUser === undefined) return noCaps"
    ],
    ["acting.teams === undefined || (team !== undefined && ", "acting.teams === undefined || (team === undefined || "],
    ["return policy.rows.organizationOfTeam(chosen?.team, organization?.id) ??\n", "return undefined ??\n"],
    ["policy.rows.principalRequired(person.id, chosen?.team.id) ??", ""],
    ["policy.rows.blocked(chosen?.team, row, endUser) ??", ""],
    ["membership?.models ?? noModels, isAdmin ? undefined : row)", "noModels, isAdmin ? undefined : row)"],
    ["(chosen === undefined ? policy.routes.withoutTeam(isAdmin, asked) : undefined)", "undefined"],
    ["yield* unless(policy.rows.blocked(chosen?.team, undefined, undefined), now)", ""],
    ["yield* unless(policy.rows.limits(asked, { ...noRows, team: chosen?.team, member: membership }), now)", ""],
    ["if (over !== undefined) return raise(over, now)", ""]
  ]),
  ...inFile("decision/Question.ts", [
    ["if (one === \"\" || one === value) continue", "if (one === \"\") continue"],
    ["if (value !== undefined) return null", ""],
    ["asked.model._tag === \"Several\"\n", "false\n"],
    ["const code = found._tag === \"Absent\"", "const code = found._tag !== \"Absent\""]
  ]),
  ...inFile("decision/Reach.ts", [
    ["if (!policy.token.models(standing).allows(model)) return false", ""],
    ["return !team.team.blocked && ", "return "],
    ["for (const it of candidates.filter((one) => this.#takesRoute(one))) {", "for (const it of candidates) {"],
    ["if (!open || own.length > 0) taken", "if (false) taken"]
  ]),
  ...inFile("identity/ClaimMapping.ts", [
    ["value === undefined || value === null || value === \"\" ||", "value === undefined || value === \"\" ||"],
    ["|| (Array.isArray(value) && value.length === 0)", ""],
    [
      "if (value !== undefined && !isAbsent(value)) return { path, value }",
      "if (value !== undefined) return { path, value }"
    ],
    ["if (entry.trim() !== \"\") add(entry.trim())", "add(entry)"],
    ["const out = raw ?? matched(entry)", "const out = matched(entry)"],
    ["const final = raw ?? mapped(out) ?? out", "const final = raw ?? out"],
    ["return lower ? final.toLowerCase() : final", "return final"],
    ["Object.hasOwn(map, entry) ? map", "true ? map"],
    ["if (mapping.mode === \"first\") break", ""],
    ["Math.min(value.length, MOST_ENTRIES)", "value.length"]
  ]),
  ...inFile("identity/ClaimExtractor.ts", [
    ["(client_id === sub || azp === sub)", "client_id === sub"],
    ["typeof sub === \"string\" && sub !== \"\" && (", "("],
    ["if (settings === \"asUsers\") return () => false", ""],
    ["tests.length > 0 && tests.every(", "tests.every("],
    [
      "if (typeof value !== \"string\") return refuse(\"user\", path, \"text\")",
      "if (typeof value !== \"string\") return undefined"
    ],
    ["isSubject(path) && unprintable.test(value)", "false"],
    ["return found === undefined || typeof found.value === \"string\" || Array.isArray(found.value)", "return true"],
    ["found.value.split(\" \")", "found.value.split(/\\s/)"],
    ["isObject(names) && names[\"groups\"] !== undefined", "isObject(names)"],
    ["identity.isNamed || !readers.needsSubject", "true"],
    ["settings.claims.overage === \"deny\" && hasOverage(payload)", "hasOverage(payload)"],
    ["isTeamId(it) && grantsTeam(it)", "isTeamId(it)"],
    ["this.user = this.service ? undefined : ", "this.user = "],
    ["this.email = this.service ? undefined : email", "this.email = email"],
    [
      "this.emailVerified = payload[\"email_verified\"] === true",
      "this.emailVerified = payload[\"email_verified\"] !== undefined"
    ]
  ])
]

/** All of them. */
export const mutations: ReadonlyArray<Mutation> = [...rules, ...policy, ...principal, ...ends]
