internal import CanaryJudge
internal import RolloutCore

/// One check over all instances, handed over in step with the server's samples. A server scrapes each instance at
/// another moment of the same interval; what is new is held until every live instance has something, so that a look
/// compares the same stretch of time on all of them.
struct PacedCheck {
  /// What the server has of one instance.
  struct Found: Sendable {
    var series: [PointSeries] = []
    /// The events of a ratio.
    var bad: [PointSeries] = []
    /// Milliseconds of a bucket, where the server has buckets.
    var step: Int64?
    /// Says that this is not all.
    var problem: ReadingProblem?
  }

  /// As messages name what is read.
  let name: String
  /// How many samples may be missing before an instance is stale.
  let patience: Int64
  private var tallies: [InstanceTally]
  private var edges: [Double] = []
  /// Where the stretches handed over last begin, by instance and by the server's clock.
  private var begins: [Int64?]

  /// Milliseconds between samples, where fewer than two have been seen.
  static let assumedSpacing: Int64 = 60_000

  init(name: String, _ kind: InstanceTally.Kind, _ style: CountLedger.Style, instances: Int, patience: Int64) {
    self.name = name
    self.patience = patience
    tallies = Array(repeating: InstanceTally(kind, style), count: instances)
    begins = Array(repeating: nil, count: instances)
  }

  var count: Int { tallies.count }

  /// The longest time between two samples of a live instance.
  var spacing: Int64? { tallies.compactMap(\.spacing).max() }

  private enum State {
    /// Of the first sight of counters.
    case began
    case ready
    /// Alive, and nothing new.
    case waiting
    case none(ReadingProblem)
  }

  /// `found` is by instance; `now` by the server's clock. Nothing is lost by a look that is not handed over.
  mutating func look(_ found: [Found], origin: Int64, now: Int64) -> [Observation] {
    let states = tallies.indices.map { index in
      index < found.count ? take(found[index], index, origin, now) : State.waiting
    }
    let isComplete = !states.contains { if case .waiting = $0 { true } else { false } }
    return tallies.indices.map { index in
      switch states[index] {
      case .began: .first
      case .none(let problem): .none(problem)
      case .ready where isComplete: handOver(index)
      case .ready, .waiting: .pending
      }
    }
  }

  private mutating func handOver(_ index: Int) -> Observation {
    begins[index] = tallies[index].begin
    return .measured(tallies[index].handOver(sharing: &edges))
  }

  /// What `look` gave, with the times that it speaks of by our clock, which the server's is `ahead` of.
  func dated(_ observations: [Observation], ahead: TimeSpan) -> [Observation] {
    zip(observations, begins).map { observation, begin in
      observation.since(begin.map { Timestamp(milliseconds: $0 - ahead.milliseconds) })
    }
  }

  private mutating func take(_ found: Found, _ index: Int, _ origin: Int64, _ now: Int64) -> State {
    if let problem = found.problem { return .none(problem) }
    let hadBegun = tallies[index].hasBegun
    if let problem = tallies[index].take(found, origin: origin) { return .none(problem) }
    let tally = tallies[index]
    if tally.hasNews { return .ready }
    guard let newest = tally.newest else { return .none(ReadingProblem(.noData, detail: "no series \(name)")) }
    // One that was seen once is taken to be like the others.
    let (age, usual) = (now - newest, tally.spacing ?? spacing)
    if age > patience * (usual ?? Self.assumedSpacing) {
      let every = usual.map { ", one comes every \(TimeSpan(milliseconds: $0))" } ?? ""
      return .none(
        ReadingProblem(
          .stale, detail: "\(name) has no sample since \(TimeSpan(milliseconds: age / 1000 * 1000))\(every)"))
    }
    return hadBegun ? .waiting : .began
  }
}

/// How far back to ask. What is new since the last whole answer, and a little more for what a server learns late.
struct LookBack {
  /// When the first look was due: samples of before are nobody's.
  private(set) var origin: Timestamp?
  private var answered: Timestamp?
  private var cap: Int64

  /// Milliseconds asked for when nothing is known yet, and the most that is asked for after an outage.
  let first: Int64
  init(first: TimeSpan, cap: TimeSpan) {
    self.first = first.milliseconds
    self.cap = cap.milliseconds
  }

  /// Milliseconds to ask for at `now`. `margin`: for what comes late.
  mutating func span(at now: Timestamp, margin: Int64) -> Int64 {
    let origin = origin ?? now
    self.origin = origin
    let wanted = answered.map { (now - $0).milliseconds + margin } ?? (now - origin).milliseconds + first
    return max(1000, min(wanted, cap))
  }

  mutating func noteAnswer(at now: Timestamp) { answered = now }

  /// Gives up what lies between the last answer and now.
  mutating func restart(at now: Timestamp) { answered = now }

  /// Asks for half as much from now on, where the answer was longer than is read.
  mutating func shorten() { cap = max(15_000, cap / 2) }
}
