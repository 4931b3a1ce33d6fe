/** The certificate and key of the gate listener, read and checked before they are used. */
import { Effect, Redacted, Schema } from "effect"
import { X509Certificate } from "node:crypto"
import { createSecureContext } from "node:tls"

/** What a TLS listener is made of, in PEM. */
export interface Certificate {
  /** The certificate chain, in PEM. */
  readonly cert: string
  /** Its private key, in PEM. */
  readonly key: string
  /** Authorities of which peers must show a certificate; without it nobody is asked for one. */
  readonly clientCa?: string
}

/** They are no certificate and its key; `reason` is for the operator. */
export class CertificateInvalid extends Schema.TaggedError<CertificateInvalid>()("CertificateInvalid", {
  /** Why, for the operator. */
  reason: Schema.String,
  /** The key of the configuration that names it. */
  setting: Schema.String
}) {
  override get message(): string {
    return `${this.setting}: ${this.reason}`
  }
}

const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "it cannot be read"

/** Checks that a listener can be opened with these two. */
export const check = (
  cert: Redacted.Redacted,
  key: Redacted.Redacted,
  setting = "gateway.tls"
): Effect.Effect<Certificate, CertificateInvalid> =>
  Effect.try({
    try: () => {
      const pair = { cert: Redacted.value(cert), key: Redacted.value(key) }
      createSecureContext(pair)
      return pair
    },
    catch: (error) => new CertificateInvalid({ setting, reason: `certificate and key do not fit (${codeOf(error)})` })
  })

const pemCertificate = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

/** The same certificate on a listener that asks its peers for one of these authorities (`gateway.grpc.tls.clientCa`). */
export const asking = (
  own: Certificate,
  clientCa: Redacted.Redacted
): Effect.Effect<Certificate, CertificateInvalid> =>
  Effect.try({
    try: () => {
      // A text that holds no certificate is taken by the library for no authority at all, and asks for none.
      const all = Redacted.value(clientCa).match(pemCertificate) ?? [""]
      return { ...own, clientCa: all.map((it) => new X509Certificate(it).toString()).join("") }
    },
    catch: (error) =>
      new CertificateInvalid({ setting: "gateway.grpc.tls", reason: `clientCa is no certificate (${codeOf(error)})` })
  })

/** What an operator compares: whom it is for, and until when. */
export const told = ({ cert }: Certificate): { readonly subject: string; readonly validTo: string } => {
  const { subject, validTo } = new X509Certificate(cert)
  return { subject: (subject ?? "").replaceAll("\n", ", "), validTo }
}
