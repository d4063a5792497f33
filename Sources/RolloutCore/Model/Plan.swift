/// The exact consequence of a policy for the hosts as they were found: record 0 of a rollout's journal.
/// Nothing in it changes while the rollout runs.
public struct Plan: Hashable, Codable, Sendable {
  public var rollout: RolloutID
  public var kind: Kind
  public var policy: Policy
  /// SHA-256 of the policy file's bytes.
  public var policyDigest: Digest
  public var release: Release
  /// Every instance of the inventory, in its order.
  public var hosts: [PlannedHost]
  /// In order; each updated host is in exactly one. Empty when every host is on the release already.
  public var waves: [PlannedWave]
  /// `maxUnavailable` in instances, at least 1.
  public var maxUnavailable: Int
  public var createdAt: Timestamp
  public var createdBy: String

  public enum Kind: String, Hashable, Codable, Sendable {
    /// Canary, burn-in, waves.
    case release
    /// Back to a version that was proven before: one wave, no canary, no burn-in.
    case rollback
  }

  public init(
    rollout: RolloutID, kind: Kind, policy: Policy, policyDigest: Digest, release: Release, hosts: [PlannedHost],
    waves: [PlannedWave], maxUnavailable: Int, createdAt: Timestamp, createdBy: String
  ) {
    self.rollout = rollout
    self.kind = kind
    self.policy = policy
    self.policyDigest = policyDigest
    self.release = release
    self.hosts = hosts
    self.waves = waves
    self.maxUnavailable = maxUnavailable
    self.createdAt = createdAt
    self.createdBy = createdBy
  }
}

public struct Release: Hashable, Codable, Sendable {
  public var version: Version
  public var digest: Digest
  /// Path of the artifact on the controller's machine. Empty for a rollback to releases that the hosts still hold.
  public var artifact: String
  public init(version: Version, digest: Digest, artifact: String) {
    self.version = version
    self.digest = digest
    self.artifact = artifact
  }
}

public struct PlannedHost: Hashable, Codable, Sendable {
  public var instance: Instance
  /// Version that `current` named when the plan was made; nil on an empty host.
  public var from: Version?
  public var task: Task
  public var rollback: RollbackReadiness

  public enum Task: Hashable, Codable, Sendable {
    case update
    /// On the release already: nothing is sent to it.
    case none
    /// Left out by the operator, with the reason given.
    case excluded(reason: String)
  }

  public init(instance: Instance, from: Version?, task: Task, rollback: RollbackReadiness) {
    self.instance = instance
    self.from = from
    self.task = task
    self.rollback = rollback
  }
}

public enum RollbackReadiness: Hashable, Codable, Sendable {
  /// The host holds this complete, verified release.
  case ready(Version)
  /// Nothing ran there before, so there is nothing to go back to.
  case nothingBefore
  /// A version runs that the host could not return to; says why.
  case missing(reason: String)
}

public struct PlannedWave: Hashable, Codable, Sendable {
  public var kind: Kind
  /// Indices into `Plan.hosts`, in the order in which they are updated.
  public var hosts: [Int]
  /// Why these hosts, in one sentence.
  public var explanation: String

  public enum Kind: String, Hashable, Codable, Sendable { case canary, rolling }

  public init(kind: Kind, hosts: [Int], explanation: String) {
    self.kind = kind
    self.hosts = hosts
    self.explanation = explanation
  }
}

/// What was found on one host before the plan was made.
public struct HostFacts: Hashable, Codable, Sendable {
  public var instance: Instance
  public var found: Found

  public enum Found: Hashable, Codable, Sendable {
    case report(HostReport)
    case unreachable(detail: String)
  }

  public init(instance: Instance, found: Found) {
    self.instance = instance
    self.found = found
  }
}

/// A reason not to start, with a stable code that `canary explain` knows.
public struct PlanProblem: Error, Hashable, Codable, Sendable {
  public var code: String
  /// The host it is about, if it is about one.
  public var host: HostID?
  public var detail: String
  /// What to do next, in one sentence.
  public var remedy: String
  public init(code: String, host: HostID? = nil, detail: String, remedy: String) {
    self.code = code
    self.host = host
    self.detail = detail
    self.remedy = remedy
  }
}
