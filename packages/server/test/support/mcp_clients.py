"""Lists and calls tools as users of the clients of PyPI do. Questions as JSON in, as many answers as JSON out."""

import asyncio
import json
import sys

arguments = {"echo": {"message": "hi"}, "get-sum": {"a": 1, "b": 2}}


async def each(tools, call):
    called, errors = [], []
    for name in tools:
        try:
            await call(name, arguments.get(name, {}))
            called.append(name)
        except Exception as error:
            errors.append(f"{type(error).__name__}: {error}")
    return called, errors


async def official(url, bearer, tools):
    import httpx2
    from mcp import ClientSession
    from mcp.client.streamable_http import streamable_http_client

    async with httpx2.AsyncClient(headers=bearer) as http:
        async with streamable_http_client(url, http_client=http) as streams:
            async with ClientSession(streams[0], streams[1]) as session:
                await session.initialize()
                listed = [it.name for it in (await session.list_tools()).tools]
                return listed, *await each(tools, session.call_tool)


async def newest(url, bearer, tools):
    import httpx2
    from mcp import Client
    from mcp.client.streamable_http import streamable_http_client

    async with httpx2.AsyncClient(headers=bearer) as http:
        async with Client(streamable_http_client(url, http_client=http)) as client:
            listed = [it.name for it in (await client.list_tools()).tools]
            return listed, *await each(tools, client.call_tool)


async def fast(url, bearer, tools):
    from fastmcp import Client
    from fastmcp.client.transports import StreamableHttpTransport

    async with Client(StreamableHttpTransport(url, headers=bearer)) as client:
        listed = [it.name for it in await client.list_tools()]
        return listed, *await each(tools, lambda name, given: client.call_tool(name, given, raise_on_error=False))


def answer(question):
    client = {"mcp": official, "mcp.Client": newest, "fastmcp": fast}[question["client"]]
    bearer = {"Authorization": f"Bearer {question['token']}"}
    listed, called, errors = asyncio.run(client(question["url"], bearer, question["tools"]))
    return {"listed": listed, "called": called, "errors": errors}


print(json.dumps([answer(it) for it in json.loads(sys.argv[1])]))
