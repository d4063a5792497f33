import Foundation
import LoopbackFixtures
import Testing

@testable import CurlClient

/// Against a real server on loopback.
@Suite(.serialized) struct CurlClientTests {
  let server: LoopbackServer
  let client: CurlClient

  init() throws {
    server = try LoopbackServer()
    client = try CurlClient()
  }

  func get(
    _ path: String, timeout: Int = 30_000, maxBody: Int = 1 << 20, reuse: Bool = true
  ) async throws -> Result<CurlResponse, CurlFailure> {
    await client.get(
      CurlRequest(
        try CurlURL(server.url(path)), timeout: timeout, connectTimeout: timeout, maxBody: maxBody,
        reusesConnections: reuse))
  }

  @Test func `status, headers and body arrive`() async throws {
    try server.set("/a", [.init(status: 418, headers: ["X-Version": " 2.4.1 "], body: "tea\n")])
    let response = try await get("/a").get()
    #expect(response.status == 418)
    #expect(response.header("x-VERSION") == "2.4.1")
    #expect(response.text == "tea\n")
    let head = try await client.get(CurlRequest(try CurlURL(server.url("/a")), method: .head)).get()
    #expect(head.status == 418 && head.body.isEmpty)
  }

  @Test func `own headers are sent, line breaks in them refused`() async throws {
    let url = try CurlURL(server.url("/headers"))
    let good = CurlRequest(url, headers: [.init(name: "Host", value: "shop.example"), .init(name: "X-A", value: "1")])
    let text = try await client.get(good).get().text
    #expect(text.contains("\"host\": \"shop.example\"") && text.contains("\"x-a\": \"1\""))
    let bad = await client.get(CurlRequest(url, headers: [.init(name: "X", value: "1\r\nEvil: 2")]))
    guard case .failure(.unusable) = bad else { return #expect(Bool(false), "\(bad)") }
  }

  @Test(arguments: ["/hang", "/stall"]) func `a server that does not finish is given up`(path: String) async throws {
    #expect(try await get(path, timeout: 200) == .failure(.timedOut(milliseconds: 200)))
  }

  @Test func `the limit that ran out is the one named`() async throws {
    // TLS to a server that accepts and then says nothing: the handshake never ends.
    let silent = try SilentListener()
    let tls = CurlRequest(try CurlURL("https://127.0.0.1:\(silent.port)/"), timeout: 30_000, connectTimeout: 100)
    #expect(await client.get(tls) == .failure(.timedOut(milliseconds: 100)))
  }

  @Test func `nobody listening`() async throws {
    let url = try CurlURL("http://127.0.0.1:\(unusedPort())/")
    #expect(await client.get(CurlRequest(url)) == .failure(.refused))
    guard case .failure(.refused) = await client.connect(url, timeout: 30_000) else {
      return #expect(Bool(false), "the connection was not refused")
    }
  }

  @Test func `no such name`() async throws {
    let url = try CurlURL("http://no-such-host.invalid/")
    #expect(await client.get(CurlRequest(url)) == .failure(.resolve(host: "no-such-host.invalid")))
  }

  @Test func `an endless body is cut at the limit`() async throws {
    #expect(try await get("/huge", maxBody: 100_000) == .failure(.tooLarge(limit: 100_000)))
    try server.set("/exact", [.init(body: String(repeating: "x", count: 1000))])
    #expect(try await get("/exact", maxBody: 1000).get().body.count == 1000)
    #expect(try await get("/exact", maxBody: 999) == .failure(.tooLarge(limit: 999)))
    let many = Dictionary(uniqueKeysWithValues: (0..<90).map { ("X-\($0)", String(repeating: "y", count: 1000)) })
    try server.set("/headed", [.init(headers: many)])
    #expect(try await get("/headed") == .failure(.tooLarge(limit: 65_536)))
  }

  @Test func `what is not HTTP is malformed`() async throws {
    guard case .failure(.malformed) = try await get("/garbage") else {
      return #expect(Bool(false), "an SSH banner was taken for HTTP")
    }
  }

  @Test func `a redirect is an answer, not a way`() async throws {
    try server.set("/from", [.init(status: 302, headers: ["Location": "/to"])])
    #expect(try await get("/from").get().status == 302)
    #expect(try server.count("/to") == 0)
  }

  @Test func `the environment's proxy is not used`() async throws {
    // One variable, left set: adding it once is safe beside threads that read the environment, taking it away is not.
    // Every other transfer of this process runs under it too.
    setenv("http_proxy", "http://127.0.0.1:\(unusedPort())", 1)
    try server.set("/direct", [.init(body: "here")])
    #expect(try await get("/direct", reuse: false).get().text == "here")
  }

  @Test func `a server that restarted on its port answers again`() async throws {
    try server.set("/a", [.init(body: "old")])
    #expect(try await get("/a").get().text == "old")
    server.stop()
    #expect(try await get("/a") == .failure(.refused))
    let next = try LoopbackServer(port: server.port)
    try next.set("/a", [.init(body: "new")])
    #expect(try await get("/a").get().text == "new")
  }

  @Test func `two hundred cancelled transfers all end as cancelled`() async throws {
    let url = try CurlURL(server.url("/hang"))
    let results = await withTaskGroup(of: Result<CurlResponse, CurlFailure>.self) { group in
      for _ in 0..<200 { group.addTask { await client.get(CurlRequest(url, timeout: 600_000)) } }
      // Some are under way, some wait in the inbox, some have not begun.
      _ = await eventually { (try? server.count("/hang")) ?? 0 >= 20 }
      group.cancelAll()
      return await group.reduce(into: []) { $0.append($1) }
    }
    #expect(results.count == 200)
    #expect(results.allSatisfy { $0 == .failure(.cancelled) })
    try server.set("/alive", [.init(body: "yes")])
    #expect(try await get("/alive").get().text == "yes")
  }

  @Test func `a task cancelled before it asks sends nothing`() async throws {
    let url = try CurlURL(server.url("/never"))
    let task = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      return await client.get(CurlRequest(url))
    }
    #expect(await task.value == .failure(.cancelled))
    #expect(try server.count("/never") == 0)
  }

