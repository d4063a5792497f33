import RolloutSimulation
import Testing

@testable import RolloutCore

/// The laws of the core over recorded rollouts of every fate. The world checks the first, the fifth, `waitingOn` and
/// the safety rules after each input.
@Suite struct LawTests {
  @Test(arguments: Story.all) func recordedRolloutKeepsTheLaws(_ story: Story) {
    var world = story.world()
    world.run()
    #expect(world.witness.violations == [], "\(world.kinds)")
    #expect(world.rollout.stateName == story.ends, "\(world.kinds) \(world.rollout.waitingOn)")
  }

  @Test func twoHundredHosts() {
    let plan = PlanBuilder(hosts: 200) {
      $0.canaries = 2
      $0.waveSizes = [20, 60]
      $0.maxUnavailable = 10
      $0.policy.drains()
    }.plan
    var world = MachineWorld(plan)
    world.isThorough = false
    world.run()
    #expect(world.witness.violations == [])
    #expect(world.rollout.stateName == "succeeded")
    #expect((try? Rollout.replay(world.journal)) == world.rollout)
    for cut in stride(from: 1, to: world.journal.count, by: 701) { expectRecovery(plan, Script(), cut) }
  }

  @Test(arguments: Story.all) func recoveryFromEveryPrefixConverges(_ story: Story) {
    var world = story.world()
    world.isThorough = false
    world.run()
    for cut in 1..<world.journal.count { expectRecovery(story.plan, story.script(), cut) }
  }

  /// The controller dies right after record `cut`, wherever that falls within a decision.
  private func expectRecovery(_ plan: Plan, _ script: Script, _ cut: Int) {
    var script = script
    script.crashesAt.append(cut)
    script.deliversLateAnswers = cut.isMultiple(of: 2)
    var world = MachineWorld(plan, script)
    world.isThorough = false
    world.run()
    #expect(world.witness.violations == [], "died after record \(cut): \(world.kinds)")
    let ends = world.rollout.isAtRest || world.rollout.pause != nil
    #expect(ends, "died after record \(cut), then \(world.rollout.stateName): \(world.kinds)")
    #expect(world.rollout.isEnded != !world.rollout.waitingOn.isEmpty)
  }

  @Test func sameScriptGivesTheSameJournal() {
    for story in Story.all {
      var (one, other) = (story.world(), story.world())
      one.isThorough = false
      other.isThorough = false
      one.run()
      other.run()
      #expect(one.journal.elementsEqual(other.journal) { $0.event == $1.event && $0.at == $1.at }, "\(story.name)")
    }
  }

  /// Every remedy that is shown is one that the machine takes.
  @Test(arguments: Story.all) func remediesAreTaken(_ story: Story) {
    var world = story.world()
    world.run()
    for state in world.states where !state.isEnded && state.epoch > 0 {
      for reason in state.waitingOn {
        let verbs = reason.remedyVerbs(in: state)
        #expect(!verbs.isEmpty, "no verb in \(reason.remedy)")
        for verb in verbs {
          let operation = Operation(request: "remedy", by: "ann", reason: "shown by explain")
          #expect(throws: Never.self, "\(reason) while \(state.stateName)") {
            try state.decide(.operation(operation, verb), now: state.lastEventAt)
          }
        }
      }
    }
  }
}
