/**
 * The mutations: in each one comparison is flipped or one guard dropped, in the
 * code that decides. `find` must stand exactly once in its file, so a list that
 * has fallen behind the code fails instead of passing over it.
 */

/** The packages whose code is changed. */
export type Package = "core" | "server"

/** One change of one place. */
export interface Mutation {
  readonly package: Package
  /** Below the package's `src`. */
  readonly file: string
  readonly find: string
  readonly replace: string
}

type Changes = ReadonlyArray<readonly [find: string, replace: string]>

export const inFile = (file: string, changes: Changes, name: Package = "core"): ReadonlyArray<Mutation> =>
  changes.map(([find, replace]) => ({ package: name, file, find, replace }))

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
    [
      "return model.names.find((name) => !isAllowed(name, allows))",
      "return model.names.slice(0, 1).find((name) => !isAllowed(name, allows))"
    ],
    ["return allows(name) && (at < 1 || allows(name.slice(at)))", "return allows(name)"],
    ["(at < 1 || allows(name.slice(at)))", "(at < 0 || allows(name.slice(at)))"]
  ]),
  ...inFile("rules/routes/ModelRoutes.ts", [
    ["methods === \"write\" ? !readers.has(method)", "methods === \"write\" ? method === \"POST\""],
    ["const text = withoutSlash(path)", "const text = path"],
    ["deployment.length > 0 || isIn(providerPrefixes, prefix) || ", "deployment.length > 0 || "],
    ["(wholeProviders.has(kind) && method !== websocket)", "false"],
    [
      "(?<head>.*?)${sourceOf(template.slice(anywhere.length))}$`, \"is\")",
      "(?<head>.*?)${sourceOf(template.slice(anywhere.length))}$`, \"s\")"
    ],
    ["names.has(segment.toLowerCase())", "names.has(segment)"],
    ["for (const name of other?.names ?? []) add(name)", ""],
    ["if (isOther(path)) return undefined", ""],
    ["route?.runs === \"always\" || route?.runs === \"unknown\" ? {", "route?.runs === \"unknown\" ? {"],
    ["route?.runs === \"always\" || route?.runs === \"unknown\" ? {", "route?.runs === \"always\" ? {"],
    ["route?.runs === \"unknown\" && route.names?.length === 0 &&", "route?.runs === \"unknown\" &&"],
    ["route?.runs === \"unknown\" && route.names?.length === 0 && (", "false && ("],
    ["route === undefined ? noModel : { _tag: \"Unseen\"", "route !== undefined ? noModel : { _tag: \"Unseen\""],
    ["names: readable ? names : undefined", "names"],
    ["const first = separators.test(text) ? decoded(text) : undefined", "const first = undefined"],
    [" && method !== websocket) return undefined", ") return undefined"],
    ["(second === \"mcp\" && !isIn(providerPrefixes, first) && !version.test(first))", "second === \"mcp\""],
    ["kind === \"any\" || kinds === undefined || kinds.includes(kind)", "kinds === undefined || kinds.includes(kind)"],
    ["names.push(...namesInFront(head))", ""],
    ["if (models?.length === 0) unclear = true\n", ""],
    ["models?.forEach(add)", ""],
    ["for (const id of whole?.ids ?? []) lead(decoded(id))", ""],
    ["for (const id of other?.ids ?? []) lead(id)", ""],
    ["if (id === undefined) return add(undefined)", "if (id === undefined) return"]
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
    ["if (exact.has(path)) return true", ""],
    ["if (template.includes(\"{\")) {", "if (template.includes(\"{x}\")) {"],
    [
      "const text = path.endsWith(\"/\") ? path : `${path}/`\n  return granted",
      "const text = path\n  return granted"
    ],
    [
      "granted.some((entry) => text.startsWith(entry.endsWith(\"/\") ? entry : `${entry}/`))",
      "granted.some((entry) => text.startsWith(entry))"
    ],
    ["? text.startsWith(entry.slice(0, -1))", "? text === entry.slice(0, -1)"],
    ["covers(path, method) || covers(", "covers(path, method) && covers("],
    [" && cover(path, method)\n", "\n"]
  ]),
  ...inFile("rules/routes/RouteGroups.ts", [
    ["templates.length === 0 ? groups : new Map", "templates.length >= 0 ? groups : new Map"],
    ["[\"info_routes\", [\"/models/{model_id}\", \"/v1/models/{model_id}\"]]", ""]
  ]),
  ...inFile("rules/routes/ManagedId.ts", [
    ["if (id.length > MOST) return []", ""],
    ["decoded(id.replace(prefix, \"\")) ?? decoded(id)", "decoded(id)"],
    ["id.startsWith(mark) ? id : ", ""],
    ["return text === id || isClear(id)\n", "return true\n"],
    [".split(\",\").map((it) => it.trim())", ""],
    ["replaceAll(\"-\", \"+\").replaceAll(\"_\", \"/\")", "replaceAll(\"-\", \"+\")"],
    ["reads === \"id\" ? modelsOf(text) : []", "modelsOf(text)"]
  ]),
  ...inFile("rules/routes/BodyPlaces.ts", [
    ["put(parent, otherSpelling(name), made)\n", ""],
    ["parent.folds.add(fold(name))", ""],
    ["place.keys || place.others !== undefined", "place.others !== undefined"],
    ["place.keys = true", "place.names = \"several\""],
    [
      "for (const [name, place] of [...source.members]) if (!carrier.members.has(name)) carrier.members.set(name, place)",
      ""
    ],
    ["for (const it of source.folds) carrier.folds.add(it)", ""],
    ["!place.members.has(name) && place.folds", "place.folds"],
    ["meansOne.has(path) ? \"one\" : \"several\"", "\"several\""],
    ["place.members.get(name) ?? place.others", "place.members.get(name)"]
  ]),
  ...inFile("rules/RouteRules.ts", [
    ["this.isInfoRoute = routes([\"info_routes\"])", "this.isInfoRoute = routes([\"llm_api_routes\"])"]
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
    ["if (refusedName(model, loaded.models.allows) !== undefined) return \"model\"", ""]
  ])
]

