"""Asks LiteLLM's own library, in process, who may: one line of JSON in, one line of JSON out.

The whole of its request authentication runs (`user_api_key_auth`): token, pipeline, and the checks after it. Its rows
are read from the PostgreSQL database that is named, through a reader with the few operations of its database client;
every case runs in a transaction that is rolled back. Key sets are answered from the scenario, and the clock stands.

A line in: {"now", "config", "documents": {url: text}, "cases": [{"token", "request": {method, path, headers, body}}]}.
A line out: [{"allowed", "userId", "teamId", "orgId", "endUserId", "isAdmin", "status", "message"}].
"""

import asyncio
import json
import logging
import os
import re
import sys
from types import SimpleNamespace

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
os.environ["LITELLM_LOG"] = "CRITICAL"
logging.disable(logging.CRITICAL)

import httpx  # noqa: E402
import litellm  # noqa: E402
import psycopg  # noqa: E402
import time_machine  # noqa: E402
from fastapi import HTTPException, Request  # noqa: E402
from litellm.proxy import proxy_server  # noqa: E402
from litellm.proxy.agent_endpoints.agent_registry import global_agent_registry  # noqa: E402
from litellm.proxy.auth import handle_jwt, user_api_key_auth as auth  # noqa: E402
from litellm.proxy.auth.route_checks import RouteChecks  # noqa: E402
from litellm.proxy.pass_through_endpoints import pass_through_endpoints as pass_through  # noqa: E402
from litellm.proxy.utils import PrismaClient, ProxyLogging  # noqa: E402

schema_file = os.path.join(os.path.dirname(proxy_server.__file__), "schema.prisma")


def relations():
    """model -> {relation field: (model, own column, its column, is a list)}, as the schema that the library ships says."""
    models, name = {}, None
    for line in open(schema_file, encoding="utf8"):
        if start := re.match(r"model (\w+) \{", line):
            name = start.group(1)
            models[name] = {}
        elif line.startswith("}"):
            name = None
        elif name and (field := re.match(r"\s+(\w+)\s+(LiteLLM_\w+)(\[\])?\??(.*)", line)):
            own = re.search(r"fields:\s*\[(\w+)\], references:\s*\[(\w+)\]", field.group(4))
            models[name][field.group(1)] = (field.group(2), own and own.groups(), bool(field.group(3)))
    return models


RELATIONS = relations()


class Row:
    def __init__(self, values):
        self.__dict__.update(values)

    def model_dump(self, **_):
        return {name: plain(it) for name, it in self.__dict__.items()}

    dict = model_dump
    json = model_dump

    def __iter__(self):
        return iter(self.__dict__.items())

    def model_copy(self, update=None, **_):
        return Row({**self.__dict__, **(update or {})})


def plain(it):
    return it.model_dump() if isinstance(it, Row) else [plain(one) for one in it] if isinstance(it, list) else it


