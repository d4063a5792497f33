public import RolloutCore

/// One thing that goes wrong, or that a person does, at a time. A scenario is a list of them, so that one after the
/// other can be left out.
public struct Fault: Codable, Hashable, Sendable {
  /// Milliseconds after the begin.
  public var at: Int64
  public var kind: Kind

  public enum Kind: Codable, Hashable, Sendable {
    // Hosts
    case losesPower(host: Int, outage: Int64)
    case reboots(host: Int, outage: Int64)
    case workerDies(host: Int)
    case diskFull(host: Int, lasting: Int64)
    case slow(host: Int, factor: Int64, lasting: Int64)
    /// The autoscaler puts a new machine there: on the baseline, or empty.
    case replaced(host: Int, isEmpty: Bool)
    case serviceCrashes(host: Int, lasting: Int64)
    // The release
    case releaseIsSick(host: Int)
    case baselineIsSick(host: Int)
    case releaseStartsLate(host: Int, by: Int64)
    // The network
    case cut(host: Int, machine: Int?, there: Bool, back: Bool, lasting: Int64)
    case loses(percent: Int, lasting: Int64)
    case duplicates(percent: Int, lasting: Int64)
    case straggles(percent: Int, lasting: Int64)
    // Controllers
    case controllerStops(controller: Int, lasting: Int64)
    /// Killed at the n-th await after that moment; another process takes its place `outage` later.
    case controllerDies(controller: Int, jobs: Int, outage: Int64)
    case controllerLeaves(controller: Int, outage: Int64)
    case clockJumps(machine: Int, by: Int64)
    // The store
    case storeCrashes(outage: Int64)
    case storeFull(lasting: Int64)
    case acknowledgementsLost(count: Int)
    case storeSlow(latency: Int64, lasting: Int64)
    case recordSpoilt
    // What is measured
    case probesFlap(host: Int, lasting: Int64)
    case metricsAway(lasting: Int64)
    case metricsFlap(lasting: Int64)
    case releaseIsBad
    // People
    case says(Input.Verb, again: Int64?)
    /// Another start while one is open: another release, or the same one under an edited policy.
    case startsAnother
  }

  /// The class it is drawn, counted and shrunk in.
  public var group: String {
    switch kind {
    case .losesPower, .reboots: "power"
    case .workerDies: "worker"
    case .diskFull: "host-disk"
    case .slow: "slow-host"
    case .replaced: "autoscaler"
    case .serviceCrashes: "service"
    case .releaseIsSick, .baselineIsSick, .releaseStartsLate: "release"
    case .cut: "cut"
    case .loses: "loss"
    case .duplicates: "duplication"
    case .straggles: "reordering"
    case .controllerStops: "pause"
    case .controllerDies, .controllerLeaves: "death"
    case .clockJumps: "clock"
    case .storeCrashes: "store-crash"
    case .storeFull, .storeSlow: "store-full"
    case .acknowledgementsLost: "lost-ack"
    case .recordSpoilt: "spoilt-record"
    case .probesFlap: "flapping"
    case .metricsAway, .metricsFlap, .releaseIsBad: "metrics"
    case .says: "people"
    case .startsAnother: "second-start"
    }
  }

  /// Every class.
  public static let groups = [
    "power", "worker", "host-disk", "slow-host", "autoscaler", "service", "release", "cut", "loss", "duplication",
    "reordering", "pause", "death", "clock", "store-crash", "store-full", "lost-ack", "spoilt-record", "flapping",
    "metrics", "people", "second-start",
  ]

  /// The host it is about.
  var host: Int? {
    switch kind {
    case .losesPower(let host, _), .reboots(let host, _), .workerDies(let host), .diskFull(let host, _),
      .slow(let host, _, _), .replaced(let host, _), .serviceCrashes(let host, _), .releaseIsSick(let host),
      .baselineIsSick(let host), .releaseStartsLate(let host, _), .cut(let host, _, _, _, _),
      .probesFlap(let host, _):
      host
    default: nil
    }
  }

  /// When what it does is over, as far as it ends by itself.
  var end: Int64 {
    switch kind {
    case .losesPower(_, let span), .reboots(_, let span), .diskFull(_, let span), .slow(_, _, let span),
      .serviceCrashes(_, let span), .cut(_, _, _, _, let span), .loses(_, let span), .duplicates(_, let span),
      .straggles(_, let span), .controllerStops(_, let span), .controllerDies(_, _, let span),
      .controllerLeaves(_, let span), .storeCrashes(let span), .storeFull(let span), .storeSlow(_, let span),
      .probesFlap(_, let span), .metricsAway(let span), .metricsFlap(let span):
      at + span
    case .says(_, let again): at + (again ?? 0)
    default: at
    }
  }
}
