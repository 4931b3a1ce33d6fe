/** The certificate and key of the gate listener, read and checked before they are used. */
import { Effect, Redacted, Schema } from "effect"
import { X509Certificate } from "node:crypto"
import { createSecureContext } from "node:tls"

/** What a TLS listener is made of, in PEM. */
export interface Certificate {
  readonly cert: string
  readonly key: string
}

/** They are no certificate and its key; `reason` is for the operator. */
export class CertificateInvalid extends Schema.TaggedError<CertificateInvalid>()("CertificateInvalid", {
  reason: Schema.String
}) {
  override get message(): string {
    return `gateway.tls: ${this.reason}`
  }
}

const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "it cannot be read"

/** Checks that a listener can be opened with these two. */
export const check = (
  cert: Redacted.Redacted,
  key: Redacted.Redacted
): Effect.Effect<Certificate, CertificateInvalid> =>
  Effect.try({
    try: () => {
      const pair = { cert: Redacted.value(cert), key: Redacted.value(key) }
      createSecureContext(pair)
      return pair
    },
    catch: (error) => new CertificateInvalid({ reason: `certificate and key do not fit (${codeOf(error)})` })
  })

/** What an operator compares: whom it is for, and until when. */
export const told = ({ cert }: Certificate): { readonly subject: string; readonly validTo: string } => {
  const { subject, validTo } = new X509Certificate(cert)
  return { subject: (subject ?? "").replaceAll("\n", ", "), validTo }
}
