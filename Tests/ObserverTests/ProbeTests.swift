import CurlClient
import LoopbackFixtures
import RolloutCore
import RolloutEngine
import Testing

@testable import Observers

/// One turn of a probe against a real server.
@Suite struct ProbeTests {
  let server: LoopbackServer
  let curl: CurlClient

  init() throws {
    server = try LoopbackServer(tls: true)
    curl = try CurlClient()
  }

  var web1: Instance {
    Instance(id: "web1", address: "127.0.0.1", labels: [.init(name: "port", value: "\(server.port)")])
  }

  func ask(
    _ target: ProbePolicy.Target, expecting: Version? = nil, caFile: String? = nil,
    transport: ScriptedTransport = ScriptedTransport(good: [])
  ) async throws -> ProbeAnswer {
    let policy = ProbePolicy(name: "p", target: target, timeout: .seconds(30))
    return try await PreparedProbe(policy, of: web1, expecting: expecting, caFile: caFile).ask(curl, transport)
  }

  func ask(_ path: String, _ expect: HTTPProbe.Expectation, expecting: Version? = nil) async throws -> ProbeAnswer {
    try await ask(.http(HTTPProbe(url: "http://{host}:{port}" + path, expect: expect)), expecting: expecting)
  }

  @Test func `status`() async throws {
    try server.set("/healthz", [.init(status: 503)])
    #expect(
      try await ask("/healthz", .init()) == .bad(detail: "GET \(server.url("/healthz")): 503, expected 200"))
    #expect(try await ask("/healthz", .init(status: [200, 503])) == .good)
    try server.set("/moved", [.init(status: 301, headers: ["Location": "/healthz"])])
    #expect(try await ask("/moved", .init()) == .bad(detail: "GET \(server.url("/moved")): 301, expected 200"))
  }

  @Test func `body and header`() async throws {
    try server.set("/b", [.init(headers: ["X-Mode": "live"], body: "ready \u{1b}[31m\nrest")])
    #expect(try await ask("/b", .init(body: "ready", headers: [.init(name: "x-mode", value: "live")])) == .good)
    let lacks = try await ask("/b", .init(body: "healthy"))
    #expect(
      lacks
        == .bad(detail: "GET \(server.url("/b")): body lacks \"healthy\", begins \"ready \u{FFFD}[31m\u{FFFD}rest\""))
    let header = try await ask("/b", .init(headers: [.init(name: "X-Mode", value: "idle")]))
    #expect(header == .bad(detail: "GET \(server.url("/b")): header X-Mode is live, expected idle"))
  }

  @Test func `JSON pointers`() async throws {
    try server.set("/j", [.init(body: #"{"a/b": [{"c~d": "x"}, 3, true, null, 1.5], "deep": {"": "e"}}"#)])
    for (pointer, value) in [
      ("/a~1b/0/c~0d", "x"), ("/a~1b/1", "3"), ("/a~1b/2", "true"), ("/a~1b/3", "null"), ("/a~1b/4", "1.5"),
      ("/deep/", "e"),
    ] {
      let expect = HTTPProbe.Expectation(json: [.init(pointer: pointer, equals: value)])
      #expect(try await ask("/j", expect) == .good, "\(pointer)")
    }
    for (pointer, phrase) in [
      ("/a~1b/9", "nothing at /a~1b/9"), ("/a~1b/01", "nothing at /a~1b/01"), ("/nope", "nothing at /nope"),
      ("/deep", "no plain value at /deep"), ("", "no plain value at "), ("/a~1b/1", "/a~1b/1 is 3, expected ok"),
      ("/a~2", "/a~2 is not a JSON pointer"),
    ] {
      let answer = try await ask("/j", .init(json: [.init(pointer: pointer, equals: "ok")]))
      #expect(answer == .bad(detail: "GET \(server.url("/j")): \(phrase)"), "\(pointer)")
    }
  }

  @Test(arguments: [510, 20_000]) func `a deeply nested document is an answer, not an end`(depth: Int) async throws {
    let body = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    try server.set("/deep", [.init(body: body)])
    guard case .bad = try await ask("/deep", .init(json: [.init(pointer: "/a", equals: "1")])) else {
      return #expect(Bool(false), "nesting passed for a value")
    }
  }

  @Test func `the version that answers must be the one pushed`() async throws {
    try server.set("/healthz", [.init(headers: ["X-Version": "2.0"], body: #"{"v": "2.0"}"#)])
    try server.set("/version", [.init(body: " 1.9\n")])
    try server.set("/info", [.init(body: #"{"version": "2.0", "built": 1}"#)])
    try server.set("/plain", [.init(body: "2.0\n")])
    let url = server.url("/healthz")
    for source in [HTTPProbe.VersionSource.header("x-version"), .pointer("/v"), .path("/info"), .path("/plain")] {
      #expect(try await ask("/healthz", .init(version: source), expecting: "2.0") == .good, "\(source)")
    }
    #expect(try await ask("/plain", .init(version: .body), expecting: "2.0") == .good)
    #expect(
      try await ask("/healthz", .init(version: .path("/version")), expecting: "2.0")
        == .bad(detail: "GET \(server.url("/version")): answers version 1.9, expected 2.0"))
    #expect(
      try await ask("/healthz", .init(version: .pointer("/v")), expecting: "2.1")
        == .bad(detail: "GET \(url): answers version 2.0, expected 2.1"))
    #expect(
      try await ask("/healthz", .init(version: .header("x-none")), expecting: "2.0")
        == .bad(detail: "GET \(url): names no version: no header x-none"))
    #expect(
      try await ask("/healthz", .init(version: .path("/gone")), expecting: "2.0")
        == .bad(detail: "GET \(server.url("/gone")): names no version: 404"))
    // Without a version to expect the assertion is skipped, and its address not asked.
    #expect(try await ask("/healthz", .init(version: .path("/unasked"))) == .good)
    #expect(try server.count("/unasked") == 0)
  }

  @Test func `TCP and TLS`() async throws {
    #expect(try await ask(.tcp("{host}:{port}")) == .good)
    let port = unusedPort()
    #expect(try await ask(.tcp("{host}:\(port)")) == .bad(detail: "TCP 127.0.0.1:\(port): connection refused"))
    try server.set("/s", [.init()])
    let https = ProbePolicy.Target.http(HTTPProbe(url: "https://{host}:\(server.tlsPort)/s"))
    #expect(try await ask(https, caFile: server.caFile) == .good)
    guard case .bad(let detail) = try await ask(https) else { return #expect(Bool(false), "trusted by nobody") }
    #expect(detail.hasSuffix("no TLS connection: the certificate is not signed by a trusted authority"))
  }

  @Test func `commands on the host`() async throws {
    let transport = ScriptedTransport([
      .success(CommandResult(exitStatus: 0, output: "")),
      .success(CommandResult(exitStatus: 3, output: "inactive\n")),
      .failure(Unreachable(detail: "ssh: no route")),
    ])
    let command = ProbePolicy.Target.command(["is-up", "--id={id}"])
    #expect(try await ask(command, transport: transport) == .good)
    #expect(
      try await ask(command, transport: transport) == .bad(detail: "is-up --id=web1: exit status 3: inactive"))
    #expect(try await ask(command, transport: transport) == .bad(detail: "is-up --id=web1: ssh: no route"))
    #expect(transport.script.with { $0.asked }.allSatisfy { $0 == ["is-up", "--id=web1"] })
  }

  @Test func `a service that goes down and comes back is reported as it happens`() async throws {
    try server.set("/healthz", [.init()])
    let watch = ProbeWatch(curl: curl, transport: ScriptedTransport(good: []), clock: SystemClock())
    let probe = ProbePolicy(
      name: "http", target: .http(HTTPProbe(url: "http://{host}:{port}/healthz")),
      interval: TimeSpan(milliseconds: 10), timeout: .seconds(30), rise: 2, fall: 2)
    let (reports, reported) = AsyncStream<Health>.makeStream()
    let instance = web1
    let task = Task { await watch.watch(instance, probes: [probe], expecting: nil) { reported.yield($0) } }
    var iterator = reports.makeAsyncIterator()
    #expect(await iterator.next() == .healthy)
    try server.set("/healthz", [.init(status: 500)])
    #expect(
      await iterator.next() == .unhealthy(detail: "GET \(server.url("/healthz")): 500, expected 200"))
    try server.set("/healthz", [.init()])
    #expect(await iterator.next() == .healthy)
    task.cancel()
    await task.value
  }
}

@Suite struct InstanceAddressTests {
  static let web1 = Instance(id: "web1", address: "web1.example.net", labels: [.init(name: "p", value: "80/@evil")])

  @Test(arguments: [
    "http://{host}:8080/healthz", "HTTPS://{host}/", "http://WEB1.example.net/", "http://{host}/a?b={id}",
  ])
  func `the instance's own host`(template: String) throws {
    #expect(try InstanceAddress(expanding: template, for: Self.web1).url.host == "web1.example.net")
  }

  @Test(arguments: [
    "http://other/", "http://{host}.evil.net/", "http://{host}@evil.net/", "http://evil.net/{host}",
    "http://169.254.169.254/", "file:///{host}", "http://{host}\\@evil.net/", "http://evil.net#{host}",
    "ftp://{host}/", "http://{id}/", "{host}:80", "http://{nolabel}/", "http://evil.net\t{host}/",
  ])
  func `nothing else`(template: String) {
    #expect(throws: InstanceAddress.Refusal.self) { try InstanceAddress(expanding: template, for: Self.web1) }
  }

  @Test func `numbers mean the same machine only when they are the same address`() throws {
    let local = Instance(id: "a", address: "127.0.0.1")
    #expect(try InstanceAddress(expanding: "http://0x7f.1:80/", for: local).url.host == "127.0.0.1")
    #expect(throws: InstanceAddress.Refusal.self) { try InstanceAddress(expanding: "http://127.0.0.2/", for: local) }
    let six = Instance(id: "b", address: "::1")
    #expect(try InstanceAddress(expanding: "http://[::1]:80/", for: six).url.port == 80)
  }

  @Test func `endpoints are host and port, no more`() throws {
    #expect(try InstanceAddress(endpoint: "{host}:5432", for: Self.web1).url.port == 5432)
    for wrong in ["{host}", "{host}:80/x", "{host}:80?x", "other:80", "u@{host}:80", "{host}:{p}", "{host}:0x50"] {
      #expect(throws: InstanceAddress.Refusal.self, "\(wrong)") {
        try InstanceAddress(endpoint: wrong, for: Self.web1)
      }
    }
  }

  @Test func `a refused probe is unhealthy from the start, with the reason`() async throws {
    let watch = ProbeWatch(curl: try CurlClient(), transport: ScriptedTransport(good: []), clock: JumpingClock())
    let probe = ProbePolicy(name: "meta", target: .http(HTTPProbe(url: "http://169.254.169.254/latest")))
    let (reports, signal) = AsyncStream<Health>.makeStream()
    let task = Task { await watch.watch(Self.web1, probes: [probe], expecting: nil) { signal.yield($0) } }
    var iterator = reports.makeAsyncIterator()
    let detail = """
      probe meta is not sent: http://169.254.169.254/latest: only the instance's own host web1.example.net may be \
      asked; write {host} there
      """
    #expect(await iterator.next() == .unhealthy(detail: detail))
    #expect(ProbeWatch.refusal(of: [probe], for: Self.web1) != nil)
    task.cancel()
    await task.value
  }
}
