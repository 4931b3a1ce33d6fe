/** Reads what a request to an MCP server asks for whose body is at hand as a whole. */
import type { ToolReader } from "@jotgate/core/Door"
import { compile } from "@jotgate/core/McpServer"
import { noTool, type RequestedTool } from "@jotgate/core/Request"
import { isUtf8 } from "node:buffer"
import type { WholeRequest } from "../model/ModelPeek.ts"
import {
  isMessageType,
  type McpAddressee,
  type McpRefusal,
  readMcpCall,
  readMcpHead,
  readUnseenCall
} from "./McpRequest.ts"
import type { McpServer } from "./McpServers.ts"
import { RpcBodyReader } from "./RpcBodyReader.ts"
import type { RpcBody } from "./RpcReader.ts"

const noText: RpcBody = { _tag: "Bad", error: "parse", why: "the body is no UTF-8" }

/** What is asked for, or why that cannot be said; `body` is `undefined` where nobody has seen it. */
export const asked = (
  server: McpAddressee,
  { body, contentType, method, rawHeaders }: Omit<WholeRequest, "body"> & {
    /** Inflated; `undefined` where nobody has seen it. */
    readonly body: Uint8Array | undefined
  }
): RequestedTool | McpRefusal => {
  const head = readMcpHead(server, method, rawHeaders, body !== undefined && body.length > 0)
  if (head._tag === "Refused") return head
  if (body === undefined) return toolOf(readUnseenCall(head))
  if (body.length === 0) return toolOf(readMcpCall(head, undefined))
  if (!isMessageType(contentType)) {
    return {
      _tag: "Refused",
      code: "media_type_unsupported",
      fault: "invalid",
      why: "send application/json",
      id: undefined
    }
  }
  const reader = new RpcBodyReader(() => {})
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.length)
  reader.push(bytes)
  reader.end()
  return toolOf(readMcpCall(head, isUtf8(bytes) ? reader.body : noText))
}

/**
 * What is asked for of these servers, for a door of a host's own program: read as the proxy and the doors read it. A
 * body that is not seen leaves what the headers bind the server to.
 */
export const toolReader = (servers: ReadonlyArray<Pick<McpServer, keyof McpAddressee | "path">>): ToolReader => {
  const serverOf = compile(servers)
  return {
    concerns: (path) => serverOf(path) !== undefined,
    read: ({ body, method, rawHeaders, target }) => {
      const server = serverOf(target.split("?", 1)[0] ?? "/")
      if (server === undefined) return noTool
      const contentType = headerOf(rawHeaders, "content-type")
      const tool = asked(server, { method, target, rawHeaders, contentType, body })
      return tool._tag === "Refused" ? tool.code : tool
    }
  }
}

const headerOf = (raw: ReadonlyArray<string>, name: string): string => {
  for (let i = 0; i < raw.length; i += 2) if (raw[i]?.toLowerCase() === name) return raw[i + 1] ?? ""
  return ""
}

const toolOf = (call: ReturnType<typeof readMcpCall>): RequestedTool | McpRefusal =>
  call._tag === "Refused" ? call : call.tool
