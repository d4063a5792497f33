import RolloutCore
import Testing

@Suite struct LawTests {
  /// Laws 1 and 5, `waitingOn` and the safety rules are checked by the world after every input.
  @Test(arguments: Story.all) func recordedRolloutKeepsTheLaws(_ story: Story) {
    var world = story.world()
    world.run()
    #expect(world.witness.violations == [], "\(world.kinds)")
    #expect(world.rollout.stateName == story.ends, "\(world.kinds) \(world.rollout.waitingOn)")
  }
}
