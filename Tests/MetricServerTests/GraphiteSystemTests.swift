import RolloutCore
import TestKit
import Testing

@testable import Observers

/// The reader against a real carbon-cache and graphite-web. Buckets are written ahead of time, up to some seconds, and
/// read when their time has come.
@Suite(.serialized) struct GraphiteSystemTests {
  func watch(
    _ graphite: RealGraphite, _ measure: CheckPolicy.Measure, instances count: Int = 2, isCumulative: Bool = false
  ) throws -> Watch {
    let source = GraphiteSource(url: graphite.url, isCumulative: isCumulative)
    var check = CheckPolicy(name: "check", source: .graphite(source), measure: measure)
    check.interval = .seconds(10)
    return try Watch(check, instances: count)
  }

  let errors = CheckPolicy.Measure.ratio(events: "stats.{id}.errors.*", total: "stats.{id}.requests.*")

  func second() -> Int64 { now().milliseconds / 1000 }

  /// Something of before, so that there are series.
  func begin(_ graphite: RealGraphite, _ count: Int = 2, value: Double = 1000) async throws {
    try await graphite.send((0..<count).map { ("stats.web\($0).requests.a", value, second() - 5) })
  }

  @Test func `counts are those that were sent, also when Graphite dies and comes back`() async throws {
    try await RealGraphite.with { graphite in
      try await begin(graphite)
      let watch = try watch(graphite, errors)
      await watch.expect { $0.problems.map(\.?.kind) == [.stale, .stale] }
      let at = second() + 1
      try await graphite.send([
        ("stats.web0.requests.a", 40, at), ("stats.web0.requests.b", 10, at), ("stats.web0.errors.a", 5, at),
        ("stats.web1.requests.a", 60, at), ("stats.web0.requests.a", 50, at + 1), ("stats.web1.requests.a", 70, at + 1),
      ])
      await watch.expect { $0.exposure == [100, 130] && $0.events == [5, 0] }

      await graphite.kill()
      let dead = await watch.look()
      #expect(dead.problems.map(\.?.kind) == [.noData, .noData], "\(dead)")
      #expect(dead.exposure == [100, 130])
      try await graphite.start()
      // What relays kept for it meanwhile: new buckets, and one that is late.
      let later = second() + 1
      try await graphite.send([
        ("stats.web0.requests.a", 7, later), ("stats.web1.requests.a", 8, later),
        ("stats.web0.requests.b", 3, at + 1), ("stats.web0.errors.a", 2, at + 1),
      ])
      await watch.expect { $0.exposure == [110, 138] && $0.events == [7, 0] }
    }
  }

  @Test func `counters that grow for ever give what is new, and begin again with their process`() async throws {
    try await RealGraphite.with { graphite in
      try await begin(graphite, 1)
      let watch = try watch(graphite, errors, instances: 1, isCumulative: true)
      await watch.expect { $0.problems[0]?.kind == .stale }
      let at = second() + 1
      try await graphite.send([
        ("stats.web0.requests.a", 1100, at), ("stats.web0.errors.a", 4, at), ("stats.web0.requests.a", 25, at + 1),
      ])
      await watch.expect { $0.exposure == [125] && $0.events == [4] }
    }
  }

  @Test func `levels, rates, and what is not there`() async throws {
    try await RealGraphite.with { graphite in
      try await begin(graphite, 1)
      let level = try watch(graphite, .gauge("stats.{id}.queue"))
      let rate = try watch(graphite, .rate("stats.{id}.requests.a"), instances: 1)
      await rate.expect { $0.problems[0]?.kind == .stale }
      #expect(await level.look().problems.map(\.?.kind) == [.noData, .noData])
      let at = second() + 1
      try await graphite.send([
        ("stats.web0.queue", 17, at), ("stats.web0.requests.a", 30, at), ("stats.web0.requests.a", 20, at + 1),
      ])
      await level.expect { $0.gauges == [17, nil] && $0.problems[1]?.kind == .noData }
      await rate.expect { $0.events == [50] && $0.exposure == [2] }
      // Nothing more comes.
      await level.expect { $0.problems[0]?.kind == .stale }
    }
  }

  @Test func `what Graphite kept from before is read as looks of the past`() async throws {
    try await RealGraphite.with { graphite in
      let end = now()
      let last = end.milliseconds / 1000 - 10
      try await graphite.send(
        (0..<100).flatMap { step in
          [("stats.web0.requests.a", 10, last - Int64(step)), ("stats.web1.requests.a", 20, last - Int64(step))]
        })
      let watch = try watch(graphite, errors)
      var totals = Totals(instances: 2)
      let isComplete = await eventually(within: .seconds(60)) {
        let past = await watch.reader.history(from: end + .seconds(-200), to: end)
        totals = Totals(instances: 2)
        for look in past { totals.add(look.observations[0]) }
        return totals.exposure == [1000, 2000]
      }
      #expect(isComplete, "\(totals)")
    }
  }

  @Test func `a target that Graphite refuses is an error with its reason`() async throws {
    try await RealGraphite.with { graphite in
      let watch = try watch(graphite, .gauge("noSuchFunction(stats.{id}.queue)"))
      let problem = try #require(await watch.look().problems[0])
      #expect(problem.kind == .error)
      #expect(problem.detail.contains("400, expected 200: "), "\(problem.detail)")
      #expect(problem.detail.contains("noSuchFunction"), "\(problem.detail)")
    }
  }
}
