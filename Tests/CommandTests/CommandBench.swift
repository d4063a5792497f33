import Glibc
import Observers
import RolloutCore
import RolloutEngine
import RolloutStore
import TestKit
import Testing

@testable import CanaryCommands

/// The tool in a directory of its own, over hosts in memory and a journal in a real file.
struct CommandBench: Sendable {
  let directory: TemporaryDirectory
  let fleet: MemoryFleet
  var analyst: any Analyst = PassingAnalyst()

  struct Ended: Sendable, CustomStringConvertible {
    var status: Int32
    var answers: String
    var notes: String
    var description: String { "exit \(status)\n\(answers)\n\(notes)" }
  }

  static func with(
    _ hosts: [HostID] = ["a", "b", "c"], running version: Version? = "1.0",
    _ body: (CommandBench) async throws -> Void
  ) async throws {
    try await TemporaryDirectory.with { directory in
      let bench = CommandBench(directory: directory, fleet: MemoryFleet(hosts, running: version))
      try bench.writePolicy()
      for version in ["1.0", "2.0", "2.1"] { try bench.pack(version) }
      try await body(bench)
    }
  }

  static let policy = """
    service: shop
    instances: [{host: a}, {host: b}, {host: c}]
    transport: {local: {}}
    release:
      artifact: dist/shop-{version}.tar.gz
      directory: /srv/shop
    canary: {count: 1}
    burn_in: {min: 0s, max: 1m}
    waves: [100%]
    min_healthy_time: 0s
    probes: [{tcp: "{host}:80"}]
    """

  func writePolicy(_ text: String = policy, to name: String = "canary.yaml") throws {
    _ = try directory.file(name, text)
  }

  func pack(_ version: String) throws {
    if !Files.exists(directory.path("dist")) { _ = try directory.directory("dist") }
    _ = try directory.file("dist/shop-\(version).tar.gz", "the content of \(version)")
  }

  var composition: Composition {
    let (fleet, analyst) = (fleet, analyst)
    var composition = Composition(
      clock: SteadyClock(), openStore: Composition.live.openStore, transport: { _ in fleet },
      observers: { _ in .success(Composition.Observers(prober: fleet, analyst: analyst)) },
      launch: { _ in .failure(.broken("no controller in the background here")) })
    composition.survey = { checks, instances, looks, directory in
      // The same two looks, without the time that a busy service needs between them.
      let near = if case .two = looks { CheckSurvey.Looks.two(apart: TimeSpan(milliseconds: 50)) } else { looks }
      return await Composition.live.survey(checks, instances, near, directory)
    }
    let plain = composition
    composition.launch = { controller in
      // Not a process, but the same command in a task of its own.
      Task { await CanaryTool.run(controller.arguments, in: context(plain, Console.silent)) }
      return .success(.max)
    }
    return composition
  }

  private func context(_ composition: Composition, _ console: Console) -> CommandContext {
    CommandContext(
      environment: ["CANARY_STATE": directory.path("state")], directory: directory.path, console: console,
      composition: composition, operatorName: "tester", takesSignals: false)
  }

  func callAsFunction(_ arguments: String...) async -> Ended { await run(arguments) }

  func run(_ arguments: [String]) async -> Ended {
    let name = directory.path("said-\(UInt32.random(in: 0 ... .max))")
    let console = Console(answers: open(name + ".out"), notes: open(name + ".err"))
    let status = await CanaryTool.run(arguments, in: context(composition, console))
    close(console.answers)
    close(console.notes)
    return Ended(status: status, answers: contents(of: name + ".out") ?? "", notes: contents(of: name + ".err") ?? "")
  }

  private func open(_ path: String) -> Int32 { Glibc.open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600) }

  /// The one rollout, or nil.
  func state(_ id: String? = nil) async -> RolloutSummary? {
    guard let store = try? await SQLiteStore.open(at: directory.path("state/canary.db")) else { return nil }
    let all = (try? await store.summaries(service: nil, openOnly: false, limit: 100)) ?? []
    await store.close()
    return id.map { id in all.first { $0.id.text == id } } ?? all.first
  }

  /// Waits until the newest rollout is in this state.
  func reaches(_ state: String) async -> Bool { await eventually { await self.state()?.state == state } }
}

