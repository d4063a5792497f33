package import RolloutCore

/// Every input with valid, stale, absurd and repeated arguments for one state.
package struct InputBattery {
  package let state: Rollout

  package init(state: Rollout) { self.state = state }

  package var all: [Input] { controller + hosts + verdicts + people }

  package var controller: [Input] {
    let epochs = [state.epoch - 1, state.epoch, state.epoch + 1, .max, .min]
    let spans: [TimeSpan] = [.zero, .minutes(60), .minutes(-60), .init(milliseconds: .max), .init(milliseconds: .min)]
    return [.tick, .stopping(reason: "")] + epochs.map { .tookOver(epoch: $0, holder: "", gap: .minutes(1)) }
      + spans.flatMap { [.clockJumped(by: $0, reason: ""), .tookOver(epoch: state.epoch + 1, holder: "", gap: $0)] }
  }

  package static let outcomes: [Outcome] = [
    .succeeded, .failed(detail: "no"), .refused(current: Fence(epoch: 9, step: 9)), .notSent(detail: "no"),
    .unanswered(detail: "no"),
  ]
  package static let records: [StepRecord] = [.absent, .running, .interrupted] + outcomes.map { .finished($0) }

  private var hosts: [Input] {
    var inputs: [Input] = []
    for host in [-1] + Array(state.hosts.indices) + [state.hosts.count, .max] {
      var numbers = [state.lastNumber + 1, .min]
      if state.hosts.indices.contains(host), case .inFlight(let intent) = state.hosts[host].position {
        numbers += [intent.number, intent.number - 1]
      }
      for number in numbers {
        inputs += Self.outcomes.map { .outcome(host: host, number: number, $0) }
        inputs += Self.records.map { .answered(host: host, number: number, $0) }
        inputs.append(.unreachable(host: host, number: number, detail: "no route"))
      }
      for expecting: Version? in [nil, "1.0", "2.0", "9"] {
        inputs.append(.health(host: host, expecting: expecting, .healthy))
        inputs.append(.health(host: host, expecting: expecting, .unhealthy(detail: "503")))
      }
    }
    return inputs
  }

  private var verdicts: [Input] {
    [state.analysisNumber, state.analysisNumber - 1, state.analysisNumber + 1, .min].flatMap { number in
      Verdict.Outcome.allCases.map { .verdict(number: number, Verdict(outcome: $0, reason: "so")) }
        + [.baselineTaken(number: number)]
    }
  }

  package var verbs: [Input.Verb] {
    let skips = state.plan.hosts.map { Input.Verb.skip($0.instance.id) } + [.skip("nobody")]
    return skips + [
      .pause, .resume, .rollback, .retry, .supersede, .promote(full: false), .promote(full: true), .abort(nil),
      .abort(.hold), .abort(.rollback),
    ]
  }

  private var people: [Input] {
    ([state.recentRequests.last ?? "seen", "new", ""]).flatMap { request in
      verbs.map { .operation(Operation(request: request, by: "ann", reason: "why"), $0) }
    }
  }
}

extension Input {
  /// It says how far, not where to.
  package var isNewsTwice: Bool {
    switch self {
    case .stopping, .clockJumped: true
    default: false
    }
  }
}
