internal import RolloutCore

/// G9: whatever part of the unsynced writes survives, `current` names one complete release, and nothing that a finished
/// step promised is gone.
enum SoundReleases {
  static func check(_ host: SimHost) -> String? {
    let disk = host.disk
    if let flaw = flaw(disk.live, host) ?? flaw(disk.synced, host) { return flaw }
    for case .current(let version) in disk.pending {
      guard let version, disk.synced.release(version)?.isWhole == true else {
        return "a crash now may leave \(host.id) with current on \(version?.text ?? "nothing"), which is not complete"
      }
    }
    for case .published(let version, _) in disk.pending where !disk.synced.contents.contains(version) {
      return "a crash now may leave \(version) on \(host.id) published and not whole"
    }
    return nil
  }

  private static func flaw(_ files: HostFiles, _ host: SimHost) -> String? {
    if files.isCurrentSound { return nil }
    return "current of \(host.id) names \(files.current?.text ?? "nothing"), which is not complete"
  }

  /// After a crash: the last activation that was concluded still holds.
  static func checkPromise(_ host: SimHost, _ activated: Version?) -> String? {
    guard let activated, host.disk.live.current != activated else { return nil }
    return "\(host.id) finished the activation of \(activated) and lost it with the power"
  }

  /// What the plan says that a host can return to stays there until the rollout has ended.
  static func checkTarget(_ host: SimHost, _ rollout: WitnessedRollout) -> String? {
    guard let index = rollout.indexOf[host.id], !rollout.state.isEnded, !host.isReplaced,
      case .ready(let version) = rollout.plan.hosts[index].rollback, rollout.plan.policy.rollback == .required,
      host.disk.live.release(version) == nil
    else { return nil }
    return "\(host.id) no longer holds \(version), its way back"
  }
}
