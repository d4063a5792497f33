import CanaryJudge
import ChildProcesses
import RolloutCore
import TestKit
import Testing

@testable import Observers

/// The listener on real datagrams.
@Suite(.serialized) struct StatsDReaderTests {
  static func counts(_ events: Double, _ exposure: Double) -> Observation {
    .measured(.counts(events: events, exposure: exposure))
  }

  @Test func `counters by tag, ids and addresses alike, of everybody else none`() async throws {
    var bench = try await StatsDBench(.ratio(events: "errors", total: "requests"))
    let seen = try await bench.look(
      after: "requests:100|c|#instance:web1,env:prod\nerrors:3|c|#env:prod,instance:web1",
      "requests:40|c|#instance:web2.example.net\nother:1|c|#instance:web2",
      "requests:7|c|#instance:web9\nrequests:7|c\nnobody:9|c\nnobody:1|ms")
    #expect(seen == [[Self.counts(3, 100), Self.counts(0, 40)]])
    await bench.reader.close()
  }

  @Test func `names that carry the id`() async throws {
    var bench = try await StatsDBench(.ratio(events: "{id}.errors", total: "{id}.requests"), tag: nil)
    let seen = try await bench.look(after: "web1.requests:10|c\nweb1.errors:1|c\nweb2.requests:20|c\nweb3.requests:5|c")
    #expect(seen == [[Self.counts(1, 10), Self.counts(0, 20)]])
    await bench.reader.close()
  }

  @Test func `one name for all instances without a tag cannot be told apart`() async throws {
    var bench = try await StatsDBench(.rate("orders"), tag: nil)
    let seen = await bench.look()
    #expect(seen[0][0].problem?.kind == .error)
    #expect(seen[0][0].problem?.detail.contains("write {id} in it, or give the tag") == true)
    let source = StatsDSource(listen: "127.0.0.1:8125")
    let check = CheckPolicy(name: "orders", source: .statsd(source), measure: .rate("orders"))
    #expect(StatsDReader.refusal(of: check, source: source, on: StatsDBench.instances) != nil)
    #expect(StatsDReader.refusal(of: check, source: source, on: [StatsDBench.instances[0]]) == nil)
    await bench.reader.close()
  }

