/// SplitMix64: small, fast, and the same on every machine.
public struct Dice: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// The seed is spread first: the streams of neighbouring seeds would be one stream, shifted, otherwise.
  public init(seed: UInt64) { state = Self.spread(seed &+ 0xD1B5_4A32_D192_ED03) }

  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    return Self.spread(state)
  }

  private static func spread(_ value: UInt64) -> UInt64 {
    var z = value
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// 0..<count. The bias of the remainder does not matter for counts of this size.
  mutating func below(_ count: Int) -> Int { Int(next() % UInt64(max(1, count))) }

  mutating func chance(_ percent: Int) -> Bool { below(100) < percent }

  mutating func pick<T>(_ items: [T]) -> T { items[below(items.count)] }

  /// Milliseconds, both ends included.
  mutating func time(_ range: ClosedRange<Int64>) -> Int64 {
    range.lowerBound + Int64(next() % UInt64(range.upperBound - range.lowerBound + 1))
  }
}
