internal import CanaryJudge
internal import RolloutCore

@testable internal import Observers

/// Datagrams to the StatsD listener; a line of its own ends an interval.
enum StatsDOracle {
  static let look = "=== look"
  private static let names: [[String]] = [
    ["{id}.errors", "{id}.requests"], ["{id}.requests"], ["{id}.time"], ["{id}.queue"], ["errors", "requests"],
  ]
  private static let measures: [(CheckPolicy.Measure, tag: String?)] = [
    (.ratio(events: "{id}.errors", total: "{id}.requests"), nil), (.rate("{id}.requests"), nil),
    (.histogram(name: "{id}.time", quantiles: [0.9]), nil), (.gauge("{id}.queue"), nil),
    (.ratio(events: "errors", total: "requests"), "host"),
  ]

  @Sendable static func check(_ input: [UInt8]) throws(Violation) {
    let instances = ["a", "b"].map { Instance(id: HostID($0)) }
    var routes = StatsDRoutes(instances)
    let checks = measures.map { StatsDCheck($0.0, tag: $0.tag, &routes) }
    let tally = StatsDTally(routes)
    var memory = StatsDMemory(instances: instances, metrics: routes.metrics)
    memory.begin(at: Timestamp(milliseconds: 0))
    for (number, interval) in input.parts(at: look).enumerated() {
      var told: [StatsDLine] = []
      let malformed = StatsDParser.lines(in: interval) { told.append($0) }
      try require(malformed >= 0 && malformed + told.count <= interval.count + 1, "more lines than there are")
      for line in told { try isSound(line) }
      tally.take(told, malformed: malformed)
      let now = Timestamp(milliseconds: Int64(number + 1) * 5_000)
      var update = memory
      let seen = tally.look { seen in
        update.note(seen, at: now, otherwise: .seconds(5))
        return update.isSilent
      }
      memory = update
      try observe(checks, seen, memory)
    }
  }

  private static func observe(
    _ checks: [StatsDCheck], _ seen: StatsDTally.Interval, _ memory: StatsDMemory
  ) throws(Violation) {
    for (index, check) in checks.enumerated() {
      for instance in memory.instances.indices {
        let isKnown = check.metrics.contains { memory.isKnown[$0][instance] }
        try require(
          isKnown || !seen.heard[instance] || !check.metrics.contains { seen.series[$0][instance].isHeard },
          "a metric is heard, and not known")
        guard isKnown, !memory.isSilent[instance] else { continue }
        let view = StatsDView(interval: seen, memory: memory, instance: instance, names: names[index])
        let observed = view.observation(of: check)
        try Readings.check(observed)
        if case .measured(.gauge) = observed, case .gauge(let metric) = check, !memory.isKnown[metric][instance] {
          throw Violation("a level that nobody sent")
        }
      }
    }
  }

  private static func isSound(_ line: StatsDLine) throws(Violation) {
    try require(!line.name.isEmpty && line.sampleRate > 0 && line.sampleRate <= 1, "a rate of \(line.sampleRate)")
    switch line.value {
    case .counter(let value), .gauge(let value), .gaugeChange(let value):
      try require(value.isFinite, "a value of \(value)")
    case .timer(let values):
      try require(!values.isEmpty && values.allSatisfy { $0 >= 0 && $0.isFinite }, "timings of \(values)")
    case .member: break
    }
  }
}

extension StatsDSeries {
  fileprivate var isHeard: Bool { !kinds.isEmpty }
}
