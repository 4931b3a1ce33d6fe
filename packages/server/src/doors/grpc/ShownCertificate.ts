/**
 * What the gRPC listener shows its peers, and whose certificates it asks for: another certificate takes its place while it
 * listens, from the next connection on.
 */
import type { experimental } from "@grpc/grpc-js"
import type { Certificate } from "../../platform/Certificate.ts"

export class ShownCertificate implements experimental.CertificateProvider {
  #certificate: Certificate
  readonly #identities = new Set<experimental.IdentityCertificateUpdateListener>()
  readonly #authorities = new Set<experimental.CaCertificateUpdateListener>()

  constructor(certificate: Certificate) {
    this.#certificate = certificate
  }

  /** Whether peers must show a certificate of their own: as the listener was opened. */
  get asks(): boolean {
    return this.#certificate.clientCa !== undefined
  }

  /** Shows this one from now on. One that asks peers for nothing, where the one before did, changes nothing. */
  renew(certificate: Certificate): void {
    if (this.asks !== (certificate.clientCa !== undefined)) return
    this.#certificate = certificate
    for (const it of this.#authorities) this.#tellAuthority(it)
    for (const it of this.#identities) this.#tellIdentity(it)
  }

  #tellIdentity(listener: experimental.IdentityCertificateUpdateListener): void {
    const { cert, key } = this.#certificate
    listener({ certificate: Buffer.from(cert), privateKey: Buffer.from(key) })
  }

  #tellAuthority(listener: experimental.CaCertificateUpdateListener): void {
    const { clientCa } = this.#certificate
    listener(clientCa === undefined ? null : { caCertificate: Buffer.from(clientCa) })
  }

  // The library hears nothing of what it is told before it has finished to add a listener.

  addIdentityCertificateListener(listener: experimental.IdentityCertificateUpdateListener): void {
    this.#identities.add(listener)
    queueMicrotask(() => this.#tellIdentity(listener))
  }

  removeIdentityCertificateListener(listener: experimental.IdentityCertificateUpdateListener): void {
    this.#identities.delete(listener)
  }

  addCaCertificateListener(listener: experimental.CaCertificateUpdateListener): void {
    this.#authorities.add(listener)
    queueMicrotask(() => this.#tellAuthority(listener))
  }

  removeCaCertificateListener(listener: experimental.CaCertificateUpdateListener): void {
    this.#authorities.delete(listener)
  }
}
