internal import RolloutCore

/// G1: nothing is sent to a host, and nothing is in its ledger, that stable storage does not name, by key and fence.
/// G8: what is sent is what the plan pinned.
struct IntentFirst {
  func checkSent(_ command: HostCommand, _ rollout: WitnessedRollout?) -> String? {
    guard let rollout else { return "\(command.key) is sent for a rollout without a journal" }
    guard rollout.intents[command.key]?.contains(command.fence) == true else {
      return "\(command.key) is sent under fence \(command.fence), which the journal does not have"
    }
    return nil
  }

  func checkPinned(_ command: HostCommand, _ rollout: WitnessedRollout) -> String? {
    let (plan, release) = (rollout.plan, rollout.plan.policy.release)
    guard let index = rollout.indexOf[command.key.host] else { return "\(command.key.host) is not in the plan" }
    let host = plan.hosts[index]
    guard command.service == plan.policy.service,
      command.directory == host.instance.directory ?? release.directory
    else { return "\(command.key) goes to another service or directory" }
    switch command.action {
    case .stage(let staging):
      return staging.version == plan.release.version && staging.digest == plan.release.digest
        && staging.keep == release.keep ? nil : "\(command.key) stages what the plan does not name"
    case .activate(let activation):
      let wanted = command.key.step == .revertActivate ? host.from : plan.release.version
      return activation.version == wanted && activation.restart == release.restart
        ? nil : "\(command.key) activates \(activation.version), planned was \(wanted?.text ?? "nothing")"
    case .run(let argv, _):
      let isDrain = command.key.step == .drain || command.key.step == .revertDrain
      return argv == (isDrain ? release.drain : release.undrain) ? nil : "\(command.key) runs another command"
    }
  }
}