  @Test func `timings become a histogram in the unit that was sent, and count as requests too`() async throws {
    var bench = try await StatsDBench(
      .histogram(name: "took", quantiles: [0.99]), .ratio(events: "errors", total: "took"))
    let seen = try await bench.look(
      after: "took:12:15:320|ms|#instance:web1\nerrors:1|c|#instance:web1", "took:0|ms|#instance:web2")
    guard case .measured(.histogram(let histogram)) = seen[0][0] else { return #expect(Bool(false), "\(seen[0])") }
    #expect(histogram.upperBounds == TimerBounds.edges)
    #expect(histogram.buckets.map(\.count) == [1, 1, 1])
    let slowest = TimerBounds.edges[Int(histogram.buckets[2].index)]
    #expect(slowest >= 320 && slowest < 320 * 1.06)
    #expect(seen[1] == [Self.counts(1, 3), Self.counts(0, 1)])
    await bench.reader.close()
  }

  @Test func `sampled lines count as what was sent`() async throws {
    var bench = try await StatsDBench(
      .ratio(events: "errors", total: "requests"), .rate("requests"), .histogram(name: "took", quantiles: [0.5]))
    let both = "requests:100|c|@0.1|#instance:web1\nerrors:5|c|@0.1|#instance:web1"
    var seen = try await bench.look(after: both, "took:5|ms|@0.1|#instance:web1")
    // 1000 requests happened, and 100 tell of them.
    #expect(seen[0][0] == Self.counts(5, 100))
    seen = try await bench.look(after: both)
    // 200 a second, known as well as by 100 in half a second.
    #expect(seen[1][0] == Self.counts(100, 0.5))
    // Errors sent all of them, requests one of ten.
    seen = try await bench.look(after: "requests:100|c|@0.1|#instance:web1\nerrors:20|c|#instance:web1")
    #expect(seen[0][0] == Self.counts(2, 100))
    // Nothing happened, and the rate is what it was.
    seen = try await bench.look(after: "took:5|ms|@0.1|#instance:web1")
    #expect(seen[1][0] == Self.counts(0, 0.5))
    await bench.reader.close()
  }

  @Test func `gauges hold their level and follow changes, once the level is known`() async throws {
    var bench = try await StatsDBench(.gauge("depth"))
    var seen = try await bench.look(after: "depth:+3|g|#instance:web1", "depth:7|g|#instance:web2")
    #expect(seen[0][0].problem?.kind == .noData)
    #expect(seen[0][0].problem?.detail == "only changes of depth were heard, and never its level; send one")
    #expect(seen[0][1] == .measured(.gauge(7)))
    seen = try await bench.look(after: "depth:10|g|#instance:web1\ndepth:-4|g|#instance:web1", "x:1|c|#instance:web2")
    #expect(seen[0] == [.measured(.gauge(6)), .measured(.gauge(7))])
    // Another life of the service begins with a level that we do not know.
    for _ in 0..<4 { _ = try await bench.look(after: "x:1|c|#instance:web2") }
    seen = try await bench.look(after: "depth:+1|g|#instance:web1", "x:1|c|#instance:web2")
    #expect(seen[0][0].problem?.kind == .noData && seen[0][1] == .measured(.gauge(7)))
    // Five minutes after it was sent.
    for _ in 0..<60 { seen = try await bench.look(after: "x:1|c|#instance:web2") }
    #expect(seen[0][1].problem?.kind == .stale)
    await bench.reader.close()
  }

  @Test func `sets count their members anew in every interval, up to a bound`() async throws {
    var bench = try await StatsDBench(.gauge("users"))
    var seen = try await bench.look(
      after: "users:ann|s|#instance:web1\nusers:bob|s|#instance:web1\nusers:ann|s|#instance:web1",
      "users:1|s|#instance:web2")
    #expect(seen[0] == [.measured(.gauge(2)), .measured(.gauge(1))])
    for piece in 0..<21 {
      let lines = (0..<500).map { "users:\(piece * 500 + $0)|s|#instance:web1" }
      try await bench.send(lines.joined(separator: "\n"))
    }
    seen = try await bench.look(after: "users:1|s|#instance:web2")
    #expect(seen[0][0].problem?.kind == .partial && seen[0][1] == .measured(.gauge(1)))
    await bench.reader.close()
  }

  @Test func `silence is no data, until a metric was heard, then zero, then no data again`() async throws {
    var bench = try await StatsDBench(.ratio(events: "errors", total: "requests"), .rate("orders"))
    var seen = await bench.look()
    #expect(seen.joined().allSatisfy { $0.problem?.kind == .noData })
    #expect(seen[1][0].problem?.detail == "nothing heard from web1 for 3 intervals")
    let alive = "beat:1|c|#instance:web1"
    // Alive, and nothing of the checks' metrics.
    seen = try await bench.look(after: alive)
    #expect(seen[1][0].problem?.detail == "nothing heard from web1 of orders")
    seen = try await bench.look(after: alive, "requests:5|c|#instance:web1\norders:1|c|#instance:web1")
    #expect(seen[0][0] == Self.counts(0, 5) && seen[1][0] == .first)
    for _ in 0..<5 {
      seen = try await bench.look(after: alive)
      #expect(seen.map(\.[0]) == [Self.counts(0, 0), Self.counts(0, 5)])
    }
    // The client dies.
    for _ in 0..<2 { #expect(await bench.look().map(\.[0]) == [Self.counts(0, 0), Self.counts(0, 5)]) }
    for _ in 0..<3 { #expect(await bench.look().allSatisfy { $0[0].problem?.kind == .noData }) }
    // It comes back: a ratio at once, a rate when the time is known.
    seen = try await bench.look(after: "requests:5|c|#instance:web1\norders:1|c|#instance:web1")
    #expect(seen.map(\.[0]) == [Self.counts(0, 5), .first])
    seen = try await bench.look(after: "requests:5|c|#instance:web1\norders:2|c|#instance:web1")
    #expect(seen.map(\.[0]) == [Self.counts(0, 5), Self.counts(2, 5)])
    await bench.reader.close()
  }

  @Test func `a metric of another type is an error that names both`() async throws {
    var bench = try await StatsDBench(.histogram(name: "took", quantiles: [0.9]), .gauge("took"), .rate("level"))
    _ = try await bench.look(after: "level:1|g|#instance:web1\ntook:1|c|#instance:web1")
    let seen = try await bench.look(after: "level:1|g|#instance:web1\ntook:1|c|#instance:web1")
    #expect(seen[0][0].problem?.detail == "took comes as c, and the check wants timings (ms, h or d)")
    #expect(seen[1][0].problem?.kind == .error)
    #expect(seen[2][0].problem?.detail == "level comes as g, and the check wants a counter (c)")
    let fallen = try await bench.look(after: "level:-5|c|#instance:web1")
    #expect(fallen[2][0].problem?.detail == "level fell by 5, so it counts no events")
    await bench.reader.close()
  }

  @Test func `what is no StatsD is passed over, and makes the interval partial where it prevails`() async throws {
    var bench = try await StatsDBench(.rate("orders"))
    _ = try await bench.look(after: "orders:1|c|#instance:web1")
    var seen = try await bench.look(after: "orders:1|c|#instance:web1\nbroken")
    #expect(seen[0][0] == Self.counts(1, 5))
    seen = try await bench.look(after: "orders:1|c|#instance:web1\nbroken\n<xml/>\n")
    #expect(seen[0][0].problem?.kind == .partial)
    #expect(seen[0][0].problem?.detail == "2 of 3 lines were no StatsD")
    await bench.reader.close()
  }

  @Test func `datagrams lost in the kernel make the interval partial`() async throws {
    var bench = try await StatsDBench(.rate("orders"), listeners: StatsDListeners(receiveBuffer: 1))
    let listener = try #require(await bench.reader.listener)
    let lines = String(repeating: "orders:1|c|#instance:web1\n", count: 50)
    // As long as it takes: how fast the reader is depends on the machine.
    let isFull = try await eventually {
      for _ in 0..<500 { try bench.sender.send(lines) }
      return (listener.drops ?? 0) > bench.reader.tally.datagrams / 50
    }
    #expect(isFull)
    let problem = await bench.look()[0][0].problem
    #expect(problem?.kind == .partial && problem?.detail.contains("net.core.rmem_max") == true, "\(problem as Any)")
    await bench.reader.close()
  }
}
