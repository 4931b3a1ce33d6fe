/** The MCP clients of npm, as their users set them up: what they list, and which tools they can call. */
import * as Newest from "@modelcontextprotocol/client"
import { Client } from "@modelcontextprotocol/sdk/client/index.js"
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js"
import { Effect } from "effect"

/** What a client got. */
export interface Used {
  readonly listed: ReadonlyArray<string>
  readonly called: ReadonlyArray<string>
  /** What the client says of the calls that were denied. */
  readonly errors: ReadonlyArray<string>
}

interface Session {
  readonly list: () => Promise<ReadonlyArray<string>>
  readonly call: (name: string) => Promise<unknown>
  readonly close: () => Promise<void>
}

const identity = { name: "jotgate-test", version: "1.0.0" }

/** `@modelcontextprotocol/sdk` 1.x: sessions of the revisions up to 2025-11-25. */
export const first = async (url: string, token: string): Promise<Session> => {
  const client = new Client(identity)
  const requestInit = { headers: { authorization: `Bearer ${token}` } }
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit }))
  return {
    list: async () => (await client.listTools()).tools.map((it) => it.name),
    call: (name) => client.callTool({ name, arguments: {} }),
    close: () => client.close()
  }
}

/** `@modelcontextprotocol/client`: revision 2026-07-28 where the server has it. */
export const newest = async (url: string, token: string): Promise<Session> => {
  const client = new Newest.Client(identity, { versionNegotiation: { mode: "auto" } })
  const requestInit = { headers: { authorization: `Bearer ${token}` } }
  await client.connect(new Newest.StreamableHTTPClientTransport(new URL(url), { requestInit }))
  return {
    list: async () => (await client.listTools()).tools.map((it) => it.name),
    call: (name) => client.callTool({ name, arguments: {} }),
    close: () => client.close()
  }
}

/** Lists, and calls each of these tools. */
export const use = (open: () => Promise<Session>, tools: ReadonlyArray<string>): Effect.Effect<Used> =>
  Effect.promise(async () => {
    const session = await open()
    const listed = await session.list()
    const called: Array<string> = []
    const errors: Array<string> = []
    for (const name of tools) {
      await session.call(name).then(
        () => called.push(name),
        (error: unknown) => errors.push(String(error))
      )
    }
    await session.close()
    return { listed, called, errors }
  })
