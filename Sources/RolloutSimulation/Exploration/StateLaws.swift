package import RolloutCore

/// The laws that hold in one state of a rollout by itself, whatever brought it there.
package struct StateLaws {
  let rollout: Rollout
  let now: Timestamp
  /// Inputs of the present turn were not settled yet.
  let isUnsettled: Bool
  private var witness: SafetyWitness

  package init(_ rollout: Rollout, now: Timestamp, isUnsettled: Bool) {
    self.rollout = rollout
    self.now = now
    self.isUnsettled = isUnsettled
    witness = SafetyWitness(plan: rollout.plan)
  }

  /// What is wrong with the state.
  package static func violations(_ rollout: Rollout, now: Timestamp, isUnsettled: Bool = false) -> [String] {
    var laws = StateLaws(rollout, now: now, isUnsettled: isUnsettled)
    laws.witness.checkCounts(rollout)
    laws.checkTotality()
    if isUnsettled { return laws.witness.violations }
    laws.witness.checkTicks(rollout, now)
    laws.witness.checkWaiting(rollout)
    laws.checkRemedies()
    laws.checkClocks()
    return laws.witness.violations
  }

  /// Laws 3 and 4: every input, also a stale, an absurd and a late one, is answered, and `apply` takes the answer.
  private mutating func checkTotality() {
    for input in InputBattery(state: rollout).all {
      let events: [Event]
      do { events = try rollout.decide(input, now: now) } catch {
        if error.message.isEmpty { witness.report("no message for \(error)") }
        continue
      }
      if events.isEmpty { continue }
      if isLate(input) { witness.report("law 5: \(input) is late and gives \(events.map(\.kind))") }
      var next = rollout
      for event in events {
        do { try next.apply(event, at: max(now, next.lastEventAt)) } catch {
          return witness.report("law 4: \(input) while \(rollout.stateName): \(error.message)")
        }
      }
    }
  }

  /// It answers an effect that is outstanding no longer.
  private func isLate(_ input: Input) -> Bool {
    switch input {
    case .outcome(let host, let number, _), .answered(let host, let number, _), .unreachable(let host, let number, _):
      guard !isUnsettled, rollout.nextDeadline.map({ $0 > now }) ?? true else { return false }
      guard rollout.hosts.indices.contains(host), case .inFlight(let intent) = rollout.hosts[host].position else {
        return true
      }
      return intent.number != number
    default: return false
    }
  }

  /// What is named as a way out of a wait is one that the machine takes.
  private mutating func checkRemedies() {
    guard !rollout.isEnded, rollout.epoch > 0 else { return }
    for reason in rollout.waitingOn {
      let verbs = reason.remedyVerbs(in: rollout)
      if verbs.isEmpty { witness.report("no verb in \(reason.remedy) while \(rollout.stateName)") }
      for verb in verbs {
        let operation = Operation(request: "remedy", by: "ann", reason: "shown by explain")
        do { _ = try rollout.decide(.operation(operation, verb), now: now) } catch {
          witness.report("\(verb) is named against \(reason.kind) and refused: \(error.message)")
        }
      }
    }
  }

  /// The wall clock may jump: what is due stays as far away as it was.
  private mutating func checkClocks() {
    guard !rollout.isEnded else { return }
    var before = Fingerprint()
    RolloutFingerprint(rollout, now: now).add(to: &before)
    for by in [TimeSpan.minutes(60), .minutes(-60)] {
      var next = rollout
      guard let events = try? rollout.decide(.clockJumped(by: by, reason: "set"), now: now + by) else { continue }
      for event in events { try? next.apply(event, at: max(now + by, next.lastEventAt)) }
      var after = Fingerprint()
      RolloutFingerprint(next, now: now + by).add(to: &after)
      if after != before { witness.report("a jump of the clock by \(by) changes more than the time of day") }
    }
  }
}
