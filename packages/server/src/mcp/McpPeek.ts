/** Reads what a request to an MCP server asks for whose body is at hand as a whole. */
import type { RequestedTool } from "@jotgate/core/Request"
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
import { RpcBodyReader } from "./RpcBodyReader.ts"
import type { RpcBody } from "./RpcReader.ts"

const noText: RpcBody = { _tag: "Bad", error: "parse", why: "the body is no UTF-8" }

/** What is asked for, or why that cannot be said. A POST without a body is one whose body nobody has seen. */
export const asked = (
  server: McpAddressee,
  { body, contentType, method, rawHeaders }: WholeRequest
): RequestedTool | McpRefusal => {
  const head = readMcpHead(server, method, rawHeaders, body.length > 0)
  if (head._tag === "Refused") return head
  if (body.length === 0) return toolOf(readUnseenCall(head))
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

const toolOf = (call: ReturnType<typeof readMcpCall>): RequestedTool | McpRefusal =>
  call._tag === "Refused" ? call : call.tool
