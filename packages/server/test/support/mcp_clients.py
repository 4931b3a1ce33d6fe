"""Lists and calls tools as users of the clients of PyPI do. One question as JSON in, one answer as JSON out."""

import asyncio
import json
import sys

question = json.loads(sys.argv[1])
bearer = {"Authorization": f"Bearer {question['token']}"}
arguments = {"echo": {"message": "hi"}, "get-sum": {"a": 1, "b": 2}}


async def each(call):
    called, errors = [], []
    for name in question["tools"]:
        try:
            await call(name, arguments.get(name, {}))
            called.append(name)
        except Exception as error:
            errors.append(f"{type(error).__name__}: {error}")
    return called, errors


async def official():
    import httpx2
    from mcp import ClientSession
    from mcp.client.streamable_http import streamable_http_client

    async with httpx2.AsyncClient(headers=bearer) as http:
        async with streamable_http_client(question["url"], http_client=http) as streams:
            async with ClientSession(streams[0], streams[1]) as session:
                await session.initialize()
                listed = [it.name for it in (await session.list_tools()).tools]
                return listed, *await each(session.call_tool)


async def fast():
    from fastmcp import Client
    from fastmcp.client.transports import StreamableHttpTransport

    async with Client(StreamableHttpTransport(question["url"], headers=bearer)) as client:
        listed = [it.name for it in await client.list_tools()]
        return listed, *await each(lambda name, given: client.call_tool(name, given, raise_on_error=False))


listed, called, errors = asyncio.run({"mcp": official, "fastmcp": fast}[question["client"]]())
print(json.dumps({"listed": listed, "called": called, "errors": errors}))
