public import RolloutCore

/// Lengths of time as policies write them: `250ms`, `10s`, `1.5s`, `5m`, `1h30m`.
public enum DurationText {
  /// 365 days: longer than any rollout, and far from every overflow.
  public static let maximum = TimeSpan(milliseconds: 365 * 24 * 3_600_000)

  /// Whole numbers with units `h`, `m`, `s`, `ms`, each at most once and in this order; seconds may have up to three
  /// decimals. Nil for everything else, and above `maximum`.
  public static func parse(_ text: String) -> TimeSpan? {
    var rest = Array(text.utf8)[...]
    var total: Int64 = 0
    var lastRank = 0
    guard !rest.isEmpty, rest.count <= 32 else { return nil }
    while !rest.isEmpty {
      guard let whole = digits(&rest), let value = Int64(whole) else { return nil }
      var thousandths: Int64?
      if rest.first == UInt8(ascii: ".") {
        rest.removeFirst()
        guard let decimals = digits(&rest), decimals.utf8.count <= 3 else { return nil }
        thousandths = Int64(decimals + String(repeating: "0", count: 3 - decimals.utf8.count))
      }
      guard let (rank, factor) = unit(&rest), rank > lastRank, thousandths == nil || rank == 3 else { return nil }
      lastRank = rank
      let (product, overflow) = value.multipliedReportingOverflow(by: factor)
      guard !overflow, product <= maximum.milliseconds else { return nil }
      total += product + (thousandths ?? 0)
    }
    return total <= maximum.milliseconds ? TimeSpan(milliseconds: total) : nil
  }

  /// What someone probably meant by a text that is no duration.
  static func suggestion(for text: String) -> String? {
    var rest = Array(text.lowercased().utf8.filter { $0 != UInt8(ascii: " ") })[...]
    guard let number = digits(&rest) else { return nil }
    let word = String(decoding: rest, as: UTF8.self)
    let known: [(unit: String, words: [String])] = [
      ("ms", ["msec", "msecs", "millis", "millisecond", "milliseconds"]),
      ("s", ["", "sec", "secs", "second", "seconds"]), ("m", ["min", "mins", "minute", "minutes"]),
      ("h", ["hr", "hrs", "hour", "hours"]),
    ]
    if let match = known.first(where: { $0.words.contains(word) || $0.unit == word }) { return number + match.unit }
    if ["d", "day", "days"].contains(word), let days = Int(number), days <= 365 { return "\(days * 24)h" }
    return nil
  }

  private static func digits(_ rest: inout ArraySlice<UInt8>) -> String? {
    let run = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    rest = rest[run.endIndex...]
    return run.isEmpty ? nil : String(decoding: run, as: UTF8.self)
  }

  private static func unit(_ rest: inout ArraySlice<UInt8>) -> (rank: Int, milliseconds: Int64)? {
    let word = rest.prefix { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) }
    rest = rest[word.endIndex...]
    return switch String(decoding: word, as: UTF8.self) {
    case "h": (1, 3_600_000)
    case "m": (2, 60_000)
    case "s": (3, 1000)
    case "ms": (4, 1)
    default: nil
    }
  }
}
