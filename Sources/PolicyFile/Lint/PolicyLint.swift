internal import RolloutCore

/// Looks at what an accepted document means as a whole. It draws no conclusion from parts that were refused.
struct PolicyLint {
  let root: DecodedObject
  /// The policy's own and the included ones.
  let checks: [ResolvedCheck]
  /// Of the policy and of each included file.
  var sinks: [DiagnosticSink]
  /// False when some check could not be read, so that nothing is concluded from its absence.
  var checksAreWhole = true
  /// The model's own defaults, for comparing what was written with what was not.
  let standard = Policy(
    service: "", instances: .listed([]), transport: .local, release: ReleasePolicy(artifact: "", directory: "/"))

  init(root: DecodedObject, checks: [ResolvedCheck], sinks: [DiagnosticSink]) {
    self.root = root
    self.checks = checks
    self.sinks = sinks
  }

  /// Of the policy itself.
  var sink: DiagnosticSink {
    get { sinks[0] }
    set { sinks[0] = newValue }
  }

  var hasErrors: Bool { sinks.contains(where: \.hasErrors) }
  var diagnostics: [Diagnostic] { sinks.flatMap { $0.sorted() } }

  mutating func run() {
    checkDuplicateHosts()
    if let listed = root.whole("instances")?.list {
      checkInstances(listed.compactMap { $0.object.flatMap(PolicyBuilder.instance) })
    }
    checkRelease()
    checkPace()
    checkBurnIn()
    checkBaseline()
    checkProbes()
    checkChecks()
    checkPass()
    checkWayBack()
  }

  // MARK: - Instances

  /// What depends on which instances there are.
  mutating func checkInstances(_ instances: [Instance]) {
    guard !instances.isEmpty else { return }
    checkCanary(instances)
    checkAvailability(instances.count)
    checkTemplates(instances)
    checkInstanceNames(instances)
  }

  private mutating func checkDuplicateHosts() {
    guard let listed = root["instances"]?.list else { return }
    var lines: [String: Int] = [:]
    for host in listed.compactMap({ $0.object?["host"] }) {
      guard let name = host.text else { continue }
      if let line = lines[name] {
        sink.error(
          .duplicateHost, host.span, "`\(name)` is in the list twice, first in line \(line)",
          help: "two instances on one host have two names and one `address`")
      } else {
        lines[name] = host.span.line
      }
    }
  }

  private mutating func checkCanary(_ instances: [Instance]) {
    guard let canary = root.whole("canary")?.object else {
      if !root.has("canary"), instances.count == 1 { warnOfNoSiblings(root.keySpan("instances") ?? root.span) }
      return
    }
    if let count = canary["count"], let number = count.integer {
      if number > instances.count {
        sink.error(
          .canaryTooLarge, count.span,
          "a canary of \(number) among \(instances.count) instance\(instances.count == 1 ? "" : "s")",
          help: "write at most \(max(1, instances.count - 1))")
      } else if number == instances.count {
        warnOfNoSiblings(count.span)
      }
    }
    if let share = canary["percent"], let percent = share.percentage, percent > 100 - 100 / Double(instances.count) {
      warnOfNoSiblings(share.span)
    }
    if let hosts = canary["hosts"], let list = hosts.list { checkCanaryHosts(list, hosts.span, instances) }
  }

  private mutating func checkCanaryHosts(_ list: [Decoded], _ span: Span, _ instances: [Instance]) {
    let known = Set(instances.map(\.id.text))
    var seen: Set<String> = []
    for host in list {
      guard let name = host.text else { continue }
      if !known.contains(name) {
        let near = NearestName.find(name, among: instances.map(\.id.text))
        sink.error(
          .unknownCanaryHost, host.span, "`\(name)` is no instance",
          help: near.map { "did you mean `\($0)`?" } ?? "write the `host` of an instance of this policy")
      } else if !seen.insert(name).inserted {
        sink.error(.duplicateHost, host.span, "`\(name)` is in the canary twice", help: "delete one")
      }
    }
    if seen.count == known.count { warnOfNoSiblings(span) }
  }

  private mutating func warnOfNoSiblings(_ span: Span) {
    sink.warning(
      .noSiblings, span, "the canary is the whole service: no sibling is left to compare it with",
      help: "checks can use absolute limits only; leave at least one instance out of the canary")
    checkLimits()
  }

  private mutating func checkAvailability(_ count: Int) {
    guard count > 1, let value = root["max_unavailable"], let quantity = value.quantity else { return }
    let all =
      switch quantity {
      case .count(let number): number >= count
      case .percent(let share): share >= 100
      }
    guard all else { return }
    sink.warning(
      .wholeServiceDown, value.span, "all \(count) instances may be down at once", help: "write a number below \(count)"
    )
  }

  // MARK: - Release and pace

  private mutating func checkRelease() {
    guard let artifact = root["release"]?.object?["artifact"], let text = artifact.text, !text.contains("{version}")
    else { return }
    sink.warning(
      .artifactWithoutVersion, artifact.span, "the artifact's path does not depend on the version",
      help: "write `{version}` into it, or every version is the same file")
  }

  private mutating func checkPace() {
    let minHealthy = root["min_healthy_time"]?.duration ?? standard.minHealthyTime
    let deadline = root["healthy_deadline"]?.duration ?? standard.healthyDeadline
    let progress = root["progress_deadline"]?.duration ?? standard.progressDeadline
    if minHealthy >= deadline, let span = (root["min_healthy_time"] ?? root["healthy_deadline"])?.span {
      sink.error(
        .neverHealthy, span,
        "`min_healthy_time` (\(minHealthy)) does not fit into `healthy_deadline` (\(deadline)): nothing gets healthy",
        help: "make `healthy_deadline` longer")
    }
    if progress < deadline, let span = (root["progress_deadline"] ?? root["healthy_deadline"])?.span {
      sink.warning(
        .shortProgressDeadline, span,
        "`progress_deadline` (\(progress)) ends before the `healthy_deadline` (\(deadline)) of a single instance",
        help: "make `progress_deadline` longer")
    }
    checkWaves()
  }

  /// The planner's rule: a percentage says how far the rest has come, whatever counts stand in between.
  private mutating func checkWaves() {
    let waves = root["waves"]?.list ?? []
    var highest = 0.0
    for wave in waves {
      guard let percent = wave.percentage else { continue }
      if percent <= highest {
        sink.error(
          .wavesDoNotGrow, wave.span, "\(Self.share(percent)) after \(Self.share(highest))",
          help: "percentages say how far the rest has come: each must be above the one before")
      }
      highest = max(highest, percent)
    }
    for (wave, next) in zip(waves, waves.dropFirst()) where wave.percentage == 100 && next.percentage == nil {
      sink.warning(.uselessWave, next.span, "a wave after one that takes everything", help: "delete it")
      break
    }
  }

  /// A percentage of at most 100, as a policy writes it.
  private static func share(_ percent: Double) -> String {
    percent == percent.rounded() ? "\(Int(percent))%" : "\(percent)%"
  }

  private mutating func checkWayBack() {
    guard root["rollback"]?.text == RollbackRequirement.forwardOnly.rawValue else { return }
    for (key, other) in [
      ("on_fail", "halt"), ("on_inconclusive", "halt"), ("on_no_data", "halt"), ("on_abort", "hold"),
    ] {
      guard let value = root[key], value.text == "rollback" else { continue }
      sink.error(
        .rollbackForbidden, value.span, "`\(key): rollback` contradicts `rollback: forward_only`",
        help: "write `\(key): \(other)`")
    }
  }
}
