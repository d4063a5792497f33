internal import RolloutCore

/// What a few per cent of the seeds are aimed at, because chance alone seldom brings it together.
enum Aim: CaseIterable {
  /// Everything fails, is held, and is tried again on hosts that keep one release and run the new one.
  case retryOnTheRelease
  /// Power goes again and again around the end of steps, and answers get lost.
  case powerAfterAnswers
  /// Controllers on machines of their own stop for longer than the lease while acknowledgements get lost.
  case contestedLease

  /// One seed in so many.
  static let share: UInt64 = 25
}

extension Scenario {
  mutating func take(_ aim: Aim, _ dice: inout Dice) {
    if policy.probes.isEmpty { policy.probes = [Dice.probe(true)] }
    switch aim {
    case .retryOnTheRelease: aimAtRetry(&dice)
    case .powerAfterAnswers: aimAtPower(&dice)
    case .contestedLease: aimAtLease(&dice)
    }
    faults.sort { $0.at < $1.at }
  }

  private mutating func aimAtRetry(_ dice: inout Dice) {
    (policy.onFail, policy.rollback, policy.release.keep) = (.halt, .required, 1)
    policy.healthyDeadline = .seconds(15)
    emptyHosts = false
    let mended = dice.time(25_000...50_000)
    faults = (0..<hosts).flatMap { host in
      [
        Fault(at: 0, kind: .releaseStartsLate(host: host, by: 120_000)),
        Fault(at: mended, kind: .releaseStartsLate(host: host, by: 0)),
      ]
    }
    for _ in 0..<3 { faults.append(Fault(at: mended + dice.time(0...60_000), kind: .says(.retry, again: nil))) }
  }

  private mutating func aimAtPower(_ dice: inout Dice) {
    faults = [Fault(at: 0, kind: .loses(percent: dice.pick([0, 10, 30]), lasting: 60_000))]
    for _ in 0..<8 {
      let kind = Fault.Kind.losesPower(host: dice.below(hosts), outage: dice.time(500...5_000))
      faults.append(Fault(at: dice.time(0...60_000), kind: kind))
    }
  }

  private mutating func aimAtLease(_ dice: inout Dice) {
    (controllers, sharesMachine) = (max(2, controllers), false)
    faults = (0..<4).flatMap { _ in
      let stop = Fault.Kind.controllerStops(controller: dice.below(controllers), lasting: dice.pick([20_000, 40_000]))
      return [
        Fault(at: dice.time(0...60_000), kind: stop),
        Fault(at: dice.time(0...60_000), kind: .acknowledgementsLost(count: dice.pick([1, 3]))),
      ]
    }
  }
}