  @Test func `a client that goes away frees its descriptors`() async throws {
    try server.set("/a", [.init(body: "x")])
    let url = try CurlURL(server.url("/a"))
    let before = openDescriptors()
    for _ in 0..<20 {
      let short = try CurlClient()
      _ = try await short.get(CurlRequest(url)).get()
    }
    // The threads close after the last reference went; other suites run beside this one, so this waits for a level.
    #expect(await eventually { openDescriptors() <= before + 10 })
  }

  private func openDescriptors() -> Int {
    (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 0
  }

  @Test func `TCP connects and nothing else`() async throws {
    guard case .success = await client.connect(try CurlURL(server.url("/")), timeout: 30_000) else {
      return #expect(Bool(false), "no connection to a listening port")
    }
    #expect(try server.count("/") == 0)
  }
}

@Suite struct CurlTLSTests {
  @Test func `the right authority is trusted, another and the system's are not`() async throws {
    let server = try LoopbackServer(tls: true)
    let other = try LoopbackServer(tls: true)
    let client = try CurlClient()
    try server.set("/a", [.init(body: "secret")])
    let url = try CurlURL("https://127.0.0.1:\(server.tlsPort)/a")
    func get(_ url: CurlURL, _ ca: String?) async -> Result<CurlResponse, CurlFailure> {
      await client.get(CurlRequest(url, timeout: 30_000, connectTimeout: 30_000, caFile: ca, reusesConnections: false))
    }
    #expect(try await get(url, server.caFile).get().text == "secret")
    for ca in [other.caFile, nil] {
      #expect(
        await get(url, ca) == .failure(.tls(detail: "the certificate is not signed by a trusted authority")))
    }
    let named = try CurlURL("https://localhost:\(server.tlsPort)/a")
    let misnamed = await get(named, server.caFile)
    #expect(misnamed == .failure(.tls(detail: "the certificate is for another name than localhost")))
    guard case .failure(.unusable(let detail)) = await get(url, "/no/such/ca.pem") else {
      return #expect(Bool(false), "a missing CA file was accepted")
    }
    #expect(detail.contains("/no/such/ca.pem"))
    guard case .failure(.tls) = await get(try CurlURL("https://127.0.0.1:\(server.port)/a"), nil) else {
      return #expect(Bool(false), "TLS to a plain port")
    }
  }
}

@Suite struct CurlURLTests {
  @Test func `parts are normalised`() throws {
    let url = try CurlURL("HTTP://Web_1.Example.NET:8080/a?b=c#d")
    #expect(url.scheme == "http" && url.host == "web_1.example.net" && url.port == 8080)
    #expect(url.origin == "http://web_1.example.net:8080" && url.path == "/a" && url.query == "b=c")
    #expect(try CurlURL("https://[::1]").port == 443)
    #expect(try CurlURL("http://0x7f.1/").host == "127.0.0.1")
  }

  @Test(arguments: [
    "", "web1:8080/", "ftp://web1/", "file:///etc/passwd", "http://", "http://a b/", "http://a\u{0}b/",
    "http://web1:99999/", "http://[fe80::1%25eth0]/", "gopher://x/", "http://web1\r\nX: y/",
  ])
  func `refused`(text: String) {
    #expect(throws: CurlURL.Refusal.self) { try CurlURL(text) }
  }

  @Test(arguments: ["http://user@web1/", "http://user:pw@web1/", "http://web1@169.254.169.254/"])
  func `user names are refused`(text: String) {
    #expect(throws: CurlURL.Refusal.userInfo) { try CurlURL(text) }
  }
}
