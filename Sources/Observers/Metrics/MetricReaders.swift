internal import CurlClient
internal import Glibc
internal import RolloutCore
internal import RolloutEngine

/// Checks that are read from one place at one interval: one reader serves them all.
struct ReaderGroup: Sendable {
  var source: MetricSource
  var interval: TimeSpan
  /// Indices of the checks among the policy's, and what each measures.
  var indices: [Int]
  var checks: [CheckPolicy]
  /// Those that are measured; observations are in this order.
  var instances: [Instance]
}

/// What readers work with.
struct ReaderSurroundings: Sendable {
  var curl: CurlClient
  var clock: any WallClock
  /// Where relative paths of command sources start.
  var directory: String?
  var listeners = StatsDListeners()
  /// Variables of the controller's environment, for secrets.
  var environment: @Sendable (String) -> String? = { name in getenv(name).map { String(cString: $0) } }
}

/// The one place that says which reader stands behind each source.
enum MetricReaders {
  /// All checks of a group were let through by `refusal`.
  static func reader(_ group: ReaderGroup, _ surroundings: ReaderSurroundings) -> (any MetricReader)? {
    switch group.source {
    case .scrape(let address): ScrapeReader(group, address: address, curl: surroundings.curl)
    case .prometheus(let source): try? PrometheusReader(group, source: source, surroundings)
    case .graphite(let source): try? GraphiteReader(group, source: source, surroundings)
    case .statsd(let source): StatsDReader(group, source: source, listeners: surroundings.listeners)
    case .command(let source):
      CommandReader(group, source: source, directory: source.directory ?? surroundings.directory)
    case .http(let address): JSONReader(group, address: address, curl: surroundings.curl)
    }
  }

  /// Why a check can never be measured on these instances; nil when it can.
  static func refusal(of check: CheckPolicy, on instances: [Instance]) -> String? {
    switch check.source {
    case .scrape(let address): ScrapeReader.refusal(of: check, address: address, on: instances)
    case .prometheus(let source): PrometheusReader.refusal(of: check, source: source, on: instances)
    case .graphite(let source): GraphiteReader.refusal(of: check, source: source, on: instances)
    case .statsd(let source): StatsDReader.refusal(of: check, source: source, on: instances)
    case .command(let source): CommandReader.refusal(of: check, source: source, on: instances)
    case .http(let address): JSONReader.refusal(of: check, address: address, on: instances)
    }
  }

  /// Groups of the checks that can be measured, in the order of their first checks, and the refusals of the others.
  static func groups(
    _ checks: [CheckPolicy], on instances: [Instance]
  ) -> (groups: [ReaderGroup], refusals: [(check: Int, detail: String)]) {
    var groups: [ReaderGroup] = []
    var refusals: [(check: Int, detail: String)] = []
    for (index, check) in checks.enumerated() {
      if let detail = refusal(of: check, on: instances) {
        refusals.append((index, detail))
      } else if let same = groups.firstIndex(where: { $0.source == check.source && $0.interval == check.interval }) {
        groups[same].indices.append(index)
        groups[same].checks.append(check)
      } else {
        groups.append(
          ReaderGroup(
            source: check.source, interval: check.interval, indices: [index], checks: [check], instances: instances))
      }
    }
    return (groups, refusals)
  }
}
