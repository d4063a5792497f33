/// Everything a plan follows from. The same request always gives the same plan.
public struct PlanRequest: Hashable, Sendable {
  public var rollout: RolloutID
  public var kind: Plan.Kind
  public var policy: Policy
  /// SHA-256 of the policy file's bytes.
  public var policyDigest: Digest
  public var release: Release
  /// What was found on every instance, in the order of the inventory.
  public var facts: [HostFacts]
  public var exclusions: [HostExclusion]
  /// A release that an unfinished rollout left on some hosts. Those are the first choice for the canary: they may be
  /// down already, and then any other canary would have to wait for room under `max_unavailable`.
  public var leftover: Version?
  public var createdAt: Timestamp
  public var createdBy: String

  public init(
    rollout: RolloutID, kind: Plan.Kind, policy: Policy, policyDigest: Digest, release: Release, facts: [HostFacts],
    exclusions: [HostExclusion] = [], leftover: Version? = nil,
    createdAt: Timestamp, createdBy: String
  ) {
    self.rollout = rollout
    self.kind = kind
    self.policy = policy
    self.policyDigest = policyDigest
    self.release = release
    self.facts = facts
    self.exclusions = exclusions
    self.leftover = leftover
    self.createdAt = createdAt
    self.createdBy = createdBy
  }
}

/// A host the operator leaves out: nothing is sent to it, it is not probed, and it does not count as capacity.
public struct HostExclusion: Hashable, Codable, Sendable {
  public var host: HostID
  public var reason: String
  public init(host: HostID, reason: String) {
    self.host = host
    self.reason = reason
  }
}

/// Every reason not to start, at once and never none: those of the policy's sizes, of the exclusions, of the hosts in
/// inventory order, then of the canary.
public struct PlanRefusal: Error, Hashable, Codable, Sendable {
  public var problems: [PlanProblem]
  public init(problems: [PlanProblem]) { self.problems = problems }
}
