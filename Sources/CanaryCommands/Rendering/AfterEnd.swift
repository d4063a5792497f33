import RolloutCore

/// What is worth typing when a rollout is over.
enum AfterEnd {
  static func commands(_ rollout: Rollout) -> [NextCommand] {
    guard case .ended(let fate, _) = rollout.phase else { return [] }
    let service = rollout.plan.policy.service
    let hosts = NextCommand(command: "canary hosts \(service)", effect: "shows what every host runs now")
    let explain = NextCommand(
      command: "canary explain \(rollout.plan.rollout)", effect: "tells the whole story with its evidence")
    switch fate {
    case .succeeded where rollout.plan.kind == .release:
      guard let from = rollout.plan.hosts.lazy.filter({ $0.task == .update }).compactMap(\.from).first else {
        return [hosts]
      }
      let back = NextCommand(
        command: "canary rollback \(service) --to \(from)", effect: "goes back, should it turn out bad")
      return [hosts, back]
    case .succeeded: return [hosts]
    case .rolledBack:
      return [explain, NextCommand(command: "canary start \(service)@VERSION", effect: "pushes the next attempt")]
    case .aborted, .superseded:
      let back = NextCommand(command: "canary rollback \(service)", effect: "takes what is left on the release back")
      let isMixed = rollout.exposedHosts.contains {
        if case .skipped = rollout.hosts[$0].position { false } else { true }
      }
      return isMixed ? [hosts, back] : [hosts, explain]
    }
  }
}
