import Foundation
import TestKit

/// What a rollout passes through when nothing is lost: how often each place of the controller is reached, and each call
/// on the hosts' disks. Cells are made from it, so that they follow the code.
public struct Survey: Sendable {
  /// Names of fail points, with how often each was reached.
  public var points: [String: Int] = [:]
  public var calls: [HostCall] = []
  /// Syncs of the controller's store.
  public var syncs = 0

  static func take(_ course: Cell.Course, in arena: Arena) async throws -> Survey {
    try await arena.reset()
    var run = CellRun(Cell(.killController, "none", 0, course: course, reach: arena.reach), in: arena)
    try await run.prepare()
    var environment = run.faulty("", at: "0", under: arena.hosts.map(\.directory) + [arena.state])
    environment["CANARY_FAILPOINT_LOG"] = arena.scratch("points")
    let words = try await run.victimWords()
    _ = try await arena.canary(environment).run(words)
    try await run.finish()
    await run.oracle.conclude(run.end)
    guard run.oracle.objections.isEmpty else {
      throw FixtureFailure("nothing was lost, and yet: \(run.oracle.objections)")
    }
    var survey = Survey()
    for name in (contents(of: arena.scratch("points")) ?? "").split(separator: "\n") {
      survey.points[String(name), default: 0] += 1
    }
    for var call in run.calls {
      if call.path.hasPrefix(arena.state) {
        survey.syncs += call.operation == "sync" ? 1 : 0
      } else {
        // Cells count on the hosts alone.
        call.number = survey.calls.count + 1
        survey.calls.append(call)
      }
    }
    return survey
  }
}