extension Console {
  static let silent: Console = {
    let nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC)
    return Console(answers: nowhere, notes: nowhere)
  }()
}

/// Hosts in memory: what they run and hold, and whether they are well.
actor MemoryFleet: Transport, Prober {
  private struct Host {
    var current: Version?
    var releases: [HostReport.StagedRelease] = []
    var outcomes: [StepKey: Outcome] = [:]
    var fence = Fence(epoch: 0, step: 0)
    var isReachable = true
  }

  private var hosts: [HostID: Host] = [:]
  private var sick: Set<Version> = []

  init(_ ids: [HostID], running version: Version?) {
    for id in ids {
      var host = Host(current: version)
      if let version { host.releases = [.init(version: version, digest: Digest(String(repeating: "0", count: 64)))] }
      hosts[id] = host
    }
  }

  func makeSick(_ version: Version) { sick.insert(version) }
  func cure() { sick = [] }
  func unplug(_ id: HostID) { hosts[id]?.isReachable = false }
  func versions() -> [String?] { hosts.keys.sorted().map { hosts[$0]?.current?.text } }

  func perform(_ command: HostCommand, on instance: Instance) async -> Outcome {
    guard var host = hosts[instance.id], host.isReachable else { return .notSent(detail: "no such host") }
    if let known = host.outcomes[command.key] { return known }
    guard command.fence >= host.fence else { return .refused(current: host.fence) }
    host.fence = command.fence
    switch command.action {
    case .stage(let staging):
      host.releases.append(.init(version: staging.version, digest: staging.digest))
    case .activate(let activation): host.current = activation.version
    case .run: break
    }
    host.outcomes[command.key] = .succeeded
    hosts[instance.id] = host
    return .succeeded
  }

  func inspect(
    _ instance: Instance, service: String, directory: String, step: StepKey?, fence: Fence?
  ) async -> Result<HostReport, Unreachable> {
    guard let host = hosts[instance.id], host.isReachable else {
      return .failure(Unreachable(detail: "connection refused"))
    }
    let record: StepRecord? = step.map { key in host.outcomes[key].map { .finished($0) } ?? .absent }
    return .success(
      HostReport(
        current: host.current, releases: host.releases, fence: host.fence, bootID: "boot", freeBytes: 1 << 30,
        step: record))
  }

  func check(_ argv: [String], timeout: TimeSpan, on instance: Instance) async -> Result<CommandResult, Unreachable> {
    guard hosts[instance.id]?.isReachable == true else { return .failure(Unreachable(detail: "connection refused")) }
    guard argv.first == "date" else { return .success(CommandResult(exitStatus: 0, output: "")) }
    return .success(
      CommandResult(exitStatus: 0, output: "\(SteadyClock().now().milliseconds / 1000)\n"))
  }

  func close() async {}

  func watch(
    _ instance: Instance, probes: [ProbePolicy], expecting: Version?, report: @escaping @Sendable (Health) async -> Void
  ) async {
    var said: Health?
    let (changes, feed) = AsyncStream.makeStream(of: Void.self)
    feed.yield()
    await withTaskCancellationHandler {
      for await _ in changes {
        let health = health(instance.id)
        if health != said {
          said = health
          await report(health)
        }
      }
    } onCancel: {
      feed.finish()
    }
  }

  private func health(_ id: HostID) -> Health {
    guard let running = hosts[id]?.current, !sick.contains(running) else {
      return .unhealthy(detail: "tcp \(id):80: refused")
    }
    return .healthy
  }
}

struct PassingAnalyst: Analyst {
  func observe(
    _ request: AnalysisRequest, current: CurrentAnalysis, samples: any SampleLog,
    report: @escaping @Sendable (Int64, Verdict) async -> Void
  ) async {
    await report(current.value.number, Verdict(outcome: .pass, reason: "nothing to judge"))
  }
}

/// The real clocks.
struct SteadyClock: WallClock {
  private static let live = Composition.live.clock
  func now() -> Timestamp { Self.live.now() }
  func uptime() -> TimeSpan { Self.live.uptime() }
  func sleep(until deadline: Timestamp) async throws { try await Self.live.sleep(until: deadline) }
}
