"""Reads bodies as Python servers do: forms with Starlette and python-multipart, JSON and its lines with `json`.

One JSON object a line on standard input ({"type", "body"}, the body in base64), one a line on standard output:
{"fields", "files", "json", "lines"}, each null where this reader refuses the body.
"""
import asyncio
import base64
import json
import math
import sys

from starlette.datastructures import Headers
from starlette.formparsers import FormParser, MultiPartParser


async def chunks(body):
    yield body
    yield b""


async def form(content_type, body):
    headers = Headers({"content-type": content_type})
    kind = content_type.split(";")[0].strip().lower()
    if kind == "multipart/form-data":
        data = await MultiPartParser(headers, chunks(body)).parse()
    elif kind == "application/x-www-form-urlencoded":
        data = await FormParser(headers, chunks(body)).parse()
    else:
        return None, None
    fields, files = [], []
    for name, value in data.multi_items():
        if isinstance(value, str):
            fields.append([name, value])
        else:
            files.append([name, base64.b64encode(await value.read()).decode()])
    return fields, files


def finite(digits):
    number = float(digits)
    return number if math.isfinite(number) else None


def text(body):
    try:
        # NaN and Infinity, also of a number that is too large, are no JSON to whoever reads the answer.
        return json.loads(body, parse_constant=lambda name: None, parse_float=finite)
    except (ValueError, RecursionError):
        return None


def lines(files):
    read = []
    for _, content in files or []:
        raw = base64.b64decode(content)
        for line in raw.decode("utf-8", "replace").splitlines():
            read.append(text(line))
        for line in raw.split(b"\n"):
            read.append(text(line))
    return read


async def main():
    for line in sys.stdin:
        asked = json.loads(line)
        body = base64.b64decode(asked["body"])
        try:
            fields, files = await form(asked["type"], body)
        except Exception:
            fields, files = None, None
        answer = {"fields": fields, "files": files, "json": text(body), "lines": lines(files)}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


asyncio.run(main())
