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

  @Test func `what is held back counts for the time since the last look, and for no arm if that changed meanwhile`() {
    var draft = LookDraft(checks: [0], interval: .seconds(5))
    func at(_ second: Int64) -> Timestamp { Timestamp(milliseconds: second * 1000) }
    let (before, after) = (Self.segment([.sibling, .sibling]), Self.segment([.updated, .sibling]))
    _ = draft.looks([[Self.counts(1), Self.counts(1)]], at: at(0), in: before)
    #expect(draft.looks([[.pending, .pending]], at: at(5), in: after).isEmpty, "no silence")
    let given = draft.looks([[Self.counts(2), Self.counts(3)]], at: at(10), in: after)
    #expect(given.map(\.duration) == [.seconds(10)])
    #expect(given.first?.checks[0].readings == [.missing, .counts(events: 0, exposure: 3)])
    let next = draft.looks([[Self.counts(4), Self.counts(5)]], at: at(15), in: after)
    #expect(next.first?.checks[0].readings == [.counts(events: 0, exposure: 4), .counts(events: 0, exposure: 5)])
  }
}