const principal: ReadonlyArray<Mutation> = [
  ...inFile("identity/AgentClaim.ts", [
    ["chain.length === DEEPEST", "chain.length > DEEPEST"],
    ["if (typeof sub !== \"string\" || sub === \"\") return undefined", "if (typeof sub !== \"string\") return chain"],
    ["if (agent === undefined || agent === null) return undefined", "if (agent === undefined) return undefined"],
    ["return typeof value === \"string\" ? value : null", "return typeof value === \"string\" ? value : undefined"],
    ["return isHidden(path, payload) ? null", "return false ? null"],
    ["ClaimPath.isBlocked(path, payload) || ", ""],
    [" || ClaimPath.isElsewhere(path, payload)", ""],
    ["unreadable === \"deny\" && ", ""],
    ["asked === null || known === null", "known === null"]
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
    ["header === identity.team || header === object ||\n", "header === object ||\n"],
    ["header === identity.team || header === object ||\n", "header === identity.team ||\n"],
    ["(identity.teamsBy === \"id\" && identity.teams.includes(header))", "false"],
    ["(identity.teamsBy === \"id\" && identity.teams.includes(header))", "identity.teams.includes(header)"],
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
    ["choice.chosen === undefined || choice.source === \"groups\"", "true"],
    ["return ruling === undefined ? choice : yield* raise(ruling, now)", "return choice"],
    ["if (!syncs || choice", "if (choice"]
  ]),
  ...inFile("principal/GroupChoice.ts", [
    ["if (fit === \"fits\") return", "if (fit !== \"model\") return"],
    ["if (fit !== \"model\") routeDenied = true", ""],
    ["if (!unknownIsNext) return raise", "if (unknownIsNext) return raise"]
  ]),
  ...inFile("principal/UserResolver.ts", [
    ["linkByEmail !== \"never\" && ", ""],
    ["&& domainOf(email) !== undefined ? email", "? email"],
    ["!userIsAddress || row.role !== \"proxy_admin\"", "true"],
    ["  subjects.length === 0 ||\n", ""],
    ["!(MadeId.isMade(id) || subjects", "!(subjects"],
    [
      "MadeId.isMade(id) || subjects.some((it) => it.namespace !== \"\" && id === nameOf(it, it.subject))",
      "MadeId.isMade(id)"
    ],
    ["if (isUserId(name) && other === undefined) {", "if (isUserId(name)) {"],
    [
      "              : unknownTo(identity, subject, now)\n        )\n",
      "              : personOf(row, now)\n        )\n"
    ],
    [
      "row !== undefined && isNamedByItsId(row) && mayBe(row, identity)\n              ? personOf",
      "row !== undefined && mayBe(row, identity)\n              ? personOf"
    ],
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
    ["policy.rows.principalRequired(person.id, chosen?.team.id, acting?.autonomous) ??", ""],
    ["policy.rows.blocked(chosen?.team, row, endUser) ??", ""],
    ["unprovenPerson(caller, found) ??", ""],
    ["&& person.id === undefined && acting?.autonomous !== true\n", "&& person.id === undefined\n"],
    ["membership?.models ?? noModels, aloneOf(", "noModels, aloneOf("],
    [
      "(isUnknown(asked.model) ? undefined : routeOf(asked, chosen, isAdmin))",
      "(isUnknown(asked.model) ? undefined : undefined)"
    ],
    ["policy.rows.blocked(chosen?.team, leftOf(row), undefined) ?? ", ""],
    ["membership?.models ?? noModels, everyModel)", "noModels, everyModel)"],
    ["const misplaced = routeOf(caller.asked", "const misplaced = undefined && routeOf(caller.asked"],
    [
      "if (refused !== undefined) return yield* refuse(refused, candidates()",
      "if (false) return yield* refuse(refused, candidates()"
    ],
    [
      "const refused = isUnknown(asked.model) ? UnknownModel.judge(asked.model, reach.models()) : undefined",
      "const refused = undefined"
    ],
    ["yield* unless(policy.rows.limits(asked, { ...noRows, team: chosen?.team, member: membership }), now)", ""],
    ["if (over !== undefined) return yield* raise(over, now)", ""],
    ["return over === undefined ? settle(caller", "return over === undefined || over !== null ? settle(caller"]
  ]),
  ...inFile("decision/Question.ts", [
    ["if (one === \"\" || one === value) continue", "if (one === \"\") continue"],
    ["      if (value !== undefined) {\n", "      if (value === null) {\n"],
    ["return asked.model._tag === \"Conflict\"\n", "return asked.path === \"\"\n"],
    ["audience !== undefined || custom !== undefined || model", "custom !== undefined || model"],
    ["const code = found._tag === \"Absent\"", "const code = found._tag !== \"Absent\""]
  ]),
  ...inFile("decision/Reach.ts", [
    ["!policy.token.models(standing).allows(model) || !caps", "!caps"],
    [" || !caps.every((it) => it.list.allows(model))", ""],
    ["return !team.team.blocked && ", "return "],
    ["for (const it of candidates.filter((one) => this.#takesRoute(one))) {", "for (const it of candidates) {"],
    ["if (!open || own.length > 0) taken", "if (false) taken"]
  ]),
  ...inFile("identity/ClaimMapping.ts", [
    ["if (value === undefined || Path.isAbsent(value)) {", "if (value === undefined) {"],
    ["if (Path.isElsewhere(names, payload)) unreadable ??= name\n", ""],
    ["const text = trims ? entry.trim() : entry", "const text = entry"],
    ["trims = shapes.splits === \"as mapped\"", "trims = shapes.splits !== \"never\""],
    ["if (proves !== undefined && !proves(payload)) {", "if (false) {"],
    ["if (held === undefined) unreadable ??= name\n        else", "if (held === undefined) notes.pop()\n        else"],
    ["if (held === undefined) unreadable ??= name\n      if", "if"],
    ["if (held === true) unproven = true", ""],
    ["return odd ? undefined : held > 0", "return held > 0"],
    ["(Array.isArray(value) ? shapes.list : object)", "(Array.isArray(value) ? true : object)"],
    ["(Array.isArray(value) ? shapes.list : object)", "(Array.isArray(value) ? shapes.list : true)"],
    ["const object = shapes.object || mapping.keys", "const object = shapes.object"],
    ["const out = raw ?? matched(entry)", "const out = matched(entry)"],
    ["const final = raw ?? mapped(out) ?? out", "const final = raw ?? out"],
    ["return lower ? final.toLowerCase() : final", "return final"],
    ["Object.hasOwn(map, entry) ? map", "true ? map"],
    ["if (mapping.mode === \"first\") break", ""],
    ["Math.min(all.length, MOST_ENTRIES)", "all.length"]
  ]),
  ...inFile("identity/ServiceAccount.ts", [
    ["|| textsOf(azp).includes(sub))", ")"],
    ["(textsOf(client_id).includes(sub) || ", "("],
    ["isList(value) ? value : [value]", "[value]"],
    ["typeof sub === \"string\" && sub !== \"\" && (", "("],
    ["if (settings === \"asUsers\") return () => false", ""],
    ["tests.length > 0 && tests.every(", "tests.every("],
    ["tests.every((test) => test(payload))", "tests.some((test) => test(payload))"],
    [" && (proves === undefined || proves(payload))", ""],
    ["value !== \"\" && textsOf(Path.read(names, payload)).includes(value)", "Path.read(names, payload) !== undefined"]
  ]),
  ...inFile("identity/ClaimExtractor.ts", [
    ["if (!this.#readers.ignores || firm.has(claim))", "if (!this.#readers.ignores)"],
    ["if (!this.#readers.ignores || firm.has(claim))", "if (firm.has(claim))"],
    ["anyOf(path, isSubject) && unprintable.test(id)", "false"],
    ["if (entries.unreadable !== undefined) this", "if (entries.unreadable === null) this"],
    ["if (values.length > 1) this.#unreadable(\"email\"", "if (false) this.#unreadable(\"email\""],
    ["several: values.length > 1 }", "several: false }"],
    ["value: values.length === 1 ? values[0] : undefined", "value: values[0]"],
    ["isAddress: anyOf(path, this.#readers.isAddress),", "isAddress: false,"],
    [
      "isUserId(id)) return { id: undefined, isAddress: false, isUnproven: unproven }",
      "isUserId(id)) return { id: undefined, isAddress: false, isUnproven: false }"
    ],
    ["(user.isUnproven || (mayStandIn && isUnproven))", "user.isUnproven"],
    ["this.userIsUnproven = !this.service && ", "this.userIsUnproven = "],
    ["isObject(names) ? names[\"groups\"] !== undefined", "isObject(names) ? true"],
    ["!Path.isAbsent(names)) ||\n", "false) ||\n"],
    ["hasgroups === false || hasgroups === \"false\"", "hasgroups === false"],
    ["!(Path.isAbsent(hasgroups) || ", "!("],
    ["settings.claims.overage === \"deny\" && hasOverage(payload)", "hasOverage(payload)"],
    ["isTeamId(it) && mayName(it)", "isTeamId(it)"],
    ["team !== undefined && isTeamId(team) && grantsTeam(team) ? team", "team !== undefined && isTeamId(team) ? team"],
    ["this.withheld = this.teams.length < teams.values.length ||", "this.withheld ="],
    ["this.namesTeams = teams.present || team !== undefined", "this.namesTeams = teams.present"],
    ["const subject = this.service ? undefined : standsIn", "const subject = standsIn"],
    ["this.email = this.service ? undefined : email", "this.email = email"],
    ["this.userIsAddress = standsIn || user.isAddress", "this.userIsAddress = standsIn"],
    ["this.userIsAddress = standsIn || user.isAddress", "this.userIsAddress = user.isAddress"],
    ["user.id === undefined && email !== undefined && mayStandIn", "email !== undefined && mayStandIn"],
    ["template?.several === true && typeof", "typeof"],
    ["it !== undefined && foreign.some((prefix) => it.startsWith(prefix))", "false"],
    ["if (readers.needsSubject && user.id === undefined) reading", "if (false) reading"],
    ["user !== undefined && !user.orEmail && user.paths", "user !== undefined && user.paths"]
  ]),
  ...inFile("settings/ClaimPath.ts", [
    ["value === undefined || value === null || value === \"\" ||", "value === undefined || value === \"\" ||"],
    ["|| (Array.isArray(value) && value.length === 0)", ""],
    ["if (!isObject(value)) return true\n", "if (!isObject(value)) return false\n"],
    ["if (isAbsent(value)) return false\n", "if (value === undefined) return false\n"],
    ["first !== \"groups\" && ", ""],
    ["isAbsent(read(path, payload)) && ", ""]
  ]),
  ...inFile("settings/AddressProof.ts", [
    ["value === true || value === \"true\"", "value === true"],
    ["value === true || value === \"true\"", "value !== undefined"],
    ["named === \"email\" || (named !== undefined && emails.includes(named))", "named === \"email\""],
    ["flags.length === emails.length ? emails[index] : emails.length === 1", "emails.length >= 1"],
    ["identities.linkByEmail === \"always\" ? undefined :", "identities.linkByEmail !== \"verified\" ? undefined :"],
    ["(payload) => proven.some((flag)", "(payload) => proven.length === 0 || proven.some((flag)"],
    [
      "new Map<string, Array<Path.ClaimPath>>([\"email\", ...emails]",
      "new Map<string, Array<Path.ClaimPath>>([...emails]"
    ]
  ]),
  ...inFile("Identity.ts", [
    ["tenant === undefined ? subject : UserId", "tenant !== undefined ? subject : UserId"],
    ["namespace === \"\" ? subject : `${namespace}|${subject}`", "subject"]
  ]),
  ...inFile("issuer/Issuer.ts", [
    ["(tenants === undefined || tenants.has(tid))", "true"],
    ["iss === `${before}${tid}${after}` &&", "iss.startsWith(before) &&"],
    ["tenants === \"any\" || tenants.length > 1", "tenants !== \"any\" && tenants.length > 1"],
    ["settings.identities.namespace === \"\"\n", "settings.identities.namespace !== \"\"\n"],
    ["proves: AddressProof.of(settings).proofOf(name)", "proves: undefined"]
  ]),
  ...inFile("opaque/Enrichment.ts", [
    ["if (own.has(name) || ", "if ("],
    ["(Object.hasOwn(payload, name) && !flags.has(name)) || ", ""],
    [" || (isAnother && flags.has(name))", ""],
    ["if (sub !== claims.payload[\"sub\"]) {", "if (false) {"],
    ["if (!Object.hasOwn(answer, flag)) delete whole[flag]", ""]
  ])
]

