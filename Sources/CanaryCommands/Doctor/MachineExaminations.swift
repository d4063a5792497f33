internal import ChildProcesses
internal import RolloutCore
internal import RolloutEngine
internal import RolloutStore

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// What `canary doctor` looks at on this machine.
struct MachineExaminations {
  let session: Session

  /// Below this the journal of a long rollout may not fit.
  private static let wantedBytes: Int64 = 64 << 20

  func stateDirectory() -> Examination {
    let state: StateDirectory
    do { state = try session.state() } catch {
      return Examination("state", .bad, error.cause, fix: error.next.first)
    }
    var existing = state.path
    while !Files.exists(existing), existing != "/" { existing = Paths.directory(of: existing) }
    guard access(existing, W_OK | X_OK) == 0 else {
      return Examination(
        "state", state.path, .bad, "\(existing) may not be written", fix: "name another directory with --state DIR")
    }
    let free = Self.freeBytes(existing)
    guard free >= Self.wantedBytes else {
      return Examination(
        "state", state.path, .bad, "only \(Self.size(free)) free",
        fix: "free at least \(Self.size(Self.wantedBytes)) there")
    }
    return Examination("state", state.path, .good, "writable, \(Self.size(free)) free")
  }

  func journal() async -> (Examination, (any CommandStore)?) {
    do throws(CommandFailure) {
      guard let store = try await session.existingStore() else {
        return (Examination("journal", .good, "none yet; the first `canary start` makes it"), nil)
      }
      let count = try await session.read { () async throws(StoreFailure) in
        try await store.summaries(service: nil, openOnly: false, limit: 1000).count
      }
      let what = count == 1 ? "1 rollout" : count < 1000 ? "\(count) rollouts" : "1000 rollouts or more"
      return (Examination("journal", .good, "opens, \(what)"), store)
    } catch {
      return (Examination("journal", .bad, error.cause, fix: error.next.first), nil)
    }
  }

  /// Open rollouts that nobody drives, and leases of dead holders.
  func leases(_ store: any CommandStore) async -> [Examination] {
    let open = (try? await store.summaries(service: nil, openOnly: true, limit: 100)) ?? []
    if open.isEmpty { return [Examination("leases", .good, "no rollout is open")] }
    var found: [Examination] = []
    for summary in open {
      let held = try? await store.leaseHolder(of: summary.service)
      let now = session.context.now()
      if let held, !held.holder.isKnownDead, held.expiresAt > now {
        found.append(
          Examination("lease", summary.service, .good, "\(summary.id) is driven by \(held.holder.display)"))
      } else {
        let who = held.map { "its controller \($0.holder.display) is gone" } ?? "nobody drives it"
        let isWaiting = summary.state == "halted" || summary.state == "stuck"
        found.append(
          Examination(
            "lease", summary.service, .doubtful,
            isWaiting ? "\(summary.id) is \(summary.state) and waits for a person" : "\(summary.id): \(who)",
            fix: isWaiting ? "canary explain \(summary.id)" : "canary resume \(summary.id)"))
      }
    }
    return found
  }

  func sshClient() async -> Examination {
    switch await ChildProcess.run(ProcessCommand(["ssh", "-V"]), timeout: .seconds(5)) {
    case .success(let ended) where ended.status.isSuccess:
      let words = String(decoding: ended.errorOutput + ended.output, as: UTF8.self)
      let version = words.split(whereSeparator: \.isNewline).first.map(String.init) ?? "ssh"
      return Examination("ssh", .good, version.split(separator: ",").first.map(String.init) ?? version)
    case .success(let ended):
      return Examination("ssh", .bad, "`ssh -V` ended with \(ended.status)", fix: "repair the OpenSSH client")
    case .failure(let failure):
      return Examination(
        "ssh", .bad, "\(failure)", fix: "install the OpenSSH client (Debian: apt-get install openssh-client)")
    }
  }

  static func freeBytes(_ path: String) -> Int64 {
    var status = statvfs()
    guard statvfs(path, &status) == 0 else { return .max }
    return Int64(
      clamping: UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize)).partialValue)
  }

  static func size(_ bytes: Int64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB"]
    var (value, unit) = (bytes, 0)
    while value >= 10_240, unit < units.count - 1 { (value, unit) = (value / 1024, unit + 1) }
    return "\(value) \(units[unit])"
  }
}
