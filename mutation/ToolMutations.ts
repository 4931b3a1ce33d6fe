/** Mutations of what decides on tools: patterns, levels, reach, and how MCP is read and its lists are filtered. */
import { inFile, type Mutation } from "./Mutations.ts"

const rules: ReadonlyArray<Mutation> = [
  ...inFile("rules/patterns/ToolPattern.ts", [
    ["const takes = text.startsWith(\"!\")", "const takes = false"],
    ["const body = takes ? text.slice(1) : text", "const body = text"],
    ["const slash = body.indexOf(\"/\")\n  const [", "const slash = body.lastIndexOf(\"/\")\n  const ["],
    ["takes || first === \"*\" ? \"*\" : noName", "\"*\""],
    ["namePart.test(rest) ? rest : \"*\"", "rest"],
    ["serverPart.test(first) && namePart.test(rest) ? rest : noName", "rest"],
    ["serverPart.test(text) ? text : \"*\"", "text"],
    ["prompt: namesIn(rows.map((it) => it.prompts))", "prompt: namesIn(rows.map((it) => it.tools))"],
    ["resource: namesIn(rows.map((it) => it.resources))", "resource: namesIn(rows.map((it) => it.prompts))"]
  ]),
  ...inFile("rules/Tool.ts", [
    [" && !matches(taken, server, name)", ""],
    ["it.names(name) && it.server(server)", "it.names(name)"],
    ["!taken.some((it) => it.server(server) && haveCommon(it.pattern, `${prefix}*`))", "true"],
    ["!taken.some((it) => it.server(server) && haveCommon", "!taken.some((it) => haveCommon"],
    ["given.some((it) => it.server(server) && haveCommon", "given.some((it) => haveCommon"],
    ["prompt: listOf(prompts)", "prompt: listOf(tools)"],
    ["resource: listOf(resources)", "resource: listOf(prompts)"],
    ["patterns === undefined || patterns === null ? undefined", "!patterns?.length ? undefined"]
  ]),
  ...inFile("rules/ToolRules.ts", [
    ["? McpServers.isElsewhere(path) ? unseenTool(anyServer) : noTool", "? noTool"],
    [": unseenTool(server.server)", ": noTool"],
    [" ||\n        McpServers.isElsewhere(asked.path)", ""],
    ["this.#rulesName[kind].length > 0 || names[kind].length > 0", "names[kind].length > 0"],
    ["this.#rulesName[kind].length > 0 || names[kind].length > 0", "this.#rulesName[kind].length > 0"],
    ["const compiled = compileLists(row, this.#ofServers)", "const compiled = compileLists(row, (it) => it)"],
    ["matchersOf(names, this.#ofServers)", "matchersOf(names, (it) => it)"],
    ["(asked.tool !== undefined || asked.listsModels", "(asked.listsModels"],
    [
      "if ((row.tools ?? row.prompts ?? row.resources ?? null) === null) return silent",
      "if (!row.tools) return silent"
    ],
    ["policy.scopes.some((it) => it.tools !== undefined)", "false"],
    ["policy.scopes.some((it) => it.prompts !== undefined)", "false"],
    ["policy.scopes.some((it) => it.resources !== undefined)", "false"],
    ["scopes.includes(it.scope) ? [{ ...it, at }] : []", "[{ ...it, at }]"],
    ["tools: tool ? held.flatMap((it) => it.tools ?? []) : null", "tools: held.flatMap((it) => it.tools ?? [])"],
    ["prompts: prompt ? held.flatMap((it) => it.prompts ?? []) : null", "prompts: null"],
    ["resources: resource ? held.flatMap((it) => it.resources ?? []) : null", "resources: null"],
    ["if (this.#ofRules[kind](server)) return true", ""],
    ["return known[kind](server)", "return false"],
    ["needed.filter((it) => !scopes.includes(it))", "needed.slice(0, 0)"],
    [
      "if (this.missingScopes(server, question.scopes).length > 0) return false\n    if (!this.isNamed(kind, server, question.names)) return true\n    let",
      "if (!this.isNamed(kind, server, question.names)) return true\n    let"
    ],
    [
      "if (!this.isNamed(kind, server, question.names)) return true\n    let isListed",
      "let isListed"
    ],
    ["if (!list.allows(server, name)) return false\n", ""],
    ["if (of !== \"agent\" || question.alone) isListed = true", "isListed = true"],
    ["if (of !== \"agent\" || question.alone) isListed", "if (of !== \"agent\") isListed"],
    [
      "if (this.missingScopes(server, question.scopes).length > 0) return false\n    if (!this.isNamed(kind, server, question.names)) return true\n    const levels",
      "if (!this.isNamed(kind, server, question.names)) return true\n    const levels"
    ],
    ["return levels.some((it) => it.of !== \"agent\" || question.alone) &&\n      levels", "return levels"],
    ["levels.every((it) => it.lists[kind]?.allowsEvery", "levels.some((it) => it.lists[kind]?.allowsEvery"],
    ["if (!this.isNamed(kind, server, names)) continue", ""],
    ["if (list?.allows(server, name) === false) return \"tool\"", ""],
    ["list === undefined && !before.some((it) => it.lists[kind] !== undefined)", "list === undefined"],
    ["if (!this.isNamed(kind, server, names)) return undefined", ""],
    ["lacking.length === 0 && !unlisted ? undefined", "lacking.length === 0 ? undefined"],
    ["lacking.length === 0 && !unlisted ? undefined", "!unlisted ? undefined"],
    ["if (unlisted || lacking.some((it) => it.of !== \"scope\")) return undefined", ""],
    [
      "new Set([...tools.map((it) => it.server), ...(onPath === undefined ? [] : [onPath])])",
      "new Set(tools.map((it) => it.server))"
    ],
    [
      "new Set([...tools.map((it) => it.server), ...(onPath === undefined ? [] : [onPath])])",
      "new Set(onPath === undefined ? [] : [onPath])"
    ],
    ["if (opening === undefined) return this.#denied(tool, objections, question, speaker)\n", ""],
    ["      scope.add(opening)\n", ""],
    ["return [...asked].filter((it) => scopes.includes(it))", "return [...asked]"],
    ["this.lists(it) === silent ? [] : [it.scope]", "[it.scope]"],
    ["...[...servers].flatMap((it) => this.#byName.get(it)?.scopes ?? []),\n", ""],
    ["wanted._tag === \"Unseen\" && toolKinds.some(", "wanted._tag === \"Unseen\" && toolKinds.every("],
    ["wanted._tag === \"Unseen\" && toolKinds", "toolKinds.length < 0 && toolKinds"],
    ["if (scope.size === 0) return undefined", "if (scope.size < 2) return undefined"]
  ]),
  ...inFile("rules/RequestedTool.ts", [
    ["slash < 1 || slash === text.length - 1", "slash < 0 || slash === text.length - 1"],
    ["slash < 1 || slash === text.length - 1", "slash < 1"],
    ["all.length === 1 ? knownTool(first)", "all.length > 0 ? knownTool(first)"],
    ["`${it.kind} ${toolName(it)}`, it", "toolName(it), it"]
  ]),
  ...inFile("rules/McpServer.ts", [
    ["b.path.length - a.path.length", "a.path.length - b.path.length"],
    [
      " && (path.length === it.path.length || path.charCodeAt(it.path.length) === 0x2f)",
      ""
    ],
    ["[path, `${path}/*`]", "[path, `${path}*`]"],
    ["[path, `${path}/*`]", "[`${path}/*`]"],
    ["matches(server) || aliases.get(server)?.some(matches) === true", "matches(server)"],
    ["it.length > best ?", "best === 0 ?"],
    ["name.length > it.length && ", ""]
  ]),
  ...inFile("decision/ToolReach.ts", [
    [
      "if (!this.#isKnown) return false\n    const teams = candidates()\n    const team",
      "const teams = candidates()\n    const team"
    ],
    ["if (!this.#isKnown) return false\n    const teams = candidates()\n    if", "const teams = candidates()\n    if"],
    ["if (!this.#isKnown) return []", ""],
    ["teams.length > 1 ? choose(kind, server, name) : teams[0]", "teams[0]"],
    ["team === undefined ? teams.length > 0 : !isOpen(team)", "team === undefined ? false : !isOpen(team)"],
    ["team === undefined ? teams.length > 0 : !isOpen(team)", "team === undefined && teams.length > 0"],
    ["if (isOpen(team) && rules.allowsEvery", "if (rules.allowsEvery"],
    ["if (list === undefined || list.allowsSome(server, prefix)) return false", ""],
    ["if (list === undefined || list.allowsSome", "if (list?.allowsSome"],
    ["given: Model.intersect(all.given, it.given)", "given: [...all.given, ...it.given]"],
    ["taken: [...all.taken, ...it.taken]", "taken: all.taken"],
    ["if (rules.missingScopes(server, question.scopes).length > 0) return []", ""],
    ["teams.length === 0 || teams.some(isOpen) ? [\"*\"] : []", "[\"*\"]"],
    ["if (team === undefined || isOpen(team)) {", "{"],
    ["? before\n", "? []\n"],
    [": [...before, ...listed, ...silent]", ": before"],
    ["? this.mayUse(\"tool\", server, pattern)", "? true"],
    ["!rivals.some((other) => Model.haveCommon(pattern, other))", "true"],
    ["share.taken.forEach((it) => taken.add(it))", ""],
    ["(inTurn ? [\"*\"] : [])", "[]"]
  ])
]