class Table:
    def __init__(self, connection, model):
        self.connection, self.model = connection, model

    async def delete_many(self, where=None, **_):
        text, values = self._where(where)
        return len(self._run(f'DELETE FROM "{self.model}" WHERE {text} RETURNING 1', values))

    def _where(self, where):
        parts, values = [], []
        for name, wanted in (where or {}).items():
            if name in ("OR", "AND"):
                inner = [self._where(one) for one in wanted]
                parts.append("(" + f" {name} ".join(it[0] for it in inner) + ")")
                values += [value for it in inner for value in it[1]]
            elif isinstance(wanted, dict) and not {"in", "equals", "not", "has", "gt", "lt", "gte", "hasSome", "is_empty"} & set(wanted):
                text, more = self._where(wanted)
                parts.append(text)
                values += more
            elif isinstance(wanted, dict):
                insensitive = wanted.get("mode") == "insensitive"
                for operator, value in wanted.items():
                    if operator == "mode":
                        continue
                    column = f'lower("{name}")' if insensitive else f'"{name}"'
                    value = value.lower() if insensitive and isinstance(value, str) else value
                    if operator == "is_empty":
                        parts.append(f'(cardinality("{name}") {"=" if value else ">"} 0)')
                        continue
                    form = {
                        "in": "{} = ANY(%s)", "equals": "{} = %s", "not": "{} IS DISTINCT FROM %s", "has": "%s = ANY({})",
                        "gt": "{} > %s", "lt": "{} < %s", "gte": "{} >= %s", "hasSome": "{} && %s",
                    }[operator]
                    parts.append(form.format(column))
                    values.append(value)
            elif wanted is None:
                parts.append(f'"{name}" IS NULL')
            else:
                parts.append(f'"{name}" = %s')
                values.append(wanted)
        return " AND ".join(parts) or "TRUE", values

    async def find_many(self, where=None, include=None, take=None, order=None, **_):
        text, values = self._where(where)
        limit = f" LIMIT {int(take)}" if take else ""
        found = self._run(f'SELECT * FROM "{self.model}" WHERE {text}{limit}', values)
        return [await self._joined(row, include or {}) for row in found]

    async def _joined(self, row, include):
        values = dict(row)
        for name, (model, own, several) in RELATIONS.get(self.model, {}).items():
            values[name] = None
            if not include.get(name):
                continue
            if own is None:
                back = next(it[1] for it in RELATIONS[model].values() if it[0] == self.model and it[1])
                own = (back[1], back[0])
            inner = include[name].get("include") if isinstance(include[name], dict) else None
            found = [] if row[own[0]] is None else await Table(self.connection, model).find_many({own[1]: row[own[0]]}, inner)
            values[name] = found if several else (found[0] if found else None)
        return Row(values)

    async def find_first(self, where=None, include=None, **_):
        found = await self.find_many(where, include, take=1)
        return found[0] if found else None

    find_unique = find_first

    async def count(self, where=None, **_):
        return len(await self.find_many(where))

    def _run(self, statement, values):
        """One statement; one that fails leaves the transaction as it was."""
        with self.connection.transaction(), self.connection.cursor(row_factory=psycopg.rows.dict_row) as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    async def create(self, data, include=None, **_):
        data = {name: it for name, it in data.items() if it is not None}
        columns = ", ".join(f'"{it}"' for it in data)
        values = [json.dumps(it) if isinstance(it, dict) else it for it in data.values()]
        holes = ", ".join(["%s"] * len(values))
        row, = self._run(f'INSERT INTO "{self.model}" ({columns}) VALUES ({holes}) RETURNING *', values)
        return await self._joined(row, include or {})

    async def update(self, where, data, include=None, **_):
        text, conditions = self._where(where)
        sets, values = [], []
        for name, value in data.items():
            if isinstance(value, dict) and set(value) <= {"push", "set", "increment"}:
                (operator, value), = value.items()
                form = {"push": '"{0}" = "{0}" || %s', "set": '"{0}" = %s', "increment": '"{0}" = "{0}" + %s'}[operator]
                value = [value] if operator == "push" and not isinstance(value, list) else value
            else:
                form = '"{0}" = %s'
                value = json.dumps(value) if isinstance(value, dict) else value
            sets.append(form.format(name))
            values.append(value)
        if not sets:
            return await self.find_first(where, include)
        rows = self._run(f'UPDATE "{self.model}" SET {", ".join(sets)} WHERE {text} RETURNING *', values + conditions)
        return await self._joined(rows[0], include or {}) if rows else None

    async def update_many(self, where, data, **_):
        return 1 if await self.update(where, data) else 0

    async def upsert(self, where, data, include=None, **_):
        found = await self.find_first(where)
        return await (self.update(where, data["update"], include) if found else self.create(data["create"], include))


class Database:
    """What the library calls `prisma_client.db`."""

    def __init__(self, connection):
        self.connection = connection
        self.tables = {model.lower(): Table(connection, model) for model in RELATIONS}

    def __getattr__(self, name):
        if name in self.__dict__.get("tables", {}):
            return self.tables[name]
        raise AttributeError(name)

    async def query_raw(self, query, *values):
        numbered = re.sub(r"\$(\d+)", lambda it: f"%(p{it.group(1)})s", query.replace("%", "%%"))
        return Table(self.connection, "")._run(numbered, {f"p{i + 1}": list(it) if isinstance(it, (tuple, set, frozenset)) else it for i, it in enumerate(values)})

    async def query_first(self, query, *values, **_):
        found = await self.query_raw(query, *values)
        return found[0] if found else None

    async def execute_raw(self, query, *values):
        await self.query_raw(query, *values)
        return 0

    def is_connected(self):
        return True

    def tx(self, *_, **__):
        database = self

        class Transaction:
            async def __aenter__(self):
                return database

            async def __aexit__(self, *_):
                return False

        return Transaction()

    batch_ = tx


def client_of(connection):
    client = PrismaClient.__new__(PrismaClient)
    database = Database(connection)
    client.__dict__.update(db=database, writer_db=database, proxy_logging_obj=proxy_server.proxy_logging_obj)
    return client


def answer_of(text, url):
    return httpx.Response(200, text=text, headers={"content-type": "application/json"}, request=httpx.Request("GET", url))


def hook_of(config):
    hook = config.get("customValidate")
    return None if not hook else lambda claims: claims.get(hook["claim"]) == hook["equals"]


changed = {}


