import CanaryJudge
import ImmuneSystem
import RolloutCore
import Testing

@testable import Observers

@Suite struct LookDraftTests {
  static func segment(_ arms: [JudgeTick.Arm]) -> Segment {
    Segment(number: 1, stage: .comparison, hosts: Array(arms.indices), arms: arms)
  }

  static func counts(_ value: Double) -> Observation { .measured(.counts(events: 0, exposure: value)) }

  @Test func `what is held back covers the time since the last look, and is no arm's if that changed`() throws {
    var draft = LookDraft(checks: [0], interval: .seconds(5))
    func at(_ second: Int64) -> Timestamp { Timestamp(milliseconds: second * 1000) }
    let (before, after) = (Self.segment([.sibling, .sibling]), Self.segment([.updated, .sibling]))
    _ = draft.looks([[Self.counts(1), Self.counts(1)]], at: at(0), in: before)
    #expect(draft.looks([[.pending, .pending]], at: at(5), in: after).isEmpty, "no silence")
    let given = try #require(draft.looks([[Self.counts(2), Self.counts(3)]], at: at(10), in: after).first)
    #expect(given.duration == .seconds(10))
    #expect(given.checks[0].readings == [.missing, .counts(events: 0, exposure: 3)])
    let next = try #require(draft.looks([[Self.counts(4), Self.counts(5)]], at: at(15), in: after).first)
    #expect(next.checks[0].readings == [.counts(events: 0, exposure: 4), .counts(events: 0, exposure: 5)])
  }

  @Test func `what an instance showed while it changed sides is nobody's`() throws {
    var draft = LookDraft(checks: [0], interval: .seconds(5))
    let seen: [[Observation]] = [
      [.measured(.counts(events: 9, exposure: 10)), .measured(.counts(events: 0, exposure: 10))]
    ]
    let before = Segment(number: 1, stage: .comparison, hosts: [0, 1], arms: [.out, .sibling])
    let after = Segment(number: 1, stage: .comparison, hosts: [0, 1], arms: [.updated, .sibling])
    let silent: [[Observation]] = [[.none(ReadingProblem(.noData, detail: "refused")), seen[0][1]]]
    _ = draft.looks(seen, at: Timestamp(milliseconds: 5_000), in: before)
    _ = draft.looks(silent, at: Timestamp(milliseconds: 10_000), in: after)
    let moved = try #require(draft.looks(seen, at: Timestamp(milliseconds: 15_000), in: after).first)
    #expect(moved.checks[0].readings == [.missing, .counts(events: 0, exposure: 10)])
    #expect(moved.checks[0].gaps == [Gap(position: 0, kind: .first)])
    let settled = try #require(draft.looks(seen, at: Timestamp(milliseconds: 20_000), in: after).first)
    #expect(settled.checks[0].readings[0] == .counts(events: 9, exposure: 10) && settled.checks[0].gaps.isEmpty)
  }

  @Test func `the look after an outage covers it, and what is pending makes none`() {
    var draft = LookDraft(checks: [0], interval: .seconds(5))
    let segment = Segment(number: 1, stage: .comparison, hosts: [0], arms: [.updated])
    let (seen, away): ([[Observation]], [[Observation]]) = (
      [[.measured(.counts(events: 0, exposure: 10))]], [[.none(ReadingProblem(.noData, detail: "refused"))]]
    )
    let durations = [seen, away, away, seen, [[.pending]], seen].enumerated().map { index, observed in
      draft.looks(observed, at: Timestamp(milliseconds: 5_000 * Int64(index + 1)), in: segment).first?.duration
    }
    #expect(durations == [.seconds(5), .seconds(5), .seconds(10), .seconds(15), nil, .seconds(10)])
  }

  @Test func `what one catches up on after its own silence is not held against the others' last look`() throws {
    var draft = LookDraft(checks: [0], interval: .seconds(5))
    let segment = Self.segment([.updated, .sibling])
    let away = Observation.none(ReadingProblem(.noData, detail: "refused"))
    let seen: [[Observation]] = [
      [Self.counts(10), Self.counts(20)], [away, Self.counts(20)], [away, Self.counts(20)],
      [Self.counts(900), Self.counts(20)], [Self.counts(10), Self.counts(20)],
    ]
    var looks: [CheckLook] = []
    for (index, observed) in seen.enumerated() {
      let now = Timestamp(milliseconds: 5_000 * Int64(index + 1))
      looks += draft.looks([observed], at: now, in: segment).flatMap(\.checks)
    }
    #expect(
      looks.map { $0.readings[0] } == [
        .counts(events: 0, exposure: 10), .missing, .missing, .missing, .counts(events: 0, exposure: 10),
      ])
    #expect(looks[3].gaps == [Gap(position: 0, kind: .first)])
    #expect(looks.allSatisfy { $0.readings[1] == .counts(events: 0, exposure: 20) })
    var past = LookDraft(checks: [0], interval: .seconds(5))
    let before = seen.enumerated().map { index, observed in
      past.look(
        PastLook(
          at: Timestamp(milliseconds: 5_000 * Int64(index + 1)), duration: .seconds(5), observations: [observed]))
    }
    #expect(before.flatMap(\.checks) == looks)
  }

  @Test func `a level says nothing of the time before, and after everybody's silence all is in the look`() throws {
    var draft = LookDraft(checks: [0, 1], interval: .seconds(5))
    let segment = Self.segment([.updated, .sibling])
    let (away, level) = (Observation.none(ReadingProblem(.noData, detail: "refused")), Measurement.gauge(7))
    func look(_ second: Int64, _ observed: [[Observation]]) -> [CheckLook] {
      draft.looks(observed, at: Timestamp(milliseconds: second * 1000), in: segment).flatMap(\.checks)
    }
    _ = look(5, [[away, .measured(level)], [Self.counts(1), Self.counts(1)]])
    _ = look(10, [[away, .measured(level)], [away, away]])
    let last = look(15, [[.measured(level), .measured(level)], [Self.counts(2), Self.counts(3)]])
    let counts = [Measurement.counts(events: 0, exposure: 2), .counts(events: 0, exposure: 3)]
    #expect(last.map(\.readings) == [[level, level], counts])
  }

  @Test func `what a source says late of the time before an update is not the update's`() throws {
    var draft = LookDraft(checks: [0, 1], interval: .seconds(10))
    let (before, after) = (Self.segment([.sibling, .sibling]), Self.segment([.updated, .sibling]))
    func at(_ second: Int64) -> Timestamp { Timestamp(milliseconds: second * 1000) }
    func readings(_ second: Int64, since: Int64, in segment: Segment) -> [[Measurement]] {
      let observed = [Self.counts(3), .measured(.gauge(7))].map { $0.since(at(since)) }
      return draft.looks(observed.map { [$0, $0] }, at: at(second), in: segment)
        .flatMap(\.checks).map(\.readings)
    }
    let (counts, level) = (Measurement.counts(events: 0, exposure: 3), Measurement.gauge(7))
    #expect(readings(100, since: 70, in: before) == [[counts, counts], [level, level]])
    for (second, since) in [(110, 80), (120, 90), (130, 100)] as [(Int64, Int64)] {
      #expect(readings(second, since: since, in: after) == [[.missing, counts], [.missing, level]])
    }
    #expect(readings(140, since: 110, in: after) == [[counts, counts], [level, level]])
  }
}
