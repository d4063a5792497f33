internal import RolloutCore

/// All probes of one instance, after rise and fall: healthy when all are, unhealthy when one is.
struct InstanceHealth {
  private var counters: [HealthCounter]
  private var details: [String]
  private var isHealthy: Bool?

  init(_ probes: [ProbePolicy]) {
    counters = probes.map { HealthCounter(rise: $0.rise, fall: $0.fall) }
    details = Array(repeating: "", count: probes.count)
  }

  /// Takes one probe's answer. The instance's health when it is known for the first time or has changed.
  mutating func record(_ answer: ProbeAnswer, of probe: Int) -> Health? {
    switch answer {
    case .good: _ = counters[probe].record(good: true)
    case .bad(let detail):
      details[probe] = detail
      _ = counters[probe].record(good: false)
    }
    return change()
  }

  /// The health before any answer: an instance without probes is healthy as soon as it is asked about.
  mutating func change() -> Health? {
    if let failing = counters.firstIndex(where: { $0.isHealthy == false }) {
      guard isHealthy != false else { return nil }
      isHealthy = false
      return .unhealthy(detail: details[failing])
    }
    guard counters.allSatisfy({ $0.isHealthy == true }), isHealthy != true else { return nil }
    isHealthy = true
    return .healthy
  }
}
