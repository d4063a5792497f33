/// Orders commands on a host. The host keeps the highest it accepted and refuses anything lower.
public struct Fence: Hashable, Comparable, Codable, Sendable, CustomStringConvertible {
  /// Controller generation, taken in the store in the transaction that takes the lease. Only grows, per service.
  public var epoch: Int64
  /// Number of the intent within the rollout. Only grows.
  public var step: Int64
  public init(epoch: Int64, step: Int64) {
    self.epoch = epoch
    self.step = step
  }
  public static func < (a: Self, b: Self) -> Bool { (a.epoch, a.step) < (b.epoch, b.step) }
  public var description: String { "\(epoch).\(step)" }
}

/// Names one step on one host. The host keeps the outcome of each key and answers a repeat from that.
public struct StepKey: Hashable, Codable, Sendable, CustomStringConvertible {
  public var rollout: RolloutID
  public var host: HostID
  public var step: StepKind
  public var attempt: Int
  public init(rollout: RolloutID, host: HostID, step: StepKind, attempt: Int) {
    self.rollout = rollout
    self.host = host
    self.step = step
    self.attempt = attempt
  }
  /// Safe as a file name where the rollout id and host id are: `<rollout>/<step>-<attempt>` is unique on its host.
  public var description: String { "\(rollout)/\(host)/\(step.rawValue)/\(attempt)" }
}

public enum StepKind: String, Hashable, Codable, Sendable, CaseIterable {
  case stage, drain, activate, undrain
  /// The same three on the way back to the baseline.
  case revertDrain = "revert-drain"
  case revertActivate = "revert-activate"
  case revertUndrain = "revert-undrain"
}

/// One mutating request to a host.
public struct HostCommand: Hashable, Codable, Sendable {
  public var key: StepKey
  public var fence: Fence
  public var service: String
  /// Absolute directory of the service on that host.
  public var directory: String
  public var action: Action

  public enum Action: Hashable, Codable, Sendable {
    /// Upload, verify the digest, unpack into a new directory, link `shared`, sync, rename to `releases/<version>`;
    /// then prune to `keep` complete releases, never `current` and never one of `protect`.
    case stage(Staging)
    /// Flip `current` with one rename, run the restart command. Refused if the release is not complete.
    case activate(Activation)
    /// Run a command of the policy's (drain, undrain).
    case run(argv: [String], timeout: TimeSpan)
  }

  public struct Staging: Hashable, Codable, Sendable {
    public var version: Version
    public var digest: Digest
    /// Path of the artifact on the controller's machine.
    public var artifact: String
    public var sharedDirectories: [String]
    public var sharedFiles: [String]
    public var keep: Int
    public var protect: [Version]
    public init(
      version: Version, digest: Digest, artifact: String, sharedDirectories: [String], sharedFiles: [String],
      keep: Int, protect: [Version]
    ) {
      self.version = version
      self.digest = digest
      self.artifact = artifact
      self.sharedDirectories = sharedDirectories
      self.sharedFiles = sharedFiles
      self.keep = keep
      self.protect = protect
    }
  }

  public struct Activation: Hashable, Codable, Sendable {
    public var version: Version
    public var restart: [String]
    public var timeout: TimeSpan
    public init(version: Version, restart: [String], timeout: TimeSpan) {
      self.version = version
      self.restart = restart
      self.timeout = timeout
    }
  }

  public init(key: StepKey, fence: Fence, service: String, directory: String, action: Action) {
    self.key = key
    self.fence = fence
    self.service = service
    self.directory = directory
    self.action = action
  }
}

/// What became of a command, classified where it is known.
public enum Outcome: Hashable, Codable, Sendable {
  case succeeded
  /// The host tried and says no, or refused for a reason that will not go away by itself.
  case failed(detail: String)
  /// The host holds a higher fence: another controller has moved on.
  case refused(current: Fence)
  /// The command never reached the host. Sending it again is safe.
  case notSent(detail: String)
  /// Sent, and no answer came: it may have acted. The host must be asked before anything is sent again.
  case unanswered(detail: String)
}

/// What a host says of itself and of one step.
public struct HostReport: Hashable, Codable, Sendable {
  /// Version that `current` resolves to; nil when there is no `current`.
  public var current: Version?
  /// Complete, verified releases on the host, by version.
  public var releases: [StagedRelease]
  /// Highest fence the host accepted for this service.
  public var fence: Fence?
  public var bootID: String
  public var freeBytes: Int64
  /// Answer about the step asked for; nil when none was asked about.
  public var step: StepRecord?

  public struct StagedRelease: Hashable, Codable, Sendable {
    public var version: Version
    public var digest: Digest
    public init(version: Version, digest: Digest) {
      self.version = version
      self.digest = digest
    }
  }

  public init(
    current: Version?, releases: [StagedRelease], fence: Fence?, bootID: String, freeBytes: Int64, step: StepRecord?
  ) {
    self.current = current
    self.releases = releases
    self.fence = fence
    self.bootID = bootID
    self.freeBytes = freeBytes
    self.step = step
  }

  /// True when `version` could be activated now.
  public func holds(_ version: Version) -> Bool { releases.contains { $0.version == version } }
}

/// What a host's ledger knows of a step.
public enum StepRecord: Hashable, Codable, Sendable {
  /// The host never accepted this key.
  case absent
  /// Accepted, and still being worked on.
  case running
  /// Accepted, and its worker died before an outcome was written.
  case interrupted
  case finished(Outcome)
}
