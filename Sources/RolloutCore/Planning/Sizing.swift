/// Turns counts and percentages into numbers of instances.
enum Sizing {
  /// Products such as 7 % of 100 come out a hair above or below the whole number in binary floating point.
  private static let hair = 1e-9

  static func isPercentage(_ percent: Double) -> Bool { percent > 0 && percent <= 100 }

  static func isValid(_ quantity: Quantity) -> Bool {
    switch quantity {
    case .count(let count): count >= 1
    case .percent(let percent): isPercentage(percent)
    }
  }

  /// `percent` of `total`, rounded up, in 0...total. A percentage outside (0, 100] gives nothing or everything.
  static func roundedUp(_ percent: Double, of total: Int) -> Int {
    guard percent > 0 else { return 0 }
    guard percent < 100 else { return total }
    return min(total, Int((percent * Double(total) / 100 - hair).rounded(.up)))
  }

  /// `percent` of `total`, rounded down, in 0...total.
  static func roundedDown(_ percent: Double, of total: Int) -> Int {
    guard percent > 0 else { return 0 }
    guard percent < 100 else { return total }
    return min(total, Int((percent * Double(total) / 100 + hair).rounded(.down)))
  }

  /// `max_unavailable` in instances: a percentage of `instances` rounds down; never under 1, never over `instances`.
  static func maxUnavailable(_ quantity: Quantity, instances: Int) -> Int {
    let wanted =
      switch quantity {
      case .count(let count): count
      case .percent(let percent): roundedDown(percent, of: instances)
      }
    return max(1, min(wanted, instances))
  }
}

/// `3 hosts`, `1 host`.
func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }

extension Quantity {
  /// As a policy writes it.
  var text: String {
    switch self {
    case .count(let count): "\(count)"
    case .percent(let percent): percentText(percent)
    }
  }
}

/// `25%`, `12.5%`.
func percentText(_ percent: Double) -> String {
  percent == percent.rounded() && abs(percent) < 1e15 ? "\(Int(percent))%" : "\(percent)%"
}
