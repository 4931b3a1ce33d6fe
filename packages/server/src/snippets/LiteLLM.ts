import { bare } from "./HeaderLists.ts"
import type { SnippetOptions } from "./SnippetOptions.ts"

/** A complete LiteLLM `custom_auth` module that asks `/decide`. `gate` is the admin listener. */
export const litellm = ({ gate }: SnippetOptions): string =>
  `"""LiteLLM asks jotgate about every request.

Save as jotgate_auth.py beside LiteLLM's config.yaml and write there:

  general_settings:
    custom_auth: jotgate_auth.user_api_key_auth

The environment variable JOTGATE_ADMIN_TOKEN holds the value of gateway.adminToken, where one is configured.
"""
import os
import re
import secrets

import httpx
from fastapi import HTTPException, Request
from litellm.proxy._types import LitellmUserRoles, UserAPIKeyAuth

DECIDE = os.environ.get("JOTGATE_DECIDE", "${bare(gate)}/decide")
TOKEN = os.environ.get("JOTGATE_ADMIN_TOKEN")

client = httpx.AsyncClient(
    timeout=httpx.Timeout(5.0, connect=1.0),
    headers={"authorization": f"Bearer {TOKEN}"} if TOKEN else {},
    trust_env=False,
)


FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")


def quoted(text: str) -> str:
    return text.replace('"', "%22").replace("\\r", "%0D").replace("\\n", "%0A")


async def form(request: Request, boundary: str) -> str:
    """The form as LiteLLM has read it, written anew: what is judged is what LiteLLM acts on."""
    parts = []
    for name, value in (await request.form()).multi_items():
        disposition = f'form-data; name="{quoted(name)}"'
        if not isinstance(value, str):
            await value.seek(0)
            content = await value.read()
            await value.seek(0)
            disposition += f'; filename="{quoted(value.filename or "file")}"'
            try:
                value = content.decode("utf-8")
            except UnicodeDecodeError:
                # Audio and images name no model: their beginning says what they are.
                value = content[:1024].decode("utf-8", "replace")
        parts.append(f"--{boundary}\\r\\nContent-Disposition: {disposition}\\r\\n\\r\\n{value}\\r\\n")
    return "".join(parts) + f"--{boundary}--\\r\\n"


async def question(request: Request) -> dict:
    headers: dict[str, list[str]] = {}
    for name, value in request.headers.items():
        headers.setdefault(name, []).append(value)
    path = request.scope.get("raw_path", request.url.path.encode()).decode("latin-1")
    query = request.scope.get("query_string", b"").decode("latin-1")
    asked = {"method": request.method, "path": f"{path}?{query}" if query else path, "headers": headers}
    if request.headers.get("content-type", "").split(";", 1)[0].strip().lower() in FORMS:
        # LiteLLM has read the stream of a form already; there are no bytes any more, only its fields.
        boundary = f"jotgate-{secrets.token_hex(16)}"
        asked["body"] = await form(request, boundary)
        for name in ("content-length", "transfer-encoding", "content-encoding"):
            headers.pop(name, None)
        headers["content-type"] = [f"multipart/form-data; boundary={boundary}"]
    else:
        body = await request.body()
        if body:
            asked["body"] = body.decode("utf-8", "replace")
    return asked


def names(models: list[str]) -> list[str]:
    """LiteLLM lists models by name: each pattern stands for the names of its models that fit."""
    from litellm.proxy.proxy_server import llm_router

    if llm_router is None:
        return models
    known = llm_router.get_model_names()
    fits = [re.compile(".*".join(re.escape(part) for part in it.split("*")), re.DOTALL) for it in models]
    return [name for name in known if any(it.fullmatch(name) for it in fits)]


def refusal(decision: dict) -> HTTPException:
    headers = {"WWW-Authenticate": 'Bearer realm="jotgate"'} if decision["status"] == 401 else None
    detail = f'{decision["code"]}, decision {decision["decision"]}'
    return HTTPException(status_code=decision["status"], detail=detail, headers=headers)


def caller(decision: dict, api_key: str) -> UserAPIKeyAuth:
    user, team = decision["user"] or {}, decision["team"] or {}
    return UserAPIKeyAuth(
        api_key=api_key,
        user_id=user.get("id"),
        user_email=user.get("email"),
        user_role=LitellmUserRoles.PROXY_ADMIN if decision["admin"] else LitellmUserRoles.INTERNAL_USER,
        team_id=team.get("id"),
        team_alias=team.get("alias"),
        org_id=(decision["organization"] or {}).get("id"),
        end_user_id=(decision["endUser"] or {}).get("id"),
        # An empty list would mean every model to LiteLLM.
        models=names(decision["models"]) or ["no-default-models"],
    )


async def user_api_key_auth(request: Request, api_key: str) -> UserAPIKeyAuth:
    try:
        answer = await client.post(DECIDE, json=await question(request))
        answer.raise_for_status()
        decision = answer.json()
        if decision["allowed"] is True:
            return caller(decision, api_key)
        denied = refusal(decision)
    except (httpx.HTTPError, ValueError, LookupError, TypeError, AttributeError, RuntimeError, OSError):
        denied = HTTPException(status_code=503, detail="gate_unreachable", headers={"Retry-After": "5"})
    raise denied
`
