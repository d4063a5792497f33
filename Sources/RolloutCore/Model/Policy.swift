/// What people want of a rollout: the content of a policy file, with every default filled in.
/// It is pinned in the plan at the start; later edits of the file do not reach a running rollout.
public struct Policy: Codable, Hashable, Sendable {
  public var service: String
  public var instances: InstanceSource
  public var transport: TransportPolicy
  public var release: ReleasePolicy
  public var canary: CanaryChoice
  /// How long all instances are measured before the push, so that each can be compared with itself; less where the
  /// source has that history already. Nothing is measured without checks.
  public var baseline: TimeSpan
  public var burnIn: BurnInPolicy
  /// How long the checks watch each later wave, updated against not yet updated instances, before it counts as passed.
  /// Without checks a wave passes as soon as its instances are healthy.
  public var waveBurnIn: TimeSpan
  /// How long the checks watch the whole service after the last wave, against the recorded baseline and the absolute
  /// limits, before the rollout counts as succeeded. Without checks there is none.
  public var soak: TimeSpan
  /// Time after an instance's update in which the checks tolerate more latency of it: caches are cold, code is not
  /// compiled yet.
  public var warmUp: TimeSpan
  /// Sizes of the waves after the canary, of the rest. The last one always reaches everything that is left.
  public var waves: [Quantity]
  /// Instances that may be down, unhealthy or unknown at once, over the whole service. At least 1 after rounding.
  public var maxUnavailable: Quantity
  /// Instances of the rolling waves that may fail before the rollout counts as failed. A failed canary always fails it.
  public var maxFailures: Int
  /// How long an updated instance must answer well before it counts as healthy.
  public var minHealthyTime: TimeSpan
  /// How long an updated instance may take to become healthy.
  public var healthyDeadline: TimeSpan
  /// How long the rollout may go without an instance becoming healthy or a wave passing.
  public var progressDeadline: TimeSpan
  public var probes: [ProbePolicy]
  public var checks: [CheckPolicy]
  /// Probability, over the whole burn-in and all checks together, of failing a release that is no worse. In (0, 1).
  public var falseAlarm: Double
  public var onFail: FailAction
  public var onInconclusive: InconclusiveAction
  public var onNoData: NoDataAction
  public var onAbort: AbortMode
  public var rollback: RollbackRequirement
  /// Where a person must say `promote` before the rollout goes on.
  public var approval: ApprovalPolicy

  public init(
    service: String, instances: InstanceSource, transport: TransportPolicy, release: ReleasePolicy
  ) {
    self.service = service
    self.instances = instances
    self.transport = transport
    self.release = release
    canary = .count(1)
    baseline = .minutes(5)
    waveBurnIn = .seconds(30)
    soak = .minutes(5)
    warmUp = .seconds(60)
    burnIn = BurnInPolicy(min: .minutes(10), max: .minutes(60), untilRequests: nil)
    waves = [.percent(25), .percent(100)]
    maxUnavailable = .count(1)
    maxFailures = 0
    minHealthyTime = .seconds(10)
    healthyDeadline = .minutes(2)
    progressDeadline = .minutes(30)
    probes = []
    checks = []
    falseAlarm = 0.01
    onFail = .rollback
    onInconclusive = .halt
    onNoData = .wait
    onAbort = .rollback
    rollback = .required
    approval = .none
  }
}

extension Policy {
  /// A policy from before the checks watched the whole rollout promised no baseline, no watch over later waves and no
  /// soak, and gets none.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    func value<T: Decodable>(_ key: CodingKeys) throws -> T { try values.decode(T.self, forKey: key) }
    service = try value(.service)
    instances = try value(.instances)
    transport = try value(.transport)
    release = try value(.release)
    canary = try value(.canary)
    baseline = try values.decodeIfPresent(TimeSpan.self, forKey: .baseline) ?? .zero
    warmUp = try values.decodeIfPresent(TimeSpan.self, forKey: .warmUp) ?? .seconds(60)
    burnIn = try value(.burnIn)
    waveBurnIn = try values.decodeIfPresent(TimeSpan.self, forKey: .waveBurnIn) ?? .zero
    soak = try values.decodeIfPresent(TimeSpan.self, forKey: .soak) ?? .zero
    waves = try value(.waves)
    maxUnavailable = try value(.maxUnavailable)
    maxFailures = try value(.maxFailures)
    minHealthyTime = try value(.minHealthyTime)
    healthyDeadline = try value(.healthyDeadline)
    progressDeadline = try value(.progressDeadline)
    probes = try value(.probes)
    checks = try value(.checks)
    falseAlarm = try value(.falseAlarm)
    onFail = try value(.onFail)
    onInconclusive = try value(.onInconclusive)
    onNoData = try value(.onNoData)
    onAbort = try value(.onAbort)
    rollback = try value(.rollback)
    approval = try value(.approval)
  }
}

public enum InstanceSource: Codable, Hashable, Sendable {
  case listed([Instance])
  /// A text file, one host a line, relative to the policy file.
  case file(String)
  /// A program that prints the same lines; argv, no shell, run in the policy file's directory.
  case command([String])
}

