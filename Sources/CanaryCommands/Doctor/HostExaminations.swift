internal import Observers
internal import RolloutCore
internal import RolloutEngine

/// What `canary doctor` looks at on one host.
struct HostExaminations {
  let policy: Policy
  let transport: any Transport
  let prober: any Prober
  let clock: any WallClock

  private static let commandTimeout = TimeSpan.seconds(10)
  /// Twice the space of a 32 MB artifact and its unpacked content, with some to spare.
  private static let wantedBytes: Int64 = 256 << 20
  /// Burn-in windows and log lines of host and controller are compared by people; TLS and Kerberos fail far above.
  private static let skewLimit = TimeSpan.seconds(5)

  struct Found: Sendable {
    var examinations: [Examination]
    /// A release is active there.
    var runs = false
  }

  func all(_ instance: Instance) async -> Found {
    let name = instance.id.text
    let directory = instance.directory ?? policy.release.directory
    switch await transport.inspect(instance, service: policy.service, directory: directory, step: nil) {
    case .failure(let failure):
      return Found(examinations: [
        Examination(
          "host", name, .bad, failure.detail,
          fix: "repair the connection, or leave the host out with --exclude \(name) --reason …"),
        Examination("probes", name, .skipped, "the host does not answer"),
      ])
    case .success(let report):
      let running = report.current.map { "runs \($0)" } ?? "empty"
      let held = report.releases.count == 1 ? "1 release" : "\(report.releases.count) releases"
      let examinations = [
        Examination("host", name, .good, "reachable, its tools are there, \(running), \(held)"), space(name, report),
        await self.directory(directory, instance), await skew(instance), await probes(instance, report),
      ]
      return Found(examinations: examinations, runs: report.current != nil)
    }
  }

  private func space(_ name: String, _ report: HostReport) -> Examination {
    let free = MachineExaminations.size(report.freeBytes)
    guard report.freeBytes < Self.wantedBytes else { return Examination("disk", name, .good, "\(free) free") }
    return Examination(
      "disk", name, .doubtful, "only \(free) free where releases go",
      fix: "free space there, or lower `release: {keep: …}`")
  }

  /// The directory itself, or what it will be made in.
  private func directory(_ directory: String, _ instance: Instance) async -> Examination {
    let script = #"d=$1; while [ ! -e "$d" ]; do d=$(dirname "$d"); done; [ -d "$d" ] && [ -w "$d" ] || echo "$d""#
    let argv = ["sh", "-c", script, "sh", directory]
    switch await transport.check(argv, timeout: Self.commandTimeout, on: instance) {
    case .failure(let failure): return Examination("directory", instance.id.text, .skipped, failure.detail)
    case .success(let result):
      let blocking = result.output.trimmingSpaces
      guard result.exitStatus == 0, blocking.isEmpty else {
        let what = blocking.isEmpty ? directory : blocking
        return Examination(
          "directory", instance.id.text, .bad, "\(what) is no directory that the user may write",
          fix: "create \(directory) on \(instance.id) and give it to the user that canary logs in as")
      }
      return Examination("directory", instance.id.text, .good, "\(directory) can be written")
    }
  }

  private func skew(_ instance: Instance) async -> Examination {
    let before = clock.now()
    let result = await transport.check(["date", "+%s"], timeout: Self.commandTimeout, on: instance)
    let after = clock.now()
    guard case .success(let ended) = result, ended.exitStatus == 0, let seconds = Int64(ended.output.trimmingSpaces)
    else { return Examination("clock", instance.id.text, .skipped, "`date +%s` gave no time") }
    let host = Timestamp(milliseconds: seconds * 1000)
    // Whole seconds on the host's side.
    let early = before - host - .seconds(1)
    let late = host - after
    let off = max(early, late)
    guard off > Self.skewLimit else {
      return Examination(
        "clock", instance.id.text, .good, "within \(TimeWords.length(Self.skewLimit)) of this machine's")
    }
    let words = early > late ? "behind" : "ahead of"
    return Examination(
      "clock", instance.id.text, .doubtful, "\(TimeWords.length(off)) \(words) this machine's",
      fix: "run a time service (chrony, systemd-timesyncd) on both")
  }

  private func probes(_ instance: Instance, _ report: HostReport) async -> Examination {
    let name = instance.id.text
    if policy.probes.isEmpty { return Examination("probes", name, .skipped, "the policy has none") }
    if let refusal = ProbeWatch.refusal(of: policy.probes, for: instance) {
      return Examination("probes", name, .bad, "\(refusal)", fix: "correct `probes` in the policy")
    }
    guard let current = report.current else { return Examination("probes", name, .skipped, "nothing runs there yet") }
    switch await verdict(instance, current) {
    case .healthy: return Examination("probes", name, .good, "healthy")
    case .unhealthy(let detail):
      return Examination(
        "probes", name, .bad, detail, fix: "a rollout would count this host as down: repair the service or the probe")
    case nil:
      return Examination(
        "probes", name, .doubtful, "no agreement within \(patience)", fix: "look at `rise`, `fall` and `interval`")
    }
  }

  /// Enough for every probe to agree either way, once.
  private var patience: TimeSpan {
    let longest = policy.probes.map { probe in
      let rounds = Int64(max(probe.rise, probe.fall))
      return TimeSpan(milliseconds: rounds * (probe.interval.milliseconds + probe.timeout.milliseconds))
    }
    return (longest.max() ?? .zero) + .seconds(1)
  }

  private func verdict(_ instance: Instance, _ current: Version) async -> Health? {
    let (answers, feed) = AsyncStream.makeStream(of: Health.self)
    let deadline = clock.now() + patience
    return await withTaskGroup(of: Health?.self) { group in
      group.addTask { [prober, policy] in
        await prober.watch(instance, probes: policy.probes, expecting: current) { feed.yield($0) }
        return nil
      }
      group.addTask {
        for await health in answers { return health }
        return nil
      }
      group.addTask { [clock] in
        try? await clock.sleep(until: deadline)
        return nil
      }
      let first = await group.next() ?? nil
      group.cancelAll()
      feed.finish()
      return first
    }
  }
}
