internal import RolloutCore
internal import RolloutEngine
internal import RolloutSimulation

/// What is simulated, and under which name people know it.
struct SimulationSubject: Sendable {
  var plan: Plan
  /// The policy file as the person named it.
  var path: String
  /// Things that go wrong in each run.
  var faults: Int
  /// Hosts that were made up instead of the inventory's.
  var madeUpHosts: Int?

  /// The command that tells one run.
  func command(seed: UInt64) -> String {
    let hosts = madeUpHosts.map { " --hosts \($0)" } ?? ""
    return "canary simulate \(path) --seed \(seed) --faults \(faults)\(hosts)"
  }
}

/// How a run ended: a rollout's state, and whom it waits for.
struct SimulatedEnd: Hashable, Sendable {
  /// As `canary status` names it, with the cause of a halt.
  var state: String
  /// What a person may do then, as typed after `canary`; nil when it has ended.
  var waitsFor: String?

  init(_ rollout: Rollout?) {
    guard let rollout else {
      (state, waitsFor) = ("not begun", "start")
      return
    }
    state = rollout.stateName
    if case .halted(_, let halt) = rollout.phase { state += " (\(halt.cause.rawValue))" }
    waitsFor = WaitWords.ranked(rollout.waitingOn).first?.remedy
  }
}

/// One simulated rollout, from its start to its end or to where it waits for a person.
struct SimulatedRun: Sendable {
  var seed: UInt64
  var faults: [Fault]
  /// The journal, with virtual times in milliseconds.
  var story: [RunReport.ToldEvent]
  var last: Rollout?
  var end: SimulatedEnd
  /// Most instances out of service at once by canary's own doing.
  var worstDown: Int
  /// Until it ended or began to wait for a person.
  var length: TimeSpan
  var broken: [Violation]

  init(seed: UInt64, _ scenario: Scenario, _ report: RunReport) {
    self.seed = seed
    faults = scenario.faults
    story = report.story
    last = report.last
    end = SimulatedEnd(report.last)
    worstDown = report.tally.worstDown
    let turned = report.story.last { Self.isEnd($0.event.event) } ?? report.story.last
    length = TimeSpan(milliseconds: turned?.at ?? report.duration)
    broken = report.violations
  }

  private static func isEnd(_ event: Event) -> Bool {
    switch event {
    case .ended, .halted, .stuck: true
    default: false
    }
  }

  /// Faults that struck before it was over.
  var struck: [Fault] { faults.filter { $0.at <= length.milliseconds } }
}
