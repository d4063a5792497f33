import Foundation
import RolloutCore
import RolloutEngine
import Testing

/// Every journal that a released canary wrote folds to what it folded to then, and goes on from wherever it ends.
@Suite struct ReplayTests {
  @Test(arguments: RecordedJournal.all) func foldsToWhatItWas(_ journal: RecordedJournal) throws {
    if FixtureTests.isRecording { try ExpectedState.writeIfMissing(for: journal) }
    let expected = try ExpectedState.kept(for: journal)
    let found = try ExpectedState(journal)
    #expect(found.state == expected.state)
    #expect(found.digest == expected.digest)
    #expect(found.course == expected.course, "another state on the way")
    #expect(expected.state.digest == expected.digest, "the description or its digest was changed by hand")
  }

  /// The row that the store kept at the time says the same as the fold does now.
  @Test(arguments: RecordedJournal.all) func theRowOfTheListFollows(_ journal: RecordedJournal) throws {
    let (rollout, _) = try RolloutReader.fold(journal.records, journal.row.id)
    let (summary, row) = (rollout.summary, journal.row)
    #expect(summary.id == row.id && summary.service == row.service && summary.release == row.release)
    #expect(summary.kind == row.kind && summary.state == row.state && summary.isEnded == row.isEnded)
    #expect(summary.startedBy == row.startedBy && summary.startedAt == row.startedAt)
    #expect(summary.endedAt == row.endedAt && summary.provenAt == row.provenAt)
  }

  /// What this version writes for an event of an earlier one reads as the same event.
  @Test(arguments: RecordedJournal.all) func everyRecordSurvivesBeingWrittenAnew(_ journal: RecordedJournal) throws {
    for record in journal.records {
      let event = try EventCodec.decode(record)
      let anew = try EventCodec.encode(event, sequence: record.sequence, at: record.at)
      #expect(anew.kind == record.kind)
      #expect(try EventCodec.decode(anew) == event)
    }
  }

  /// The controller of this version takes over after every record, in a world without further faults, and comes to an
  /// end or to a person.
  @Test(arguments: RecordedJournal.all) func goesOnFromEveryRecord(_ journal: RecordedJournal) throws {
    for rollout in try journal.states() {
      var world = CalmWorld(rollout)
      try world.run()
      let state = "after record \(rollout.eventCount - 1): \(world.rollout.stateName)"
      #expect(world.rollout.isAtRest || world.rollout.pause != nil, "\(state)")
      #expect(world.rollout.isEnded != !world.rollout.waitingOn.isEmpty, "\(state)")
      #expect(world.violations.isEmpty, "\(state): \(world.violations)")
    }
  }
}

extension RecordedJournal {
  /// The state after each record.
  func states() throws -> [Rollout] {
    let (_, events) = try RolloutReader.fold(records, row.id)
    guard let first = events.first else { return [] }
    var states = [try Rollout.replay([(first.event, first.at)])]
    for recorded in events.dropFirst() {
      var next = states[states.count - 1]
      try next.apply(recorded.event, at: recorded.at)
      states.append(next)
    }
    return states
  }
}

/// Hosts, probes and checks that do what they are asked, under virtual time.
struct CalmWorld {
  private(set) var rollout: Rollout
  private(set) var violations: [String] = []
  private var now: Timestamp
  /// When the checks speak next.
  private var nextWord: Timestamp

  init(_ rollout: Rollout) {
    self.rollout = rollout
    now = rollout.lastEventAt + .seconds(5)
    nextWord = now
  }

  private mutating func offer(_ input: Input) throws {
    let events: [Event]
    do { events = try rollout.decide(input, now: now) } catch { return }
    for event in events { try rollout.apply(event, at: max(now, rollout.lastEventAt)) }
    if rollout.downCount > rollout.hosts.count { violations.append("\(rollout.downCount) hosts are down") }
  }

  mutating func run() throws {
    if rollout.isEnded { return }
    // A damaged journal may hold the highest epoch there is.
    let epoch = max(rollout.epoch, rollout.epoch &+ 1)
    try offer(.tookOver(epoch: epoch, holder: "ann@build2 pid 7", gap: .seconds(5)))
    for _ in 0..<2000 {
      if rollout.isAtRest || rollout.pause != nil { return }
      let before = rollout.eventCount
      let outstanding = rollout.outstanding
      for effect in outstanding { try answer(effect) }
      try offer(.tick)
      if rollout.eventCount > before { continue }
      let speaks = outstanding.contains { if case .analyse = $0 { true } else { false } }
      guard let next = [rollout.nextDeadline, speaks ? nextWord : nil].compactMap({ $0 }).min() else { return }
      now = max(now + TimeSpan(milliseconds: 1), next)
    }
    violations.append("does not settle")
  }

  private mutating func answer(_ effect: Effect) throws {
    switch effect {
    case .perform(let host, let number, _): try offer(.outcome(host: host, number: number, .succeeded))
    case .ask(let host, let number, _): try offer(.answered(host: host, number: number, .finished(.succeeded)))
    case .watch(let host, let expecting): try offer(.health(host: host, expecting: expecting, .healthy))
    case .analyse(let analysis):
      if analysis.stage == .baseline { try offer(.baselineTaken(number: analysis.number)) }
      guard now >= nextWord else { return }
      nextWord = now + .seconds(10)
      var verdict = Verdict(outcome: .pass, reason: "as good as its siblings")
      verdict.lastSample = (rollout.verdict?.lastSample ?? 0) + 1
      try offer(.verdict(number: analysis.number, verdict))
    }
  }
}
