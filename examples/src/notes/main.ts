/** `node --conditions=source examples/src/notes/main.ts ISSUER AUDIENCE PORT`: serves the notes on loopback. */
import { NodeHttpServer, NodeRuntime } from "@effect/platform-node"
import { Layer } from "effect"
import { HttpRouter } from "effect/http"
import { createServer } from "node:http"
import { Routes } from "./Api.ts"
import { database, gate, settingsFor } from "./Live.ts"

const [issuer = "http://127.0.0.1:4182", audience = "notes", port = "8080"] = process.argv.slice(2)

HttpRouter.serve(Routes).pipe(
  Layer.provide(gate(settingsFor(issuer, audience))),
  Layer.provide(database("notes.db")),
  Layer.provide(NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: Number(port) })),
  Layer.launch,
  NodeRuntime.runMain
)