const server = (file: string, changes: Parameters<typeof inFile>[1]): ReadonlyArray<Mutation> =>
  inFile(file, changes, "server")

const wire: ReadonlyArray<Mutation> = [
  ...server("mcp/ItemName.ts", [
    ["\\p{DI}\\u2800*]", "\\p{DI}\\u2800]"],
    ["[\\p{Cc}\\p{Cf}\\p{Zl}", "[\\p{Cf}\\p{Zl}"],
    ["\\p{Zp}\\p{DI}\\u2800*", "\\p{Zp}*"],
    ["name.length <= longest && name", "name"],
    [" && name.trim() === name", ""],
    [" &&\n    name.normalize(\"NFC\") === name", ""],
    ["round < 4", "round < 1"],
    [" || unreadable.test(text)", ""],
    ["text.normalize(\"NFKC\").split", "text.split"],
    ["|%(?![0-9a-f]{2})", ""],
    [" && !needless.test(uri)", ""],
    [" &&\n  !leadsElsewhere(uri)", ""],
    ["!forbidden.test(uri) && ", ""],
    ["scheme.test(uri) && ", ""],
    ["it === \".\" || it === \"..\"", "it === \"..\""]
  ]),
  ...server("mcp/McpMethod.ts", [
    ["return plain.has(method) ? none : unseen", "return none"],
    ["name === undefined || !isItemName(name)", "name === undefined"],
    ["uri === undefined || !isResourceUri(uri)", "uri === undefined"],
    ["ref?.type === \"ref/prompt\" && ref.uri === undefined", "ref?.type === \"ref/prompt\""],
    ["mayBeTemplates && isTemplate(uri)", "false"],
    ["mayBeTemplates && isTemplate(uri)", "isTemplate(uri)"],
    ["case \"resources/subscribe\":\n", ""],
    ["return resources(params.subscriptions ?? [], false)", "return none"],
    ["method.startsWith(\"tasks/\")\n    ? params.taskId", "method.startsWith(\"tasks/\")\n    ? params.name"],
    ["params.ref?.name ?? params.ref?.uri", "params.ref?.uri"],
    ["method === \"completion/complete\" || method", "method"],
    ["method === \"subscriptions/listen\" || method", "method"],
    [
      "method === \"resources/subscribe\" ||\n    method === \"resources/unsubscribe\"",
      "method === \"resources/unsubscribe\""
    ],
    ["if (kind === \"response\") return none", ""],
    ["taskId === undefined ? taskIds : [taskId, ...taskIds]", "taskId === undefined ? [] : [taskId]"],
    ["method.startsWith(\"tasks/\") && name !== undefined ? [name] : []", "[]"],
    ["method !== \"tasks/list\" && name === undefined", "false"],
    ["method.startsWith(\"tasks/\") && method !== \"tasks/list\" && name", "method.startsWith(\"tasks/\") && name"]
  ]),
  ...server("mcp/Revision.ts", [
    ["legacy && text === legacyRevision", "text === legacyRevision"],
    ["revision === \"2025-03-26\"", "revision <= \"2025-06-18\""],
    ["revision >= \"2026-07-28\"", "revision >= \"2025-11-25\""],
    ["revision >= \"2026-07-28\"", "revision > \"2026-07-28\""]
  ]),
  ...server("mcp/MirroredHeaders.ts", [
    ["bytes.toString(\"base64\") === inside ? utf8(bytes)", "true ? utf8(bytes)"],
    ["fatal: true", "fatal: false"],
    ["if (!plain.test(value)) return undefined", ""],
    ["value.includes(\",\") ? undefined : isPlain(value)", "isPlain(value)"],
    ["if (seen._tag !== \"Absent\") return unreadable", ""],
    ["version = lower.includes(\"_\") ? unreadable :", "version ="],
    ["method = lower.includes(\"_\") ? unreadable :", "method ="],
    ["name = lower.includes(\"_\") ? unreadable :", "name ="],
    ["session = lower.includes(\"_\") ? unreadable :", "session ="],
    ["\\x21-\\x2b\\x2d-\\x7e", "\\x21-\\x7e"],
    [".replaceAll(\"_\", \"-\")", ""],
    [" && header.charCodeAt(0) !== 0x4d", ""]
  ]),
  ...server("mcp/McpRequest.ts", [
    ["if (!hasMessage && hasBody) return", "if (!hasMessage && !hasBody) return"],
    ["if (it._tag === \"Unreadable\") return", "if (it._tag === \"Absent\" && name === \"none\") return"],
    ["head.upgrades ? unseenTool", "false ? unseenTool"],
    ["(!isVersioned || params.version !== version)", "params.version !== version && isVersioned"],
    ["(!isVersioned || params.version !== version)", "!isVersioned"],
    ["told === undefined ? isBound : told !== method", "told === undefined ? false : told !== method"],
    ["told === undefined ? isBound : told !== method", "told === undefined && isBound"],
    [
      "named === undefined ? isBound && isRequired : named !== name",
      "named === undefined ? isRequired : named !== name"
    ],
    ["named === undefined ? isBound && isRequired : named !== name", "named === undefined && isBound && isRequired"],
    ["named === undefined ? isBound && isRequired : named", "named === undefined ? isBound : named"],
    ["mirrors(revision) && kind === \"request\"", "mirrors(revision)"],
    ["isBatch && !hasBatches(head.revision)", "false"],
    ["if (why !== undefined) return mismatch(why, id)", ""],
    [
      "message.kind === \"request\" ? listOf(message.method)",
      "message.kind === \"notification\" ? listOf(message.method)"
    ],
    ["for (const task of tasksOf(message)) handles.add(`task ${task}`)", ""],
    ["[...sessionOf(head), ...taskOfHeaders(method, name).map((it) => `task ${it}`)]", "sessionOf(head)"],
    ["const handles = new Set(sessionOf(head))", "const handles = new Set<string>()"],
    ["asks.some((it) => it._tag === \"Unseen\")", "asks.every((it) => it._tag === \"Unseen\")"],
    ["if (!mirrors(head.revision) || method === undefined) {", "if (method === undefined) {"],
    ["if (asks._tag === \"Bad\") return mismatch(asks.why)\n", ""],
    ["body._tag === \"Bad\" || body.isBatch) return", "body._tag === \"Bad\") return"]
  ]),
  ...server("mcp/RpcReader.ts", [
    ["if (seen.has(name)) return this.#refuse(\"a member is there twice\")", ""],
    ["if (folded[kind]?.has(fold(name)) === true) this.#refuse", "if (false) this.#refuse"],
    ["if (raw.length !== name.length) return", "if (raw.length < 0) return"],
    ["if (kind === undefined) return this.#refuse(`${where} is no such value`)", "if (kind === undefined) return"],
    ["where === \"message id\" && whole.test(text)", "where === \"message id\""],
    ["if (raw.length > longestText) return", "if (raw.length < 0) return"],
    ["if (!text.isWellFormed()) return", "if (raw.length < 0) return"],
    ["if (raw.length > longestId) return", "if (raw.length < 0) return"],
    ["if (list.length === maxSubscriptions) this", "if (false) this"],
    ["if (version !== \"2.0\") return", "if (version === \"\") return"],
    ["method === undefined ? !outcome : outcome", "method === undefined ? !outcome : false"],
    ["method === undefined ? !outcome : outcome", "method === undefined ? false : outcome"],
    ["if (method === undefined && id === undefined) return", "if (false) return"],
    ["(method === \"\" || method.length > 256)", "method === \"\""],
    ["if (this.#ids.has(told)) return", "if (false) return"],
    ["if (this.#messages.length > maxMessages) this", "if (false) this"],
    ["frame?.kind === \"batch\" && this.#messages.length === 0", "false"],
    ["if (this.#bad === undefined && !isDone(this.#walk)) this", "if (false) this"],
    ["this.#message.outcome = true\n    if", "false\n    if"]
  ]),
  ...server("mcp/ListAnswer.ts", [
    ["typeof value === \"string\" ? `s${value}` : `n${String(value)}`", "`s${String(value)}`"],
    ["if (entry.isNamed) entry.name = undefined\n    else this", "this"],
    ["if (seen?.has(name) === true) message.isOdd = true\n    else {", "{"],
    ["if (message.isOdd) return message.hasResult || asked !== undefined", ""],
    ["return message.hasResult || asked", "return asked"],
    ["message.lists.length === 1 && message.lists[0]", "message.lists[0]"],
    ["message.lists[0]?.method === asked", "true"],
    ["return message.hasError ? message.hasResult : !isList", "return !message.hasError && !isList"],
    ["name !== undefined && may(list.method, name)", "name === undefined || may(list.method, name)"],
    ["if (isFiltered && scope !== undefined) {", "if (false) {"],
    ["if (message.hasResult || message.hasError) answered", "answered"],
    ["every((it) => answered.has(it))", "some((it) => answered.has(it))"],
    ["      isBroken = true\n", ""],
    [".toSorted(([a], [b]) => a - b)", ""],
    ["isFirst ? \"\" : \",\"", "\",\""],
    ["if (isList) return void (this.#isBad = true)", "if (isList) return"],
    [
      "if (kind === \"message\" && this.#member === \"error\") message.hasError = true\n    else",
      ""
    ]
  ]),
  ...server("mcp/EventStream.ts", [
    ["this.#isFirst || this.#isAfterCr || this.#event !== \"\") return false", "false) return false"],
    ["this.#isAfterCr || this.#event !== \"\") return false", "this.#isAfterCr) return false"],
    ["this.#text.length > 0 || this.#isFirst", "this.#isFirst"],
    ["this.#isFirst || this.#isAfterCr || this", "this.#isAfterCr || this"],
    ["this.#isFirst || this.#isAfterCr || this", "this.#isFirst || this"],
    ["length > 1 && chunk[length - 1] === LF && chunk", "chunk"],
    ["chunk[length - 1] === LF && chunk[length - 2] === LF", "chunk[length - 1] === LF"],
    ["!chunk.includes(CR) &&\n      !this.#isMarked(chunk)", "!chunk.includes(CR)"],
    [" && !chunk.includes(CR)", ""],
    ["if (this.#text.length > this.#limit) {", "if (false) {"],
    ["if (data.length > this.#limit) {", "if (false) {"],
    ["from < to && text[from] === SPACE ? from + 1 : from", "from"],
    ["const cr = text.subarray(this.#searched, until).indexOf(CR)", "const cr = -1"],
    ["index === 0 ? [line] : [newLine, line]", "[line]"],
    [
      "out.push(text.subarray(from, this.#dataFrom), ...this.#otherLines(lines))",
      "out.push(text.subarray(from, this.#dataFrom))"
    ],
    ["if (this.#isCut) return undefined\n    if (this.#passes", "if (this.#passes"],
    ["(to - at === field.length || text[at + field.length] === COLON)", "true"],
    ["text.length === 0 ? chunk : Buffer.concat", "text.length >= 0 ? chunk : Buffer.concat"]
  ]),
  ...server("mcp/Sessions.ts", [
    ["identity?.issuer ?? null,", ""],
    ["principal.agent?.chain ?? []", "[]"],
    ["sessions.some((it) =>", "sessions.every((it) =>"],
    ["digest(`${server} ${unescaped(handle).toLowerCase()}`)", "digest(unescaped(handle).toLowerCase())"],
    ["unescaped(handle).toLowerCase()", "handle.toLowerCase()"],
    ["unescaped(handle).toLowerCase()", "unescaped(handle)"],
    ["if (theirs.size > this.#bounds.perCaller)", "if (false)"],
    ["if (this.#owners.size > this.#bounds.all)", "if (false)"],
    ["caller === everybody || !this.#owners.has(session)", "true"],
    ["caller === everybody || !this.#owners.has(session)", "!this.#owners.has(session)"],
    ["owner === everybody ? everybody : caller", "caller"],
    ["if (owner !== next) this", "this"],
    ["this.#isOthers(session, caller) ? everybody : caller", "caller"],
    ["[keyOf(server, `path ${address.path}`), ...values]", "values"],
    ["if (all.some((it) => this.#isOthers(it, caller))) return false", ""],
    ["if (!values.some((it) => this.#owners.get(it) === caller)) {", "if (false) {"],
    ["owner !== caller && owner !== everybody", "owner !== caller"],
    ["identity?.tenant ?? null,", ""],
    ["claims?.payload[\"sub\"] ?? identity?.user ?? null,", ""]
  ]),
  ...server("mcp/RpcError.ts", [
    ["it.fault === undefined ? denialText(it)", "denialText(it) !== \"\" ? denialText(it)"],
    ["if (fault !== undefined) return rpcCodes[fault]", ""],
    ["status === 400 || status === 405 || status === 415", "status === 400"],
    ["status === 502 || status === 504", "status === 504"],
    ["it.scope === undefined || it.scope.length === 0 ? {}", "true ? {}"],
    ["it.id ?? \"null\"", "\"null\""]
  ]),
  ...server("mcp/McpServers.ts", [
    ["b.path.length - a.path.length", "a.path.length - b.path.length"],
    ["path.length === prefix.length || path.charCodeAt(prefix.length) === 0x2f", "true"],
    ["of(path) === undefined && folded", "of(path) !== undefined && folded"],
    ["hasResources ? documents.get(trimmed(path))", "documents.has(trimmed(path)) ? documents.get(trimmed(path))"]
  ]),
  ...server("proxy/McpExchange.ts", [
    ["this.#it.hasBody && !isMessageType(this.#it.contentType)", "false"],
    ["isNoText ? noText : this.#reader?.body", "this.#reader?.body"],
    [
      "if (call.templates.some((it) => !allowed.reach.mayUseEvery(\"resource\", server, literalPrefix(it)))) {",
      "if (false) {"
    ],
    ["sessions.takes(server, call.handles, allowed) && this.#mayPost(allowed)", "this.#mayPost(allowed)"],
    [
      "sessions.takes(server, call.handles, allowed) && this.#mayPost(allowed)",
      "sessions.takes(server, call.handles, allowed)"
    ],
    ["statusOf(refusal.code) === 401 && scopes.length > 0 ?", "false ?"],
    ["statusOf(refusal.code) === 401 && scopes", "scopes"],
    ["(legacy && method === \"GET\")", "false"],
    ["method === \"GET\" || (this.#call", "(this.#call"],
    ["if (isGood && this.#it.method !== \"POST\") return to.deny()", ""],
    ["answer.isBroken || (isGood && !answer.isComplete)", "answer.isBroken"],
    ["answer === undefined || answer.isBroken || (isGood", "answer === undefined || (isGood"],
    ["plain === undefined || !isUtf8(plain) ?", "plain === undefined ?"],
    ["this.#opened(allowed, headers[\"mcp-session-id\"])", ""],
    [
      "return isPlain(headers) ? this.#stream(allowed, plan, to) : \"unreadable\"",
      "return this.#stream(allowed, plan, to)"
    ],
    ["kind === \"resource\" ? !isResourceUri(name) : !isItemName(name)", "false"],
    [
      "reach.mayUseEvery(kind, server.server, literalPrefix(name))",
      "reach.mayUse(kind, server.server, literalPrefix(name))"
    ],
    ["itemName(server, kind, name)", "name"],
    ["if (given === undefined) return \"cut\"", "if (given === undefined) return \"same\""],
    ["if (own.length > 0 || values.length === 0) sessions.gives(server, { path, values: own }, allowed)", ""],
    ["!legacy || method !== \"POST\" || sessions.mayPost", "sessions.mayPost"],
    ["sessions.mayPost(server, addressOf(target), allowed)", "true"],
    ["return Buffer.from(given.address)", "return \"same\""],
    ["isUtf8(data) ? filterAnswer(data, plan)", "true ? filterAnswer(data, plan)"],
    ["answer === undefined ? Buffer.from(plan.instead(undefined))", "answer === undefined ? \"same\""],
    ["marks: legacy ? everything : marks", "marks"],
    ["\"cache-control\", \"private, no-store, no-transform\"", ""]
  ])
]

/** All of them. */
export const tools: ReadonlyArray<Mutation> = [...rules, ...wire]
