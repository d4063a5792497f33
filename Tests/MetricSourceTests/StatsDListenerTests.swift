import CanaryJudge
import ChildProcesses
import RolloutCore
import TestKit
import Testing

@testable import Observers

/// Addresses, and the lives of listener and client.
@Suite(.serialized) struct StatsDListenerTests {
  @Test(arguments: [
    "", "8125", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536", "web1:8125", "::1:8125", ":8125",
  ])
  func `no address to listen on`(_ text: String) {
    #expect(throws: ListenAddress.Refusal.self) { try ListenAddress(text) }
  }

  @Test func `localhost is its address`() throws {
    #expect(try ListenAddress("localhost:8125") == ListenAddress("127.0.0.1:8125"))
    #expect(try ListenAddress("[::1]:8125").text == "[::1]:8125")
  }

  @Test(arguments: [("[::1]", true), ("[::]", true), ("[::]", false), ("0.0.0.0", false), ("localhost", false)])
  func `heard on`(_ host: String, _ isIPv6: Bool) async throws {
    var bench = try await StatsDBench(.gauge("depth"), host: host)
    try UDPSender(port: bench.port, isIPv6: isIPv6).send("depth:4|g|#instance:web1")
    #expect(await bench.arrived(1))
    #expect(await bench.look()[0][0] == .measured(.gauge(4)))
    await bench.reader.close()
  }

  @Test func `an address that is taken is an error, until it is free`() async throws {
    var first = try await StatsDBench(.gauge("depth"))
    // Another process would have listeners of its own, as this one has.
    var second = try await StatsDBench(.gauge("depth"), port: first.port)
    let problem = try #require(await second.look()[0][0].problem)
    #expect(problem.kind == .error)
    #expect(
      problem.detail == "listening on 127.0.0.1:\(first.port): something else listens there; end it (`ss -ulnp` names "
        + "it) or choose another port")
    await first.reader.close()
    #expect(await second.look() == [[.first, .first]])
    #expect(try await second.look(after: "depth:1|g|#instance:web1")[0][0] == .measured(.gauge(1)))
    await second.reader.close()
    #expect(await first.look()[0][0].problem?.kind == .error, "closed for good")
  }

  @Test func `readers of one address share the socket, which goes with the last of them`() async throws {
    let listeners = StatsDListeners()
    var first = try await StatsDBench(.gauge("depth"), listeners: listeners)
    var second = try await StatsDBench(.rate("orders"), port: first.port, listeners: listeners)
    try await first.send("depth:1|g|#instance:web1\norders:1|c|#instance:web1")
    #expect(await second.arrived(1))
    #expect(await first.look()[0][0] == .measured(.gauge(1)))
    #expect(await second.look()[0][0] == .first)
    await first.reader.close()
    _ = try await second.look(after: "orders:1|c|#instance:web1")
    await second.reader.close()
    var third = try await StatsDBench(.gauge("depth"), port: first.port)
    #expect(try await third.look(after: "depth:2|g|#instance:web1")[0][0] == .measured(.gauge(2)))
    await third.reader.close()
  }

  @Test func `a listener that was gone hears the client that went on`() async throws {
    var bench = try await StatsDBench(.ratio(events: "errors", total: "requests"))
    #expect(try await bench.look(after: "requests:3|c|#instance:web1")[0][0] == StatsDReaderTests.counts(0, 3))
    await bench.reader.close()
    // Lost, as datagrams are; the sender is not told, or not always.
    try? bench.sender.send("requests:1000|c|#instance:web1")
    var next = try await StatsDBench(.ratio(events: "errors", total: "requests"), port: bench.port)
    try bench.sender.send("requests:4|c|#instance:web1")
    #expect(await next.arrived(1))
    #expect(await next.look()[0][0] == StatsDReaderTests.counts(0, 4))
    await next.reader.close()
  }

  @Test func `a real client, its death and its return`() async throws {
    var bench = try await StatsDBench(
      .ratio(events: "{id}.errors", total: "{id}.requests"), .histogram(name: "{id}.took", quantiles: [0.9]),
      .gauge("{id}.depth"), .gauge("{id}.users"), tag: nil)
    let other = try await StatsDService(port: bench.port, prefix: "web2")
    var service = try await StatsDService(port: bench.port, prefix: "web1")
    try await service.send([
      "incr requests 100", "incr errors 7", "timing took 12", "timing took 250", "gauge depth 5", "change depth 3",
      "set users ann", "set users bob", "set users ann",
    ])
    #expect(await bench.arrived(9))
    var seen = await bench.look()
    #expect(seen[0][0] == StatsDReaderTests.counts(7, 100))
    guard case .measured(.histogram(let histogram)) = seen[1][0] else { return #expect(Bool(false), "\(seen[1])") }
    #expect(histogram.buckets.count == 2)
    #expect(seen[2][0] == .measured(.gauge(8)) && seen[3][0] == .measured(.gauge(2)))
    #expect(seen.allSatisfy { $0[1].problem?.kind == .noData })

    await service.die()
    for _ in 0..<3 {
      try await other.send(["incr requests 10"])
      #expect(await bench.arrived(1))
      seen = await bench.look()
      #expect(seen[0][1] == StatsDReaderTests.counts(0, 10))
    }
    #expect(seen.allSatisfy { $0[0].problem?.kind == .noData })

    service = try await StatsDService(port: bench.port, prefix: "web1")
    try await service.send(["incr requests 50"])
    #expect(await bench.arrived(1))
    seen = await bench.look()
    #expect(seen[0][0] == StatsDReaderTests.counts(0, 50) && seen[2][0].problem?.kind == .noData)
    await service.die()
    await other.die()
    await bench.reader.close()
  }
}
