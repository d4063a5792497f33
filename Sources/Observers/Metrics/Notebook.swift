internal import ImmuneSystem
internal import RolloutCore
internal import RolloutEngine

/// What has been measured, on its way into the store and from there to the judge. Nothing reaches the judge that is
/// not on stable storage, so a successor finds all that a verdict rests on.
struct Notebook {
  private(set) var immune: ImmuneSystem
  private let log: any SampleLog
  private var pending: [(record: SampleRecord, sample: Sample)] = []
  private var next = 0
  /// Why evidence cannot go on under this number: what is stored of it does not read.
  private(set) var damage: (number: Int64, detail: String)?

  /// Samples kept in memory while the store cannot be written. Looks beyond it are lost: what they showed counts for
  /// nobody.
  private static let longestWait = 10_000

  init(_ request: AnalysisRequest, log: any SampleLog) {
    immune = ImmuneSystem(
      checks: request.checks, falseAlarm: request.falseAlarm, horizon: request.horizon,
      untilRequests: request.untilRequests, warmUp: request.warmUp)
    self.log = log
  }

  /// All that is noted is stored, and judged as far as it reads.
  var isSaved: Bool { pending.isEmpty }

  /// The segment that the next look belongs to.
  var segment: Segment? {
    for entry in pending.reversed() {
      if case .segment(let segment) = entry.sample { return segment }
    }
    return immune.segment
  }

  /// Takes up what is stored.
  mutating func load() async throws(StoreFailure) {
    while true {
      let page = try await log.samples(from: next)
      if page.isEmpty { return }
      for record in page { take(record) }
    }
  }

  private mutating func take(_ record: SampleRecord) {
    do {
      let sample = try SampleCodec.decode(record)
      if case .segment(let segment) = sample, segment.number != damage?.number { damage = nil }
      try immune.record(sample, sequence: record.sequence)
    } catch {
      damage = (immune.number ?? 0, "the stored measurements cannot be taken up: \(error)")
    }
    next = record.sequence + 1
  }

  mutating func note(_ sample: Sample, at: Timestamp) {
    if case .look = sample, pending.count >= Self.longestWait { return }
    let sequence = next + pending.count
    do {
      pending.append((try SampleCodec.encode(sample, sequence: sequence, at: at), sample))
    } catch {
      // Readings are finite numbers and text.
      damage = (segment?.number ?? 0, "\(error)")
    }
  }

  /// Stores what is noted and lets the judge see it.
  mutating func save() async throws(StoreFailure) {
    guard !pending.isEmpty else { return }
    try await log.append(pending.map(\.record))
    for (record, sample) in pending {
      next = record.sequence + 1
      do { try immune.record(sample, sequence: record.sequence) } catch {
        damage = (segment?.number ?? 0, "sample \(record.sequence): \(error)")
      }
    }
    pending = []
  }

  /// Somebody else's records stand where ours were due: theirs count.
  mutating func yield() async throws(StoreFailure) {
    pending = []
    try await load()
  }
}
