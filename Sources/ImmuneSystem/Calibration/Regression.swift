internal import CanaryJudge
public import RolloutCore

/// A way in which the would-be canary is made worse, from the second of the deploy on.
public enum Regression: Hashable, Sendable {
  /// Events come so many times as often.
  case events(times: Double)
  /// This part of the events is missing.
  case lost(part: Double)
  /// Everything takes so many times as long.
  case slower(times: Double)
  /// The slowest twentieth takes so many times as long, and nothing else does: the mean hardly moves.
  case slowerTail(times: Double)
  /// The level moves by this part of itself every minute.
  case drift(perMinute: Double)

  /// Those that a check is tried with.
  public static func tried(on check: CheckPolicy) -> [Regression] {
    switch (check.measure, check.worseWhen) {
    case (.ratio, .up), (.rate, .up): [.events(times: 1.5), .events(times: 2), .events(times: 10)]
    case (.ratio, .down), (.rate, .down): [.lost(part: 0.2), .lost(part: 0.5)]
    case (.histogram, _): [.slower(times: 1.05), .slower(times: 1.2), .slower(times: 2), .slowerTail(times: 2)]
    case (.gauge, .up): [.drift(perMinute: 0.05), .drift(perMinute: 0.2)]
    case (.gauge, .down): [.drift(perMinute: -0.05), .drift(perMinute: -0.2)]
    case (.share, _): [.lost(part: 0.5), .events(times: 2)]
    }
  }
}

/// Puts a regression into one instance's readings.
struct Injection: Sendable {
  private let regression: Regression
  private let isRatio: Bool
  private var chance: Chance
  /// Events per exposure that count as usual for the instance, where events are added.
  private var rate = 0.0
  private var tail = Double.infinity
  private var level = 0.0

  /// Events below which an instance's own rate is not known, and all instances' is taken.
  private static let known = 10.0

  /// - Parameter looks: all of the window, by which it is known what is usual.
  init(
    _ regression: Regression, check: CheckPolicy, index: Int, canary: Int, members: [Int], looks: ArraySlice<Look>,
    seed: UInt64
  ) {
    self.regression = regression
    isRatio = if case .ratio = check.measure { true } else { false }
    chance = Chance(seed: seed)
    var (own, all) = (Sum(), Sum())
    for look in looks {
      for checkLook in look.checks where checkLook.check == index {
        own.add(checkLook.readings[canary])
        for member in members { all.add(checkLook.readings[member]) }
      }
    }
    if own.events >= Self.known, own.exposure > 0 {
      rate = own.events / own.exposure
    } else if all.exposure > 0 {
      rate = (all.events + 0.5) / all.exposure
    }
    tail = (own.histogram ?? all.histogram)?.value(at: 0.95) ?? .infinity
    level = own.levels > 0 ? own.level / own.levels : 0
  }

  private struct Sum {
    var (events, exposure, level, levels) = (0.0, 0.0, 0.0, 0.0)
    var histogram: Histogram?

    mutating func add(_ reading: Measurement) {
      switch reading {
      case .missing: break
      case .counts(let events, let exposure):
        self.events += events
        self.exposure += exposure
      case .gauge(let value):
        level += value
        levels += 1
      case .histogram(let next):
        guard let known = histogram else {
          histogram = next
          return
        }
        guard known.upperBounds == next.upperBounds else { return }
        var counts = [Double](repeating: 0, count: known.upperBounds.count)
        for bucket in known.buckets + next.buckets where counts.indices.contains(Int(bucket.index)) {
          counts[Int(bucket.index)] += bucket.count
        }
        histogram?.buckets = counts.enumerated().filter { $0.element > 0 }
          .map { Histogram.Bucket(index: Int32(clamping: $0.offset), count: $0.element) }
      }
    }
  }

  /// - Parameter second: end of the look, in seconds since the deploy.
  mutating func worsen(_ reading: Measurement, second: Double) -> Measurement {
    switch (reading, regression) {
    case (.counts(let events, let exposure), .events(let times)):
      return .counts(events: events + added(events, exposure, times), exposure: exposure)
    case (.counts(let events, let exposure), .lost(let part)):
      return .counts(events: max(0, events - chance.successes(of: events, probability: part)), exposure: exposure)
    case (.histogram(let histogram), .slower(let times)): return .histogram(histogram.scaled(by: times))
    case (.histogram(let histogram), .slowerTail(let times)):
      return .histogram(histogram.scaled(by: times, above: tail))
    case (.gauge(let value), .drift(let perMinute)):
      return .gauge(value + perMinute * abs(level) * max(0, second) / 60)
    default: return reading
    }
  }

  /// Requests that succeeded fail, each by its own chance; events of a rate come on top.
  private mutating func added(_ events: Double, _ exposure: Double, _ times: Double) -> Double {
    guard isRatio else { return chance.arrivals((times - 1) * rate * exposure) }
    guard rate < 1 else { return 0 }
    return chance.successes(of: exposure - events, probability: min(1, (times - 1) * rate / (1 - rate)))
  }
}
