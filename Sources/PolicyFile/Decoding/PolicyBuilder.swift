internal import RolloutCore

/// Turns an accepted document into the model. Defaults are the model's own.
struct PolicyBuilder {
  let root: DecodedObject
  let checks: [ResolvedCheck]

  /// Nil where a required part is missing, which the schema has reported by then.
  func build() -> Policy? {
    guard let service = root["service"]?.text, let instances = root["instances"].flatMap(instanceSource),
      let transport = root["transport"]?.object.flatMap(transport),
      let release = root["release"]?.object.flatMap(release)
    else { return nil }
    var policy = Policy(service: service, instances: instances, transport: transport, release: release)
    applyPace(to: &policy)
    policy.probes = root["probes"]?.list?.compactMap { $0.object.flatMap(probe) } ?? []
    policy.checks = checks.compactMap(check)
    applyDecisions(to: &policy)
    return policy
  }

  // MARK: - Hosts

  private func instanceSource(_ value: Decoded) -> InstanceSource? {
    if let list = value.list { return .listed(list.compactMap { $0.object.flatMap(Self.instance) }) }
    if let file = value.object?["file"]?.text { return .file(file) }
    return value.object?["command"]?.texts.map(InstanceSource.command)
  }

  static func instance(_ object: DecodedObject) -> Instance? {
    guard let host = object["host"]?.text else { return nil }
    let labels = object["labels"]?.pairs.map { Instance.Label(name: $0.name, value: $0.value) } ?? []
    return Instance(
      id: HostID(host), address: object["address"]?.text, zone: object["zone"]?.text,
      sshPort: object["ssh_port"]?.integer, labels: labels.sorted { $0.name < $1.name },
      directory: object["directory"]?.text)
  }

  private func transport(_ object: DecodedObject) -> TransportPolicy? {
    guard let ssh = object["ssh"]?.object else { return object.has("local") ? .local : nil }
    var policy = SSHPolicy(
      user: ssh["user"]?.text, port: ssh["port"]?.integer, configFile: ssh["config"]?.text,
      identityFile: ssh["identity"]?.text, knownHostsFile: ssh["known_hosts"]?.text)
    policy.connectTimeout = ssh["connect_timeout"]?.duration ?? policy.connectTimeout
    return .ssh(policy)
  }

  private func release(_ object: DecodedObject) -> ReleasePolicy? {
    guard let artifact = object["artifact"]?.text, let directory = object["directory"]?.text else { return nil }
    var release = ReleasePolicy(artifact: artifact, directory: directory)
    release.sha256 = object["sha256"]?.text
    release.sharedDirectories = object["shared"]?.object?["dirs"]?.texts ?? release.sharedDirectories
    release.sharedFiles = object["shared"]?.object?["files"]?.texts ?? release.sharedFiles
    release.restart = object["restart"]?.texts ?? release.restart
    release.restartTimeout = object["restart_timeout"]?.duration ?? release.restartTimeout
    release.drain = object["drain"]?.texts ?? release.drain
    release.undrain = object["undrain"]?.texts ?? release.undrain
    release.hookTimeout = object["hook_timeout"]?.duration ?? release.hookTimeout
    release.keep = object["keep"]?.integer ?? release.keep
    return release
  }

  // MARK: - Pace and decisions

  private func applyPace(to policy: inout Policy) {
    if let canary = root["canary"]?.object {
      if let count = canary["count"]?.integer { policy.canary = .count(count) }
      if let share = canary["percent"]?.percentage { policy.canary = .percent(share) }
      if let hosts = canary["hosts"]?.texts { policy.canary = .hosts(hosts.map { HostID($0) }) }
    }
    policy.baseline = root["baseline"]?.duration ?? policy.baseline
    policy.waveBurnIn = root["wave_burn_in"]?.duration ?? policy.waveBurnIn
    policy.soak = root["soak"]?.duration ?? policy.soak
    policy.warmUp = root["warm_up"]?.duration ?? policy.warmUp
    let burnIn = root["burn_in"]?.object
    policy.burnIn = Self.burnIn(burnIn, default: policy.burnIn)
    policy.waves = root["waves"]?.list?.compactMap(\.quantity) ?? policy.waves
    policy.maxUnavailable = root["max_unavailable"]?.quantity ?? policy.maxUnavailable
    policy.maxFailures = root["max_failures"]?.integer ?? policy.maxFailures
    policy.minHealthyTime = root["min_healthy_time"]?.duration ?? policy.minHealthyTime
    policy.healthyDeadline = root["healthy_deadline"]?.duration ?? policy.healthyDeadline
    policy.progressDeadline = root["progress_deadline"]?.duration ?? policy.progressDeadline
  }

  /// One bound alone moves the other where the default would contradict it: `{max: 5m}` means at most 5 minutes.
  static func burnIn(_ object: DecodedObject?, default standard: BurnInPolicy) -> BurnInPolicy {
    let (low, high) = (object?["min"]?.duration, object?["max"]?.duration)
    return BurnInPolicy(
      min: low ?? min(standard.min, high ?? standard.min), max: high ?? max(standard.max, low ?? standard.max),
      untilRequests: object?["until"]?.object?["requests"]?.integer)
  }

  private func applyDecisions(to policy: inout Policy) {
    policy.falseAlarm = root["false_alarm"]?.percentage.map { $0 / 100 } ?? policy.falseAlarm
    policy.rollback = choice("rollback") ?? policy.rollback
    if policy.rollback == .forwardOnly {
      policy.onFail = .halt
      policy.onAbort = .hold
    }
    policy.onFail = choice("on_fail") ?? policy.onFail
    policy.onInconclusive = choice("on_inconclusive") ?? policy.onInconclusive
    policy.onNoData = choice("on_no_data") ?? policy.onNoData
    policy.onAbort = choice("on_abort") ?? policy.onAbort
    policy.approval = choice("approval") ?? policy.approval
  }

  private func choice<C: RawRepresentable<String>>(_ key: String) -> C? { root[key]?.text.flatMap(C.init(rawValue:)) }
}
