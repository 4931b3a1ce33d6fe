"""A server of five tools, as users of PyPI's packages write one: `mcp_servers.py mcp|fastmcp PORT`. Each call is a line."""

import sys


def tool(name):
    def run() -> str:
        print(f"ran {name}", flush=True)
        return name

    run.__name__ = name
    return run


tools = [tool(name) for name in ["one", "two", "three", "four", "five"]]
_, package, port = sys.argv

if package == "fastmcp":
    from fastmcp import FastMCP

    server = FastMCP("five")
    for it in tools:
        server.tool(it)
    server.run(transport="http", host="127.0.0.1", port=int(port), path="/mcp", show_banner=False)
else:
    from mcp.server import MCPServer

    server = MCPServer("five")
    for it in tools:
        server.add_tool(it)
    server.run(transport="streamable-http", host="127.0.0.1", port=int(port))
