import CanaryJudge
import CurlClient
import ImmuneSystem
import RolloutCore
import TestKit
import Testing

import class LoopbackFixtures.LoopbackServer

@testable import Observers

/// The reader against a real Prometheus that scrapes a real HTTP server.
@Suite(.serialized) struct PrometheusSystemTests {
  let service: LoopbackServer

  init() throws { service = try LoopbackServer() }

  func serve(_ index: Int, total: Int, bad: Int? = nil, level: Int = 0, slow: Int = 0) throws {
    var lines = [
      "requests_total{code=\"200\",path=\"/a\"} \(total - (bad ?? 0))", "queue \(level)", "other_total 5",
      "took_bucket{le=\"0.1\"} \(total - slow)", "took_bucket{le=\"+Inf\"} \(total)",
    ]
    if let bad { lines.append("requests_total{code=\"500\",path=\"/a\"} \(bad)") }
    try service.set("/web\(index)", [.init(body: lines.joined(separator: "\n") + "\n")])
  }

  func targets(_ count: Int) -> [RealPrometheus.Target] {
    (0..<count).map {
      .init("127.0.0.1:\(service.port)", path: "/web\($0)", labels: ["instance": "web\($0).example:8080"])
    }
  }

  func reader(
    _ prometheus: RealPrometheus, _ measure: CheckPolicy.Measure, instances count: Int = 2,
    interval: TimeSpan = .seconds(10)
  ) throws -> Watch {
    let source = PrometheusSource(url: prometheus.url, instance: "{id}.example:8080")
    var check = CheckPolicy(name: "check", source: .prometheus(source), measure: measure)
    check.interval = interval
    return try Watch(check, instances: count)
  }

  let errors = CheckPolicy.Measure.ratio(events: "requests_total{code=~\"5..\"}", total: "requests_total")

  @Test func `counts are those of the service, also when Prometheus dies and comes back`() async throws {
    for index in 0..<2 { try serve(index, total: 1000) }
    try await RealPrometheus.with(scraping: targets(2)) { prometheus in
      let watch = try reader(prometheus, errors)
      await watch.expect { $0.begun == [true, true] }
      try serve(0, total: 1150, bad: 30)
      try serve(1, total: 1200)
      await watch.expect { $0.exposure == [150, 200] && $0.events == [30, 0] }

      await prometheus.kill()
      let dead = await watch.look()
      #expect(dead.problems.map(\.?.kind) == [.noData, .noData])
      #expect(dead.exposure == [150, 200], "nothing was taken for zero, or counted")
      try serve(0, total: 1450, bad: 130)
      try serve(1, total: 1300)
      try await prometheus.start()
      await watch.expect { $0.exposure == [450, 300] && $0.events == [130, 0] }
      // Nothing is counted again.
      try serve(0, total: 1451, bad: 130)
      try serve(1, total: 1301)
      await watch.expect { $0.exposure[0] > 450 && $0.exposure[1] > 300 }
      #expect(await watch.totals.exposure == [451, 301])
    }
  }

  @Test func `a restart that was not looked at is found in the samples`() async throws {
    try serve(0, total: 100)
    try await RealPrometheus.with(scraping: targets(1)) { prometheus in
      let (late, witness) = (
        try reader(prometheus, errors, instances: 1), try reader(prometheus, errors, instances: 1)
      )
      await late.expect { $0.begun == [true] }
      await witness.expect { $0.begun == [true] }
      try serve(0, total: 160)
      await witness.expect { $0.exposure == [60] }
      try serve(0, total: 40, bad: 3)
      await witness.expect { $0.exposure == [100] && $0.events == [3] }
      await late.expect { $0.exposure[0] > 0 }
      #expect(await late.totals.exposure == [100])
      #expect(await late.totals.events == [3])
    }
  }

  @Test func `an instance that is not scraped any more is stale, and the others go on`() async throws {
    for index in 0..<2 { try serve(index, total: 10) }
    try await RealPrometheus.with(scraping: targets(2)) { prometheus in
      let watch = try reader(prometheus, errors, instances: 3)
      await watch.expect { $0.begun == [true, true, false] }
      #expect(await watch.totals.problems[2]?.kind == .noData)
      try service.set("/web1", [.init(status: 503)])
      await watch.expect { $0.problems[1]?.kind == .stale }
      try serve(0, total: 25)
      await watch.expect { $0.exposure[0] == 15 }
      try serve(1, total: 70)
      await watch.expect { $0.exposure[1] == 60 }
    }
  }

