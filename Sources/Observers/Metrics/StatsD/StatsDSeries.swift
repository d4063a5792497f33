/// What one instance sent of one metric since the last look.
struct StatsDSeries {
  var counter = SampledSum()
  var observations = SampledSum()
  /// Observations by bucket, at the sample rate of `observations`.
  private(set) var buckets: [Int32: Double] = [:]
  /// Hashes of the set's members.
  private(set) var members: Set<Int> = []
  private(set) var hasTooManyMembers = false
  private(set) var level = Level.unknown
  private(set) var kinds: Kinds = []

  /// A gauge outlives the interval that it was sent in.
  enum Level: Hashable {
    case unknown
    /// Only changes came so far, of a level that was set before we listened.
    case onlyChanges
    case known(Double)
  }

  struct Kinds: OptionSet, Hashable {
    let rawValue: UInt8
    static let counter = Kinds(rawValue: 1)
    static let timer = Kinds(rawValue: 2)
    static let gauge = Kinds(rawValue: 4)
    static let set = Kinds(rawValue: 8)

    var phrase: String {
      let names = [(Self.counter, "c"), (.timer, "ms, h or d"), (.gauge, "g"), (.set, "s")]
      return names.filter { contains($0.0) }.map(\.1).joined(separator: ", ")
    }
  }

  /// More distinct members than this in one interval are no longer told apart.
  static let memberLimit = 10_000

  mutating func take(_ line: StatsDLine) {
    switch line.value {
    case .counter(let count):
      kinds.insert(.counter)
      _ = counter.add(count, sampledAt: line.sampleRate)
    case .timer(let values):
      kinds.insert(.timer)
      take(values, sampledAt: line.sampleRate)
    case .gauge(let value):
      kinds.insert(.gauge)
      level = .known(value)
    case .gaugeChange(let change):
      kinds.insert(.gauge)
      if case .known(let value) = level { level = .known(value + change) } else { level = .onlyChanges }
    case .member(let member):
      kinds.insert(.set)
      if members.count < Self.memberLimit { members.insert(member.hashValue) } else { hasTooManyMembers = true }
    }
  }

  private mutating func take(_ values: [Double], sampledAt rate: Double) {
    let scale = observations.add(Double(values.count), sampledAt: rate)
    if scale.known != 1 { for (bucket, count) in buckets { buckets[bucket] = count * scale.known } }
    for value in values { buckets[TimerBounds.bucket(of: value), default: 0] += scale.added }
  }

  mutating func beginInterval() {
    self = StatsDSeries(level: level)
  }

  mutating func forgetLevel() { level = .unknown }

  init() {}
  private init(level: Level) { self.level = level }
}

/// A sum of counts that were sampled. It is kept at the smallest sample rate of its parts: x events that were sent of
/// x/r carry the information of x, so scaling up to x/r would pass off noise as evidence. Parts that were sampled less
/// thinly are thinned to the same rate.
struct SampledSum: Hashable {
  private(set) var value = 0.0
  /// Nil while nothing was added.
  private(set) var rate: Double?

  /// What the known and the added part were multiplied with.
  mutating func add(_ count: Double, sampledAt rate: Double) -> (known: Double, added: Double) {
    let smallest = min(self.rate ?? rate, rate)
    let scale = (known: smallest / (self.rate ?? smallest), added: smallest / rate)
    value = value * scale.known + count * scale.added
    self.rate = smallest
    return scale
  }
}
