import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { check, kindOfAddress, kindOfHost, type Reach } from "../../src/issuer/Target.ts"

const outside: Reach = { _tag: "Discovered", issuer: "idp.test" }

describe("Target", () => {
  it.each([
    ["127.0.0.1", "loopback"],
    ["127.9.9.9", "loopback"],
    ["::1", "loopback"],
    ["::ffff:127.0.0.1", "loopback"],
    ["10.1.2.3", "private"],
    ["172.16.0.1", "private"],
    ["172.32.0.1", "public"],
    ["192.168.1.1", "private"],
    ["100.64.0.1", "private"],
    ["fd00::1", "private"],
    ["169.254.169.254", "linkLocal"],
    ["::ffff:169.254.169.254", "linkLocal"],
    ["fe80::1%eth0", "linkLocal"],
    ["0.0.0.0", "reserved"],
    ["255.255.255.255", "reserved"],
    ["224.0.0.1", "reserved"],
    ["::", "reserved"],
    ["64:ff9b::a00:1", "reserved"],
    ["2002:a00:1::", "reserved"],
    ["8.8.8.8", "public"],
    ["2606:4700::1", "public"],
    ["idp.test", undefined]
  ])("%s is %s", (address, kind) => {
    assert.strictEqual(kindOfAddress(address), kind)
  })

  it.each([
    ["localhost", "loopback"],
    ["LOCALHOST.", "loopback"],
    ["idp.localhost", "loopback"],
    ["[::1]", "loopback"],
    ["localhost.test", undefined]
  ])("the host %s is %s", (host, kind) => {
    assert.strictEqual(kindOfHost(host), kind)
  })

  it.each([
    "https://2130706433/",
    "https://0x7f.1/",
    "https://127.1/",
    "https://[::ffff:7f00:1]/",
    "https://①②⑦.0.0.1/",
    "https://localhost/",
    "https://10.0.0.1/",
    "https://169.254.169.254/latest",
    "https://[fd00::1]/",
    "https://0.0.0.0/"
  ])("threat C08: a discovered address may not be %s, however it is spelled", (url) => {
    assert.isTrue(Result.isFailure(check(url, { reach: outside, allowInsecure: true })))
    assert.isTrue(Result.isSuccess(check(url, { reach: { _tag: "Configured" }, allowInsecure: true })))
  })

  it.each(["ftp://idp.test/", "file:///etc/passwd", "data:,x", "//idp.test", "", "https://user@idp.test/", "https://"])(
    "refuses %s",
    (url) => {
      assert.isTrue(Result.isFailure(check(url, { reach: { _tag: "Configured" }, allowInsecure: true })))
    }
  )

  it("an issuer inside the network may name addresses of the same kind, no other", () => {
    const inside = (url: string) =>
      check(url, { reach: { _tag: "Discovered", issuer: "10.0.0.5" }, allowInsecure: false })
    assert.isTrue(Result.isSuccess(inside("https://10.0.0.6/keys")))
    assert.isTrue(Result.isFailure(inside("https://169.254.169.254/")))
    assert.isTrue(Result.isFailure(inside("https://127.0.0.1/")))
  })
})