  @Test func `histograms, levels and rates`() async throws {
    try serve(0, total: 100, level: 3, slow: 10)
    try await RealPrometheus.with(scraping: targets(1)) { prometheus in
      let took = try reader(prometheus, .histogram(name: "took", quantiles: [0.9]), instances: 1)
      let queue = try reader(prometheus, .gauge("queue"), instances: 1)
      let rate = try reader(prometheus, .rate("requests_total{code=\"200\"}"), instances: 1)
      await took.expect { $0.begun == [true] }
      await rate.expect { $0.begun == [true] }
      await queue.expect { $0.gauges == [3] }
      try serve(0, total: 180, level: 7, slow: 15)
      await took.expect { $0.histogram[0]?.buckets.map(\.count).reduce(0, +) == 80 }
      let histogram = try #require(await took.totals.histogram[0])
      #expect(histogram.upperBounds == [0.1, .infinity])
      #expect(histogram.buckets == [.init(index: 0, count: 75), .init(index: 1, count: 5)])
      await queue.expect { $0.gauges == [7] }
      await rate.expect { $0.events == [80] && $0.exposure[0] >= 1 }
    }
  }

  @Test func `what Prometheus kept from before is read as looks of the past`() async throws {
    for index in 0..<2 { try serve(index, total: 100) }
    try await RealPrometheus.with(scraping: targets(2)) { prometheus in
      let start = now()
      let witness = try reader(prometheus, errors)
      await witness.expect { $0.begun == [true, true] }
      for index in 0..<2 { try serve(index, total: 175, bad: 5) }
      await witness.expect { $0.exposure == [75, 75] }
      let keen = try reader(prometheus, errors, interval: .seconds(1))
      var totals = Totals(instances: 2)
      // What one instance shows late is held until the other has something new as well.
      let isWhole = await eventually {
        let past = await keen.reader.history(from: start, to: now() + .seconds(1))
        totals = Totals(instances: 2)
        for look in past { totals.add(look.observations[0]) }
        #expect(past.map(\.at) == past.map(\.at).sorted())
        return totals.exposure == [75, 75] && totals.events == [5, 5]
      }
      #expect(isWhole, "\(totals)")
      try await expectHistory(of: prometheus, from: start)
    }
  }

  /// The same as anybody sees it who has no rollout, beside a check whose source keeps nothing.
  private func expectHistory(of prometheus: RealPrometheus, from start: Timestamp) async throws {
    let source = PrometheusSource(url: prometheus.url, instance: "{id}.example:8080")
    var kept = CheckPolicy(name: "errors", source: .prometheus(source), measure: errors)
    kept.interval = .seconds(1)
    let unknown = CheckPolicy(name: "unknown", source: .prometheus(source), measure: .gauge("no_such_metric"))
    let lost = CheckPolicy(name: "queue", source: .scrape("http://{host}:1/metrics"), measure: .gauge("queue"))
    let history = CheckHistory(curl: try CurlClient(), clock: SystemClock(), directory: nil)
    let instances = (0..<2).map { Instance(id: HostID("web\($0)")) }
    var answer = CheckHistory.Answer(looks: [])
    let isWhole = await eventually {
      answer = await history.looks(of: [lost, kept, unknown], on: instances, from: start, to: now() + .seconds(1))
      var exposure = [0.0, 0]
      for check in answer.looks.flatMap(\.checks) {
        for (index, reading) in check.readings.enumerated() {
          #expect(check.check == 1 || reading == .missing)
          if case .counts(_, let seen) = reading { exposure[index] += seen }
        }
      }
      return exposure == [75, 75]
    }
    #expect(isWhole, "\(answer)")
    #expect(answer.problems.map(\.check) == [0, 2])
    #expect(answer.problems.first?.detail == "its source keeps no history")
    #expect(answer.problems.last?.detail.contains("no_such_metric") == true)
  }

  @Test func `a query that the server refuses is an error with its reason`() async throws {
    try serve(0, total: 1)
    try await RealPrometheus.with(scraping: targets(1)) { prometheus in
      // Our reading of selectors lets this through, Prometheus's does not.
      let watch = try reader(prometheus, .gauge("queue{path=\"it\\'s\"}"), instances: 1)
      let problem = try #require(await watch.look().problems[0])
      #expect(problem.kind == .error)
      #expect(problem.detail.contains("400, expected 200: "), "\(problem.detail)")
    }
  }
}
