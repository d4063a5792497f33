internal import RolloutCore

/// Names for new rollouts: `checkout-20261121-140312-k3f9`. They sort by service and time, can be read over a
/// telephone, and two made in one second differ but for one time in 810,000.
enum RolloutIDs {
  /// Without letters and digits that look alike.
  private static let letters = Array("23456789abcdefghjkmnpqrstuvwxyz")

  static func make(service: String, at now: Timestamp) -> RolloutID {
    var generator = SystemRandomNumberGenerator()
    return make(service: service, at: now, using: &generator)
  }

  static func make(service: String, at now: Timestamp, using generator: inout some RandomNumberGenerator) -> RolloutID {
    let digits = TimeWords.utc(now).filter(\.isNumber)
    var tail = ""
    for _ in 0..<4 { tail.append(letters.randomElement(using: &generator) ?? "2") }
    return RolloutID("\(service)-\(digits.prefix(8))-\(digits.dropFirst(8))-\(tail)")
  }

  /// A name for an operator's request, unique enough to be told from any other.
  static func request(at now: Timestamp) -> String {
    let number = UInt64.random(in: .min ... .max)
    return "\(now.milliseconds)-\(String(number, radix: 36))"
  }
}
