import RolloutCore

/// What goes wrong with one step on one host, once.
struct Fault {
  enum Kind: CaseIterable {
    /// The host tries and says no. A failed restart leaves the instance down.
    case fails
    case notSent
    /// No answer, and the host never had it.
    case lostBefore
    /// The host acts, and its answer is lost.
    case lostAfter
    /// The host's worker dies half way, before any effect.
    case interrupted
    /// The host never finishes.
    case hangs
    /// Half a minute late on the wire, while the sender believes it lost.
    case straggles
    case answersTwice
    /// The step succeeds and what runs is what ran before.
    case keepsOldVersion
  }
  var host: Int
  var step: StepKind
  var kind: Kind
  /// How often it happens.
  var times = 1
}

/// Everything that happens to a rollout from outside: faults, verdicts, people, crashes.
struct Script {
  var faults: [Fault] = []
  /// Hosts on which the release never becomes well.
  var sickOnRelease: [Int] = []
  /// Hosts that never become well again on what they ran before.
  var sickOnBaseline: [Int] = []
  /// What the checks say, after how long in the first burn-in of an analysis.
  var verdicts: [(after: TimeSpan, Verdict)] = []
  /// In order: each waits for its condition once the one before has happened.
  var cues: [Cue] = []
  /// The controller dies when this many records are durable, whatever else the decision held.
  var crashesAt: [Int] = []
  /// How long nobody drives it after a crash.
  var outage = TimeSpan.seconds(7)
  /// Answers meant for a dead controller reach the next one.
  var deliversLateAnswers = true

  struct Cue {
    var when: @Sendable (Rollout) -> Bool
    var after = TimeSpan.seconds(1)
    var act: Act
  }

  enum Act: Hashable {
    case say(Input.Verb)
    case kill(Int)
    case cure(Int)
    case cutOff(Int)
    case reconnect(Int)
    case jumpClock(TimeSpan)
    case checksSay(Verdict.Outcome)
    /// What they said last, from newer samples.
    case checksSayAgain
    case historyIsFound
    case crash
  }

  static func cue(_ state: String, after: TimeSpan = .seconds(1), _ act: Act) -> Cue {
    Cue(when: { $0.stateName == state }, after: after, act: act)
  }

  static func cue(_ state: String, after: TimeSpan = .seconds(1), _ verb: Input.Verb) -> Cue {
    cue(state, after: after, .say(verb))
  }

  /// When a host is in this state, by the name people see.
  static func cue(_ host: Int, is state: String, after: TimeSpan = .seconds(1), _ act: Act) -> Cue {
    Cue(when: { $0.hosts[host].stateName == state }, after: after, act: act)
  }

  mutating func takeFault(_ host: Int, _ step: StepKind) -> Fault.Kind? {
    guard let index = faults.firstIndex(where: { $0.host == host && $0.step == step && $0.times > 0 }) else {
      return nil
    }
    faults[index].times -= 1
    return faults[index].kind
  }
}

/// What will happen when, in the order of time and then of arrival.
struct Agenda {
  enum Item {
    case arrive(host: Int, number: Int64, HostCommand, Fault.Kind?)
    case finish(host: Int, number: Int64, HostCommand, Fault.Kind?)
    case comesUp(host: Int, Version)
    case question(host: Int, number: Int64, StepKey)
    case input(Input)
    case probe(host: Int, generation: Int)
    case act(Script.Act, request: String)
    case takeOver
  }
  struct Entry {
    var time: Timestamp
    var item: Item
  }
  private(set) var entries: [Entry] = []

  var nextTime: Timestamp? { entries.first?.time }

  mutating func add(_ item: Item, at time: Timestamp) {
    let index = entries.firstIndex { $0.time > time } ?? entries.endIndex
    entries.insert(Entry(time: time, item: item), at: index)
  }

  mutating func removeFirst() -> Entry { entries.removeFirst() }

  mutating func removeAll(where condition: (Item) -> Bool) { entries.removeAll { condition($0.item) } }

  /// The wall clock moved; what is due stays as far away as it was.
  mutating func shift(by: TimeSpan) {
    for index in entries.indices { entries[index].time = entries[index].time + by }
  }
}