/// A running copy of the service and where it is.
public struct Instance: Codable, Hashable, Sendable {
  public var id: HostID
  /// What `{host}` becomes in probes and what ssh is given. Defaults to the id.
  public var address: String
  public var zone: String?
  /// SSH port where it differs from what ssh's own configuration says.
  public var sshPort: Int?
  /// Free words for `{label}` in probe and metric addresses, such as a port of its own. Sorted by name.
  public var labels: [Label]
  /// `directory` of this instance where it differs from the release's.
  public var directory: String?

  public struct Label: Codable, Hashable, Sendable {
    public var name: String
    public var value: String
    public init(name: String, value: String) {
      self.name = name
      self.value = value
    }
  }

  public init(
    id: HostID, address: String? = nil, zone: String? = nil, sshPort: Int? = nil, labels: [Label] = [],
    directory: String? = nil
  ) {
    self.id = id
    self.address = address ?? id.text
    self.zone = zone
    self.sshPort = sshPort
    self.labels = labels
    self.directory = directory
  }

  /// `text` with `{host}`, `{id}`, `{zone}` and `{label}` replaced by this instance's own.
  public func expanding(_ text: String) -> String {
    var result = ""
    var rest = text[...]
    while let open = rest.firstIndex(of: "{") {
      result += rest[..<open]
      guard let close = rest[open...].firstIndex(of: "}") else {
        rest = rest[open...]
        break
      }
      let name = String(rest[rest.index(after: open)..<close])
      switch name {
      case "host": result += address
      case "id": result += id.text
      case "zone" where zone != nil: result += zone ?? ""
      default: result += labels.first { $0.name == name }?.value ?? String(rest[open...close])
      }
      rest = rest[rest.index(after: close)...]
    }
    return result + rest
  }
}

public enum TransportPolicy: Codable, Hashable, Sendable {
  case ssh(SSHPolicy)
  /// Every instance is a directory on this machine.
  case local
}

public struct SSHPolicy: Codable, Hashable, Sendable {
  public var user: String?
  public var port: Int?
  /// `-F`: a configuration file of ssh's own, relative to the policy file, or `none` for no file at all. Nil leaves
  /// the user's configuration in charge.
  public var configFile: String?
  public var identityFile: String?
  public var knownHostsFile: String?
  public var connectTimeout: TimeSpan
  public init(
    user: String? = nil, port: Int? = nil, configFile: String? = nil, identityFile: String? = nil,
    knownHostsFile: String? = nil, connectTimeout: TimeSpan = .seconds(10)
  ) {
    self.user = user
    self.port = port
    self.configFile = configFile
    self.identityFile = identityFile
    self.knownHostsFile = knownHostsFile
    self.connectTimeout = connectTimeout
  }
}

public struct ReleasePolicy: Codable, Hashable, Sendable {
  /// A `.tar.gz` path with `{version}`, relative to the policy file.
  public var artifact: String
  /// A file that names the artifact's SHA-256 as `sha256sum` prints it, with `{version}`. Nil: the digest is computed
  /// from the artifact at the start and pinned.
  public var sha256: String?
  /// Absolute directory on the host: `releases/<version>`, `current -> releases/<version>`, `shared`.
  public var directory: String
  public var sharedDirectories: [String]
  public var sharedFiles: [String]
  /// argv, run in the new release's directory after `current` moved. Empty: nothing to run.
  public var restart: [String]
  public var restartTimeout: TimeSpan
  /// argv run before activation (take the instance out of its load balancer) and after it is healthy again.
  public var drain: [String]
  public var undrain: [String]
  public var hookTimeout: TimeSpan
  /// Complete releases kept on a host; the current one and the rollback target are kept in any case.
  public var keep: Int

  public init(artifact: String, directory: String) {
    self.artifact = artifact
    self.directory = directory
    sha256 = nil
    sharedDirectories = []
    sharedFiles = []
    restart = []
    restartTimeout = .seconds(60)
    drain = []
    undrain = []
    hookTimeout = .seconds(60)
    keep = 5
  }
}

/// A number of instances, or a percentage of them.
public enum Quantity: Codable, Hashable, Sendable {
  case count(Int)
  case percent(Double)
}

public enum CanaryChoice: Codable, Hashable, Sendable {
  case count(Int)
  case percent(Double)
  case hosts([HostID])
}

public struct BurnInPolicy: Codable, Hashable, Sendable {
  public var min: TimeSpan
  public var max: TimeSpan
  /// Requests the canary must have served before a pass counts. Needs a check with `total`.
  public var untilRequests: Int?
  public init(min: TimeSpan, max: TimeSpan, untilRequests: Int?) {
    self.min = min
    self.max = max
    self.untilRequests = untilRequests
  }
}

public enum FailAction: String, Codable, Hashable, Sendable, CaseIterable { case rollback, halt }
public enum InconclusiveAction: String, Codable, Hashable, Sendable, CaseIterable { case halt, rollback, promote }
public enum NoDataAction: String, Codable, Hashable, Sendable, CaseIterable { case wait, halt, rollback }
public enum AbortMode: String, Codable, Hashable, Sendable, CaseIterable { case hold, rollback }
public enum RollbackRequirement: String, Codable, Hashable, Sendable, CaseIterable {
  case required
  case forwardOnly = "forward_only"
}
public enum ApprovalPolicy: String, Codable, Hashable, Sendable, CaseIterable {
  case none
  /// Once, after the canary's burn-in.
  case canary
  /// After every wave but the last.
  case everyWave = "every_wave"
}
