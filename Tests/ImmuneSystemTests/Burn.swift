import CanaryJudge
import RolloutCore

@testable import ImmuneSystem

/// One rollout of a few hosts, look by look, five seconds apart.
struct Burn {
  var immune: ImmuneSystem
  var samples: [Sample] = []
  var now = Timestamp(milliseconds: 1_700_000_000_000)
  let hosts: Int
  let checks: [CheckPolicy]

  init(
    _ checks: [CheckPolicy], hosts: Int = 4, requests: Int? = nil, falseAlarm: Double = 0.01
  ) {
    self.checks = checks
    self.hosts = hosts
    immune = ImmuneSystem(checks: checks, falseAlarm: falseAlarm, horizon: .minutes(60), untilRequests: requests)
  }

  mutating func record(_ sample: Sample) throws {
    try immune.record(sample, sequence: samples.count)
    samples.append(sample)
  }

  /// Hosts below `updated` are updated; `out` ones are left out.
  mutating func segment(
    _ stage: Analysis.Stage, updated: Int = 0, out: Set<Int> = [], number: Int64 = 7, refusals: [Segment.Refusal] = []
  ) throws {
    let left = (0..<hosts).filter { !out.contains($0) }
    let analysis = Analysis(
      number: number, stage: stage, updated: left.filter { $0 < updated }, siblings: left.filter { $0 >= updated })
    try record(.segment(Segment(analysis, hosts: Array(0..<hosts), refusals: refusals)))
  }

  /// One look at every check; nil is silence.
  @discardableResult
  mutating func look(
    _ reading: (_ check: Int, _ host: Int) -> Measurement?, kind: Gap.Kind = .noData
  ) throws -> Verdict {
    now = now + .seconds(5)
    let looks = checks.indices.map { check in
      let readings = (0..<hosts).map { reading(check, $0) }
      return CheckLook(
        check: check, readings: readings.map { $0 ?? .missing },
        gaps: readings.indices.filter { readings[$0] == nil }.map {
          Gap(position: $0, kind: kind, detail: "connection refused")
        })
    }
    try record(.look(Look(at: now, duration: .seconds(5), checks: looks)))
    return immune.verdict
  }

  static func errors(limit: Double? = nil, muted: Bool = false) -> CheckPolicy {
    var check = CheckPolicy(
      name: "server-errors", source: .scrape("http://{host}/metrics"), measure: .ratio(events: "bad", total: "all"))
    check.limit = limit
    check.muted = muted
    return check
  }

  static func counts(_ events: Double, of exposure: Double) -> Measurement {
    .counts(events: events, exposure: exposure)
  }

  /// The same whole numbers in every run: about `mean` of events, in every host a little different.
  static func events(_ mean: Double, _ tick: Int, _ host: Int) -> Double {
    let noise = Double((tick &* 7919 &+ host &* 104_729) % 1000) / 1000
    return (mean + noise).rounded(.down)
  }
}
