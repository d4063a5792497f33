internal import RolloutCore
internal import RolloutEngine

/// One process's way to the hosts.
struct SimTransport: Transport, @unchecked Sendable {
  let process: SimProcess
  let fleet: Fleet

  private static let waitForStep: Int64 = 20_000
  private static let margin: Int64 = 15_000

  func perform(_ command: HostCommand, on instance: Instance) async -> Outcome {
    guard process.isAlive, let host = fleet.host(instance.id) else { return .notSent(detail: "no such host") }
    fleet.referee.sent(command, host, by: process)
    return await process.wait(or: .unanswered(detail: "given up")) { wait in
      guard isConnected(host) else {
        fleet.world.after(SimNetwork.connectTimeout) { wait.finish(.notSent(detail: "connection timed out")) }
        return
      }
      let (world, network, machine, wire) = (fleet.world, fleet.network, process.machine, fleet.traits.wire)
      var (hasArrived, isCalledUnsent) = (false, false)
      network.carry(machine, host, there: true, wire) {
        if isCalledUnsent { host.fleet.referee.arrivedUnsent(command) }
        hasArrived = true
        host.take(command) { outcome in
          network.carry(machine, host, there: false, wire) {
            wait.finish(outcome ?? .unanswered(detail: "connection lost"))
          }
        }
      }
      world.after(command.answerLimit) {
        let detail = "no answer in time"
        guard wait.isPending else { return }
        isCalledUnsent = planted(.transportCallsUnansweredUnsent)
        if isCalledUnsent, hasArrived { host.fleet.referee.arrivedUnsent(command) }
        wait.finish(isCalledUnsent ? .notSent(detail: detail) : .unanswered(detail: detail))
      }
    }
  }

  func inspect(
    _ instance: Instance, service: String, directory: String, step: StepKey?, fence: Fence?
  ) async -> Result<HostReport, Unreachable> {
    guard let host = fleet.host(instance.id) else { return .failure(Unreachable(detail: "no such host")) }
    var last = Result<HostReport, Unreachable>.failure(Unreachable(detail: "not asked"))
    for _ in 0..<360 {
      last = await inspectOnce(host, step, fence)
      guard case .success(let report) = last, report.step == .running, !Task.isCancelled else { break }
    }
    return last
  }

  private func inspectOnce(_ host: SimHost, _ step: StepKey?, _ fence: Fence?) async
    -> Result<HostReport, Unreachable>
  {
    await process.wait(or: .failure(Unreachable(detail: "given up"))) { wait in
      guard isConnected(host) else {
        fleet.world.after(SimNetwork.connectTimeout) {
          wait.finish(.failure(Unreachable(detail: "connection timed out")))
        }
        return
      }
      let (world, network, machine, wire) = (fleet.world, fleet.network, process.machine, fleet.traits.wire)
      network.carry(machine, host, there: true, wire) {
        host.answer(step, fence, wait: Self.waitForStep) { report in
          network.carry(machine, host, there: false, wire) {
            wait.finish(report.map { .success($0) } ?? .failure(Unreachable(detail: "connection lost")))
          }
        }
      }
      world.after(Self.waitForStep + Self.margin) { wait.finish(.failure(Unreachable(detail: "no answer in time"))) }
    }
  }

  /// A cut that was there before needs no request to be noticed; one that comes later eats it.
  private func isConnected(_ host: SimHost) -> Bool {
    host.isUp && (fleet.network.isOpen(process.machine, host.index) || fleet.world.dice.chance(30))
  }

  func check(_ argv: [String], timeout: TimeSpan, on instance: Instance) async -> Result<CommandResult, Unreachable> {
    .failure(Unreachable(detail: "no command probes here"))
  }

  func close() async {}
}

struct SimProber: Prober, @unchecked Sendable {
  let process: SimProcess
  let fleet: Fleet

  func watch(
    _ instance: Instance, probes: [ProbePolicy], expecting: Version?,
    report: @escaping @Sendable (Health) async -> Void
  ) async {
    guard process.isAlive, let host = fleet.host(instance.id) else { return }
    let watcher = Watcher(process, host, expecting)
    fleet.add(watcher)
    while let health = await watcher.next() { await report(health) }
    fleet.remove(watcher)
  }
}