async def prepare(scenario, connection):
    config = scenario["config"]
    general = json.loads(json.dumps(config.get("general_settings") or {}))
    general.setdefault("enable_jwt_auth", True)
    for name in ("JWT_PUBLIC_KEY_URL", "JWT_AUDIENCE", "JWT_ISSUER"):
        os.environ.pop(name, None)
    os.environ.update({name: str(value) for name, value in (config.get("env") or {}).items()})
    cache = proxy_server.user_api_key_cache
    cache.in_memory_cache.flush_cache()
    proxy_server.premium_user = True
    proxy_server.master_key = "sk-master"
    proxy_server.general_settings = general
    proxy_server.prisma_client = client_of(connection)
    proxy_server.llm_model_list = config.get("model_list") or []
    for name, value in changed.items():
        setattr(litellm, name, value)
    changed.clear()
    for name, value in (config.get("litellm_settings") or {}).items():
        changed[name] = getattr(litellm, name, None)
        setattr(litellm, name, value)
    models, router = config.get("model_list"), config.get("router_settings") or {}
    proxy_server.llm_router = litellm.Router(model_list=models, **router) if models or router else None
    declared = dict(general.get("litellm_jwtauth") or {})
    hook = hook_of(config)
    jwt = handle_jwt.LiteLLM_JWTAuth(**declared)
    if hook:
        jwt.custom_validate = hook
    proxy_server.jwt_handler.update_environment(
        prisma_client=proxy_server.prisma_client, user_api_key_cache=cache, litellm_jwtauth=jwt
    )
    proxy_server.jwt_handler.bind_agent_lookup(global_agent_registry)
    documents = scenario["documents"]

    async def get(url, **_):
        if url not in documents:
            raise httpx.ConnectError("nothing is there", request=httpx.Request("GET", url))
        return answer_of(documents[url], url)

    proxy_server.jwt_handler.http_handler = SimpleNamespace(get=get)
    agents = await global_agent_registry.get_all_agents_from_db(prisma_client=proxy_server.prisma_client)
    global_agent_registry.load_agents_from_db_and_config(agent_config=[], db_agents=agents)
    pass_through.InitPassThroughEndpointHelpers._registered_pass_through_routes = {} if hasattr(
        pass_through, "InitPassThroughEndpointHelpers"
    ) else None
    await pass_through.initialize_pass_through_endpoints(general.get("pass_through_endpoints") or [])


def request_of(case):
    asked = case["request"]
    body = json.dumps(asked.get("body") or {}).encode()
    path, _, query = asked["path"].partition("?")
    headers = {"authorization": f"Bearer {case['token']}", "content-type": "application/json", **(asked.get("headers") or {})}
    scope = {
        "type": "http", "method": asked["method"], "path": path, "raw_path": path.encode(), "query_string": query.encode(),
        "headers": [(name.lower().encode(), str(value).encode()) for name, value in headers.items()],
        "scheme": "http", "server": ("127.0.0.1", 4000), "client": ("127.0.0.1", 1), "root_path": "", "app": proxy_server.app,
        "state": {}, "path_params": {},
    }

    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}

    return Request(scope, receive)


def status_of(error):
    for name in ("status_code", "code"):
        value = getattr(error, name, None)
        if value is not None and str(value).isdigit():
            return int(value)
    return None


built = {}


async def building(*args, **named):
    """The pipeline's own result says who is meant; what follows may only deny."""
    built.clear()
    result = await build(*args, **named)
    built.update(result)
    return result


build = handle_jwt.JWTAuthManager.auth_builder
handle_jwt.JWTAuthManager.auth_builder = staticmethod(building)


async def decide(case, cache):
    cache.in_memory_cache.flush_cache()
    built.clear()
    try:
        it = await auth.user_api_key_auth(request_of(case), api_key=f"Bearer {case['token']}")
    except (Exception, HTTPException) as error:
        said = getattr(error, "message", None) or getattr(error, "detail", None) or str(error)
        return {"allowed": False, "status": status_of(error), "message": str(said)[:300], "exception": type(error).__name__}
    return {
        "allowed": True,
        "userId": built.get("user_id"),
        "teamId": built.get("team_id"),
        "orgId": built.get("org_id"),
        "endUserId": built.get("end_user_id"),
        "agentId": built.get("agent_id"),
        "isAdmin": bool(built.get("is_proxy_admin")),
    }


async def run(connection):
    proxy_server.proxy_logging_obj = ProxyLogging(user_api_key_cache=proxy_server.user_api_key_cache)
    # The generic gate of roles and routes is no part of the comparison (RULES D41).
    RouteChecks.non_proxy_admin_allowed_routes_check = staticmethod(lambda *_, **__: None)

    async def at_once(*_, **__):
        return None

    handle_jwt.asyncio = SimpleNamespace(**{**vars(asyncio), "sleep": at_once})
    for line in sys.stdin:
        scenario = json.loads(line)
        with time_machine.travel(scenario["now"], tick=False):
            try:
                await prepare(scenario, connection)
            except Exception as error:
                connection.rollback()
                print(json.dumps({"refused": f"{type(error).__name__}: {error}"[:400]}), flush=True)
                continue
            answers = []
            for case in scenario["cases"]:
                with connection.transaction(force_rollback=True):
                    answers.append(await decide(case, proxy_server.user_api_key_cache))
        print(json.dumps(answers), flush=True)


print("ready", flush=True)
asyncio.run(run(psycopg.connect(sys.argv[1])))
