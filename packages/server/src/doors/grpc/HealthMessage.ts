/** The messages of `grpc.health.v1`: which service is asked about, and how it is. */
import { delimited, varint, Wire } from "./Wire.ts"

/** How a service is; the numbers are those of the protocol. */
export type Serving = "SERVING" | "NOT_SERVING" | "SERVICE_UNKNOWN"

const numbers: Readonly<Record<Serving, number>> = { SERVING: 1, NOT_SERVING: 2, SERVICE_UNKNOWN: 3 }

/** What a message asks about. */
export interface Question {
  /** The name of the service; "" for all. */
  readonly service: string
}

/** Bytes → a question. Bytes that are no message throw a `RangeError`. */
export const read = (bytes: Buffer): Question => {
  const wire = new Wire(bytes)
  let service = ""
  for (let it = wire.next(); it !== 0; it = wire.next()) {
    if (it === delimited(1)) service = wire.octets()
    else wire.skip(it)
  }
  return { service }
}

/** The answer → bytes. */
export const answer = (it: Serving): Buffer => Buffer.of(varint(1), numbers[it])
