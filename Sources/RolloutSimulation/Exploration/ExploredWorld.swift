package import RolloutCore

/// A small world to be explored to its end: a plan, and how often each kind of trouble may strike on one path.
///
/// Without bounds the number of states would still be finite, but not small; every combination within them is visited.
package final class ExploredWorld: Sendable {
  package let name: String
  package let plan: Plan
  package let bounds: Bounds
  /// What people may ask, each at any moment.
  package let verbs: [Input.Verb]
  /// Inputs are taken unsettled in turns of up to this many, as the engine's runner does. 1: each is settled at once.
  package let turnLength: Int

  package struct Bounds: Hashable, Sendable {
    /// Steps or questions that go wrong: fail, get lost, come late or twice, hang, leave another version or a sick one.
    package var faults = 0
    /// Deaths of a controller, alone or half way through the records of a decision.
    package var crashes = 0
    /// Requests of people.
    package var requests = 0
    /// Words of the checks.
    package var verdicts = 0
    /// Processes that die, or come back, behind the rollout's back.
    package var upsets = 0
    /// Seconds that pass although nothing is due.
    package var waits = 0

    package init(
      faults: Int = 0, crashes: Int = 0, requests: Int = 0, verdicts: Int = 0, upsets: Int = 0, waits: Int = 0
    ) {
      self.faults = faults
      self.crashes = crashes
      self.requests = requests
      self.verdicts = verdicts
      self.upsets = upsets
      self.waits = waits
    }
  }

  package init(_ name: String, _ bounds: Bounds, turnLength: Int = 1, plan: Plan) {
    self.name = name
    self.bounds = bounds
    self.plan = plan
    self.turnLength = turnLength
    verbs =
      [
        .pause, .resume, .retry, .rollback, .supersede, .promote(full: false), .promote(full: true), .abort(.hold),
        .abort(.rollback),
      ] + plan.hosts.map { .skip($0.instance.id) }
  }
}

extension ExploredWorld.Bounds: CustomStringConvertible {
  package var description: String {
    let counts = [
      (faults, "faults"), (crashes, "crashes"), (requests, "requests"), (verdicts, "verdicts"), (upsets, "upsets"),
      (waits, "waits"),
    ]
    let said = counts.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
    return said.isEmpty ? "no trouble" : said.joined(separator: ", ")
  }
}