/** What is read out of requests, and sent on (RULES D53 to D55): in the server package. */
const server: ReadonlyArray<Mutation> = [
  ...inFile("model/JsonModel.ts", [
    ["if (isDisguised(place, name)) return ambiguous", ""],
    ["seen.has(key) || (place", "(place"],
    ["(place.members.has(name) && raw.length !== name.length)", "false"],
    ["if (place.names === undefined) return place.strict ?", "if (place.names === undefined) return false ?"],
    ["if (place.names === \"one\") return invalid", ""],
    ["else if (this.#one !== undefined && this.#one !== name) {", "else if (this.#one === null) {"],
    ["if (!isModelName(name)) return refusalOf(name)", ""],
    ["if (!isDone(this.#walk)) return invalid", ""],
    ["raw.length > maxModel ? \"\" : decodeText(raw)", "decodeText(raw)"],
    [
      "else this.#one = name\n    return this.#others.size > maxModels ? invalid(",
      "else this.#one = name\n    return this.#others.size < 0 ? invalid("
    ],
    ["if (this.#isUnnamed) return unnamed\n", ""],
    ["if (place.reads !== undefined) return this.#lead(", "if (false) return this.#lead("],
    ["models.length === 0 || !models.every(isModelName)", "!models.every(isModelName)"],
    ["place.names === \"several\" || this.#frames.at(-1)?.isEntry === true", "place.names === \"several\""],
    ["place.keys ? this.#take(name, path, true) : undefined", "undefined"]
  ], "server"),
  ...inFile("model/FormModel.ts", [
    ["if (this.#names.has(name)) return ambiguous", "if (false) return ambiguous"],
    [" || base === \"_charset_\"", ""],
    ["baseOf(unescaped(name))", "name"],
    ["this.#seen = join(this.#seen, invalid(", "void (invalid("],
    ["if (!isUtf8(value)) return invalid(\"a field that is no UTF-8\")\n    const text", "const text"]
  ], "server"),
  ...inFile("model/MultipartReader.ts", [
    [
      "if (bytes.compare(first, 0, length, 0, length) !== 0) return this.#refuse(\"bytes before the first boundary\")",
      ""
    ],
    ["next === \"--\" && this.#parts > 0", "next === \"--\""],
    ["if (mark !== -1 && !found) return this.#refuse(", "if (false) return this.#refuse("],
    ["return this.#state === \"Closed\" && this.#rest.length === 0", "return true"]
  ], "server"),
  ...inFile("model/MediaType.ts", [
    ["if (parameters.has(name)) return undefined", ""],
    ["charset === undefined || charset === \"utf-8\"", "true || charset === \"utf-8\""],
    ["|| charset === \"us-ascii\"", "|| charset !== \"\""]
  ], "server"),
  ...inFile("model/FormFields.ts", [
    ["if (!plain.includes(\"%\")) return plain", "return plain"]
  ], "server"),
  ...inFile("model/LinesModel.ts", [
    [": line._tag === \"Nothing\"\n        ? unnamed", ": line._tag === \"Nothing\"\n        ? nothing"],
    ["if (this.#size > maxLine) this.#seen = invalid", ""],
    ["if (this.#rest.length > 0) this.#line(Buffer.concat(this.#rest))", ""]
  ], "server"),
  ...inFile("model/FrameModel.ts", [
    ["seen._tag === \"Nothing\" && runs.has(model.label ?? \"\") ? unnamed : seen", "seen"],
    ["if (!isUtf8(message)) return invalid", ""]
  ], "server"),
  ...inFile("model/QueryModel.ts", [
    ["if (name !== base || found.has(name)) return ambiguous", "if (found.has(name)) return ambiguous"],
    ["if (name !== base || found.has(name)) return ambiguous", "if (name !== base) return ambiguous"],
    ["pair.includes(\";\") ? ", "false ? "]
  ], "server"),
  ...inFile("model/HeaderModel.ts", [
    ["if (name === first) return ambiguous", ""],
    ["const it = canonical(name)", "const it = name.toLowerCase()"]
  ], "server"),
  ...inFile("model/Peeked.ts", [
    [
      "if (one._tag === \"Unnamed\" || other._tag === \"Unnamed\") return unnamed",
      "if (other._tag === \"Unnamed\") return one"
    ],
    ["one.one !== undefined && other.one !== undefined && one.one !== other.one", "false"],
    ["return others.length > maxModels\n", "return false\n"],
    ["seen.one === undefined || seen.others.length > 0", "seen.one === undefined"]
  ], "server"),
  ...inFile("model/RequestModel.ts", [
    ["plain.route !== undefined || (method !== \"GET\"", "plain.route === undefined || (method !== \"GET\""],
    ["return model === undefined ? undefined : found(route, model)", "return model"],
    ["    ? ambiguous(\"the model in the path\")", "    ? nothing"],
    [
      "const takes = (type: BodyType): boolean => route === undefined || route.body.includes(type)",
      "const takes = (_: BodyType): boolean => true"
    ],
    [
      "if (from === undefined) return undefined",
      "if (from === undefined) return new MediaBody(\"\", true, false, members, send)"
    ]
  ], "server")
]

/** All of them. */
export const mutations: ReadonlyArray<Mutation> = [...rules, ...policy, ...principal, ...ends, ...server]
