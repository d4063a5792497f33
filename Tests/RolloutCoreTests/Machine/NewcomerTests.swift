import RolloutSimulation
import Testing

@testable import RolloutCore

/// Instances on which nothing ran before have no availability to lose: they are not probed before their activation,
/// count as down from then on, and need no room to start.
@Suite struct NewcomerTests {
  @Test(arguments: Story.newcomers) func anEmptyInstanceIsNeitherProbedNorDown(_ story: Story) {
    var world = story.world()
    world.run()
    var seen = 0
    for state in world.states {
      for index in state.hosts.indices where state.plan.hosts[index].from == nil {
        guard case .waiting = state.hosts[index].position, !state.hosts[index].isActivated else { continue }
        seen += 1
        #expect(!state.hosts[index].isDown || state.hosts[index].isDrained, "\(state.name(index))")
        #expect(!state.outstanding.contains { if case .watch(index, _) = $0 { true } else { false } })
      }
    }
    #expect(seen > 0)
    #expect(world.rejections == [])
  }

  @Test func aFirstDeployStartsAWaveAtOnce() {
    var world = Story.newcomers[0].world()
    world.run()
    #expect(world.states.map(\.downCount).max() == 4)
    #expect(world.kinds.count { $0 == "hostVerified" } == 5)
  }

  /// Those that serve go one at a time, and none of them while a newcomer is still starting.
  @Test func aScaleOutTakesServingInstancesDownOneByOne() {
    var world = Story.newcomers[1].world()
    world.run()
    for state in world.states {
      #expect((0..<3).count { state.hosts[$0].isDown } <= 1)
    }
    #expect(world.states.contains { $0.hosts[3].isDown && $0.hosts[4].isDown })
  }

  /// What a probe says of an instance that nobody asked about changes nothing.
  @Test func aStrayAnswerOfAnEmptyInstanceIsNoNews() throws {
    let plan = PlanBuilder(hosts: 2) {
      $0.from = { _ in nil }
      $0.policy.rollback = .forwardOnly
    }.plan
    var rollout = Rollout(plan: plan, at: plan.createdAt)
    for event in try rollout.decide(.tookOver(epoch: 1, holder: "c1", gap: .zero), now: plan.createdAt) {
      try rollout.apply(event, at: plan.createdAt)
    }
    for host in [0, 1] {
      let answer = Input.health(host: host, expecting: nil, .unhealthy(detail: "connection refused"))
      #expect(try rollout.decide(answer, now: plan.createdAt) == [])
    }
    #expect(rollout.downCount == 0)
  }
}
