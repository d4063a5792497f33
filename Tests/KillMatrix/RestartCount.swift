/// How often a host was restarted, against the steps that it accepted: once for each at most, and once at least for
/// each that it says went well.
struct RestartCount {
  private let restarts: [String]
  private let before: [String]
  private let steps: [ArenaHost.Step]
  private let spare: Int

  /// `before` and `restarts` are versions whose restart command ran until the cell began and until now; `steps` were
  /// accepted between; so many restarts as `spare` may have no step of their own.
  init(_ restarts: [String], before: [String], steps: [ArenaHost.Step], spare: Int) {
    (self.restarts, self.before, self.steps, self.spare) = (restarts, before, steps, spare)
  }

  /// What is wrong with it; nil when nothing is.
  func objection(endsWith version: String) -> String? {
    guard restarts.starts(with: before) else { return "has a log of restarts that changed: \(restarts)" }
    let new = restarts.dropFirst(before.count)
    let forward = steps.filter { $0.name.hasPrefix("activate-") }
    let back = steps.filter { $0.name.hasPrefix("revert-activate-") }
    let (ahead, returned) = (new.count { $0 != "1.0" }, new.count { $0 == "1.0" })
    if new.count > forward.count + back.count + spare || ahead > forward.count + spare
      || returned > back.count + spare
    {
      return "was restarted by \(Array(new)) in the steps \(steps.map(\.name))"
    }
    let done = (forward + back).count { $0.outcome == "status succeeded" }
    if new.count < done { return "was restarted by \(Array(new)), and \(done) steps went well" }
    if restarts.last != version { return "was last restarted by \(restarts.last ?? "nothing"), not \(version)" }
    return nil
  }
}
