import RolloutSimulation
import Testing

@testable import RolloutCore

/// Laws 3 and 4: every input in every recorded state gives events that `apply` takes, or a rejection; and a journal
/// that was tampered with is refused or leads to a state like any other.
@Suite struct TotalityTests {
  /// Every state that the recorded rollouts pass through, also in the middle of a decision, each once.
  static func states(of stories: [Story]) -> [Rollout] {
    var seen: Set<Rollout> = []
    var states: [Rollout] = []
    for story in stories {
      var world = story.world()
      world.isThorough = false
      world.run()
      var state = Rollout(plan: story.plan, at: story.plan.createdAt)
      for (event, at) in world.journal.dropFirst() {
        if seen.insert(state).inserted { states.append(state) }
        try? state.apply(event, at: at)
      }
      if seen.insert(state).inserted { states.append(state) }
    }
    return states
  }

  @Test func everyInputInEveryStateIsAnswered() {
    var witness = SafetyWitness(plan: PlanBuilder().plan)
    var answers = (states: 0, events: 0, nothing: 0, rejections: 0)
    for state in Self.states(of: Story.all) {
      answers.states += 1
      let battery = InputBattery(state: state)
      for input in battery.all {
        do {
          let events = try state.decide(input, now: state.lastEventAt + .seconds(1))
          if events.isEmpty { answers.nothing += 1 } else { answers.events += 1 }
          expectTaken(events, state, input, &witness)
        } catch {
          answers.rejections += 1
          if error.message.isEmpty { witness.report("no message for \(error)") }
        }
      }
      for input in battery.controller {
        _ = try? state.decide(input, now: Timestamp(milliseconds: .min))
        _ = try? state.decide(input, now: Timestamp(milliseconds: .max))
      }
    }
    #expect(witness.violations.prefix(5) == [])
    #expect(answers.states > 1000 && answers.events > 10_000 && answers.rejections > 10_000, "\(answers)")
  }

  private func expectTaken(_ events: [Event], _ state: Rollout, _ input: Input, _ witness: inout SafetyWitness) {
    if events.isEmpty { return }
    var next = state
    let now = state.lastEventAt + .seconds(1)
    for event in events {
      do { try next.apply(event, at: max(now, next.lastEventAt)) } catch {
        return witness.report("\(input) while \(state.stateName): \(error.message)")
      }
    }
    witness.checkCounts(next)
    if case .stopping = input { return }
    if next.isEnded != next.waitingOn.isEmpty { witness.report("\(input): nothing to wait for in \(next.stateName)") }
  }

  @Test(arguments: Story.all) func aRepeatedRecordIsRefused(_ story: Story) throws {
    for (index, entry) in try recorded(story).enumerated() where !entry.event.mayRepeat {
      var state = entry.state
      try state.apply(entry.event, at: entry.at)
      #expect(throws: ReplayError.self, "record \(index), \(entry.event.kind), twice") {
        try state.apply(entry.event, at: entry.at)
      }
    }
  }

  @Test(arguments: Story.all) func aMissingIntentIsRefused(_ story: Story) throws {
    let entries = try recorded(story)
    for index in entries.indices {
      guard case .stepIntended(let host, _, _, _, _) = entries[index].event else { continue }
      let rest = entries[(index + 1)...]
      guard rest.contains(where: { $0.event.needsIntent(of: host) }) else { continue }
      #expect(throws: ReplayError.self, "without record \(index)") {
        var state = entries[index].state
        for entry in rest { try state.apply(entry.event, at: entry.at) }
      }
    }
  }

  /// Whatever `apply` takes in, `decide` can work with.
  @Test(arguments: Story.all) func aTamperedJournalNeverTraps(_ story: Story) throws {
    let entries = try recorded(story)
    var witness = SafetyWitness(plan: story.plan)
    var refused = 0
    func follow(_ prefix: Rollout, _ rest: [(event: Event, at: Timestamp)]) {
      var state = prefix
      for (event, at) in rest {
        do { try state.apply(event, at: max(at, state.lastEventAt)) } catch {
          refused += 1
          return
        }
        probe(state)
      }
    }
    func probe(_ state: Rollout) {
      witness.checkCounts(state)
      let takeover = Input.tookOver(epoch: state.epoch + 1, holder: "next", gap: .zero)
      let verbs: [Input.Verb] = [.retry, .rollback, .promote(full: false), .abort(.hold), .abort(.rollback)]
      for input in [.tick, takeover] + verbs.map({ Input.operation(.init(request: "x", by: "b", reason: ""), $0) }) {
        _ = try? state.decide(input, now: state.lastEventAt + .minutes(600))
      }
    }
    for index in entries.indices {
      let rest = entries[(index + 1)...].prefix(12).map { ($0.event, $0.at) }
      follow(entries[index].state, rest)
      guard let next = rest.first else { continue }
      follow(entries[index].state, [next, (entries[index].event, entries[index].at)] + rest.dropFirst())
    }
    #expect(witness.violations == [])
    #expect(entries.count < 12 || refused > 0)
  }

  @Test func aDamagedPlanIsRefused() {
    func expectRefusal(_ change: (inout Plan) -> Void) {
      var plan = PlanBuilder().plan
      change(&plan)
      #expect(throws: ReplayError.self) { try Rollout.replay([(.planned(plan), plan.createdAt)]) }
    }
    expectRefusal { $0.waves[0].hosts = [7] }
    expectRefusal { $0.waves[0].hosts = [-1] }
    expectRefusal { $0.waves[0].hosts = [] }
    expectRefusal { $0.waves[0].hosts = [1] }
    expectRefusal { $0.maxUnavailable = 0 }
    expectRefusal { $0.kind = .rollback }
    #expect(throws: ReplayError.missingPlan) { try Rollout.replay([]) }
    let stray = Event.controllerStopped(reason: "")
    #expect(throws: ReplayError.missingPlan) { try Rollout.replay([(stray, PlanBuilder.start)]) }
  }

  /// Each record but the plan, with the state before it.
  private func recorded(_ story: Story) throws -> [(state: Rollout, event: Event, at: Timestamp)] {
    var world = story.world()
    world.isThorough = false
    world.run()
    var state = Rollout(plan: story.plan, at: story.plan.createdAt)
    var entries: [(state: Rollout, event: Event, at: Timestamp)] = []
    for (event, at) in world.journal.dropFirst() {
      entries.append((state, event, at))
      try state.apply(event, at: at)
    }
    return entries
  }
}

extension Event {
  /// News of the controller itself: true twice over.
  fileprivate var mayRepeat: Bool {
    switch self {
    case .controllerStopped, .clocksShifted: true
    default: false
    }
  }

  fileprivate func needsIntent(of host: Int) -> Bool {
    switch self {
    case .stepIntended, .stepReissued: true
    case .stepFinished(host, _, _), .stepFailed(host, _, _), .stepDeferred(host, _, _), .stepQuestioned(host, _): true
    default: false
    }
  }
}
