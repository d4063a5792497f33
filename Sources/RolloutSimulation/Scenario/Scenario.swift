public import RolloutCore

/// A whole history to be: fleet, policy, controllers, and everything that goes wrong, as one value. The same scenario
/// runs the same way every time.
public struct Scenario: Codable, Hashable, Sendable {
  /// Draws the order of jobs and the times of messages.
  public var seed: UInt64
  public var hosts: Int
  public var policy: Policy
  public var controllers: Int
  /// All controllers are on one machine, where everybody sees who is dead; else each has its own.
  public var sharesMachine: Bool
  public var faults: [Fault]
  /// What is rolled out once the first rollout has ended.
  public var successor: Successor?
  /// Another service with a journal in the same store and a small rollout of its own.
  public var hasNeighbour: Bool
  /// Writes and reads the journal as JSON.
  public var isEncoded: Bool
  /// The metrics' source has the baseline in its history.
  public var hasHistory: Bool
  /// Hosts without a version before.
  public var emptyHosts: Bool
  /// Milliseconds between looks for requests.
  public var requestInterval: Int64
  public var wire: Int64
  /// A state is compared with the fold after every so many turns.
  public var latency: Int64
  /// The instances that a person's own policy names; nil for made-up ones.
  public var instances: [Instance]?
  /// Milliseconds after which a person approves what waits for it; nil: nobody does.
  public var approvalAfter: Int64?

  public enum Successor: String, Codable, Hashable, Sendable, CaseIterable { case release, rollback }

  /// After the last fault.
  var faultsEnd: Int64 { faults.map(\.end).max() ?? 0 }
}
