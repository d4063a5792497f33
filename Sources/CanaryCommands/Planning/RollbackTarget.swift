internal import RolloutCore
internal import RolloutEngine

/// Which version `canary rollback` goes back to when none is named.
enum RollbackTarget {
  /// The last version that finished a burn-in before the one that runs now did; `running` is what each host that
  /// answered runs. Looking only at what came before keeps a second `rollback` from going forward again to what the
  /// first one left. A release that was stopped after its burn-in, by a failure or by a person, is nothing to go back
  /// to. Nil when there is none.
  ///
  /// `history` is one service's, newest first.
  static func choose(_ history: [RolloutSummary], running: [Version]) -> RolloutSummary? {
    let proven = history.filter { $0.provenAt != nil && $0.state == Fate.succeeded.rawValue }
    guard let present = present(history, running) else { return proven.first }
    let own = proven.firstIndex { $0.release == present }
    let before = own.map { proven[proven.index(after: $0)...] } ?? proven[...]
    return before.first { $0.release != present }
  }

  /// The version to get away from: the newest rollout's, while a host runs it; else what most hosts run.
  static func present(_ history: [RolloutSummary], _ running: [Version]) -> Version? {
    if let newest = history.first?.release, running.contains(newest) { return newest }
    return mostCommon(running)
  }

  private static func mostCommon(_ versions: [Version]) -> Version? {
    var counts: [(version: Version, count: Int)] = []
    for version in versions {
      if let index = counts.firstIndex(where: { $0.version == version }) {
        counts[index].count += 1
      } else {
        counts.append((version, 1))
      }
    }
    return counts.max { $0.count < $1.count }?.version
  }

  /// What most hosts ran before a rollout that ended half way, while some still run its release: those few go back to
  /// what their siblings run. Nil when the rollout finished, or left nothing.
  static func before(_ rollout: Rollout, running: [Version]) -> Version? {
    guard case .ended(let fate, _) = rollout.phase, fate == .aborted || fate == .superseded,
      rollout.plan.kind == .release, running.contains(rollout.plan.release.version)
    else { return nil }
    return mostCommon(rollout.plan.hosts.compactMap(\.from))
  }

  /// Versions that every one of `reports` holds complete, in the order of the first.
  static func heldByAll(_ reports: [HostReport]) -> [Version] {
    guard let first = reports.first else { return [] }
    return first.releases.map(\.version).filter { version in reports.allSatisfy { $0.holds(version) } }
  }
}
