internal import RolloutCore

/// A check with its metrics by their numbers in the routes.
enum StatsDCheck: Hashable, Sendable {
  case ratio(events: Int, total: Int)
  case histogram(Int)
  case gauge(Int)
  /// Events per second; a share of the traffic is measured the same way.
  case rate(Int)
  /// Cannot be measured whatever comes.
  case broken(String)

  init(_ measure: CheckPolicy.Measure, tag: String?, _ routes: inout StatsDRoutes) {
    do throws(StatsDRoutes.Refusal) {
      switch measure {
      case .ratio(let events, let total):
        self = .ratio(events: try routes.metric(events, tag: tag), total: try routes.metric(total, tag: tag))
      case .histogram(let name, _): self = .histogram(try routes.metric(name, tag: tag))
      case .gauge(let name): self = .gauge(try routes.metric(name, tag: tag))
      case .rate(let name), .share(let name): self = .rate(try routes.metric(name, tag: tag))
      }
    } catch {
      self = .broken(error.description)
    }
  }

  var metrics: [Int] {
    switch self {
    case .ratio(let events, let total): [events, total]
    case .histogram(let metric), .gauge(let metric), .rate(let metric): [metric]
    case .broken: []
    }
  }
}
