internal import RolloutCore

/// What outlives the interval it came in.
struct StatsDMemory {
  let instances: [Instance]
  /// By metric and instance: whether it was ever heard.
  private(set) var isKnown: [[Bool]]
  /// By metric and instance: heard since the instance was last silent, before this interval.
  private(set) var isSteady: [[Bool]]
  private(set) var isSilent: [Bool]
  /// Seconds that the interval covers.
  private(set) var seconds = 0.0
  private(set) var now = Timestamp(milliseconds: 0)
  private var silentLooks: [Int]
  private var sampleRates: [[Double?]]
  private var levelTimes: [[Timestamp?]]
  private var last: Timestamp?

  init(instances: [Instance], metrics: Int) {
    func table<Value>(_ value: Value) -> [[Value]] {
      Array(repeating: Array(repeating: value, count: instances.count), count: metrics)
    }
    self.instances = instances
    isKnown = table(false)
    isSteady = table(false)
    isSilent = Array(repeating: true, count: instances.count)
    silentLooks = Array(repeating: StatsDReader.silenceLimit, count: instances.count)
    sampleRates = table(nil)
    levelTimes = table(nil)
  }

  /// Listening begins.
  mutating func begin(at now: Timestamp) { last = now }

  mutating func note(_ seen: StatsDTally.Interval, at now: Timestamp, otherwise interval: TimeSpan) {
    // A clock that was set back, or a look at the same moment, says nothing of the time that passed.
    let passed = last.map { (now - $0).milliseconds } ?? 0
    seconds = Double(passed > 0 ? passed : interval.milliseconds) / 1000
    (last, self.now) = (now, now)
    for instance in instances.indices {
      silentLooks[instance] = seen.heard[instance] ? 0 : min(silentLooks[instance] + 1, StatsDReader.silenceLimit)
      isSilent[instance] = silentLooks[instance] >= StatsDReader.silenceLimit
      for metric in isKnown.indices { note(seen.series[metric][instance], metric, instance) }
    }
  }

  private mutating func note(_ series: StatsDSeries, _ metric: Int, _ instance: Int) {
    isSteady[metric][instance] = isKnown[metric][instance] && !isSilent[instance]
    if isSilent[instance] { isKnown[metric][instance] = false }
    if !series.kinds.isEmpty { isKnown[metric][instance] = true }
    if let rate = series.counter.rate ?? series.observations.rate { sampleRates[metric][instance] = rate }
    if series.kinds.contains(.gauge) { levelTimes[metric][instance] = now }
  }

  /// At which the client samples this metric: as it last did, or else as the other instances do.
  func sampleRate(_ metric: Int, _ instance: Int) -> Double {
    sampleRates[metric][instance] ?? sampleRates[metric].compactMap { $0 }.first ?? 1
  }

  /// Since the gauge was last sent.
  func levelAge(_ metric: Int, _ instance: Int) -> TimeSpan? { levelTimes[metric][instance].map { now - $0 } }
}
