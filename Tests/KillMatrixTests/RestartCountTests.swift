import Testing

@testable import KillMatrix

/// Restarts of a host that failed for a moment, counted against its own ledger.
struct RestartCountTests {
  private func objection(_ new: [String], _ steps: [(name: String, outcome: String?)], spare: Int = 0) -> String? {
    let steps = steps.map { ArenaHost.Step(rollout: "r", name: $0.name, outcome: $0.outcome.map { "status \($0)" }) }
    return RestartCount(["1.0"] + new, before: ["1.0"], steps: steps, spare: spare)
      .objection(endsWith: new.last ?? "1.0")
  }

  private let there = ("activate-1", String?.some("succeeded"))
  private let back = ("revert-activate-1", String?.some("succeeded"))
  private let again = ("activate-2", String?.some("succeeded"))

  @Test func eachRestartHasAStep() {
    #expect(objection(["2.0"], [there]) == nil)
    #expect(objection(["2.0", "1.0", "2.0"], [there, back, again]) == nil)
    #expect(objection(["2.0", "2.0"], [("activate-1", "failed"), again]) == nil)
  }

  @Test func oneMoreIsSeen() {
    #expect(objection(["2.0", "2.0"], [there]) != nil)
    #expect(objection(["2.0", "2.0"], [there, ("drain-1", "succeeded")]) != nil)
    #expect(objection(["2.0", "2.0"], [there], spare: 1) == nil)
    #expect(objection(["2.0", "2.0", "2.0"], [there], spare: 1) != nil)
    #expect(objection(["2.0", "2.0"], [there, back]) != nil, "a way back is no reason to go ahead")
  }

  @Test func oneLessIsSeen() { #expect(objection(["2.0"], [there, again]) != nil) }

  @Test func theWrongEndIsSeen() {
    #expect(RestartCount(["1.0", "2.0"], before: ["1.0"], steps: [], spare: 1).objection(endsWith: "1.0") != nil)
    #expect(RestartCount(["2.0"], before: ["1.0"], steps: [], spare: 1).objection(endsWith: "2.0") != nil)
  }
}
