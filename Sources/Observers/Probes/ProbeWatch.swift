public import CurlClient
public import RolloutCore
public import RolloutEngine

/// Probes instances over HTTP(S), TCP and commands on their hosts.
public struct ProbeWatch: Prober {
  private let curl: CurlClient
  private let transport: any Transport
  private let clock: any WallClock
  private let caFile: String?

  /// `caFile`: PEM bundle that HTTPS probes trust instead of the system's.
  public init(curl: CurlClient, transport: any Transport, clock: any WallClock, caFile: String? = nil) {
    self.curl = curl
    self.transport = transport
    self.clock = clock
    self.caFile = caFile
  }

  /// Why one of `probes` would never be sent to `instance`, for plans and checks; nil when all would.
  public static func refusal(of probes: [ProbePolicy], for instance: Instance) -> InstanceAddress.Refusal? {
    for probe in probes {
      do {
        // Any version: the path of an assertion is checked too.
        _ = try PreparedProbe(probe, of: instance, expecting: Version("0"), caFile: nil)
      } catch { return error }
    }
    return nil
  }

  public func watch(
    _ instance: Instance, probes: [ProbePolicy], expecting: Version?,
    report: @escaping @Sendable (Health) async -> Void
  ) async {
    var prepared: [PreparedProbe] = []
    for probe in probes {
      do {
        prepared.append(try PreparedProbe(probe, of: instance, expecting: expecting, caFile: caFile))
      } catch {
        await report(.unhealthy(detail: "probe \(probe.name) is not sent: \(error)"))
        return await clock.waitForCancellation()
      }
    }
    var health = InstanceHealth(probes)
    if let known = health.change() { await report(known) }
    guard !prepared.isEmpty else { return await clock.waitForCancellation() }
    await run(prepared, &health, report)
  }

  private struct Turn: Sendable {
    var probe: Int
    var answer: ProbeAnswer?
  }

  /// One child task per probe's turn; this task alone counts and reports, so reports come in order and a probe's next
  /// turn begins only after its last one was counted.
  private func run(
    _ probes: [PreparedProbe], _ health: inout InstanceHealth, _ report: @Sendable (Health) async -> Void
  ) async {
    let start = clock.now()
    var beats = probes.map { Beat(interval: $0.policy.interval, from: start) }
    await withTaskGroup(of: Turn.self) { group in
      for index in probes.indices { group.addTask { await turn(of: index, probes[index], at: start) } }
      while let turn = await group.next(), let answer = turn.answer, !Task.isCancelled {
        if let changed = health.record(answer, of: turn.probe) { await report(changed) }
        beats[turn.probe].advance(now: clock.now())
        let (probe, next) = (probes[turn.probe], beats[turn.probe].next)
        group.addTask { await self.turn(of: turn.probe, probe, at: next) }
      }
      group.cancelAll()
    }
  }

  /// No answer means cancelled.
  private func turn(of index: Int, _ probe: PreparedProbe, at time: Timestamp) async -> Turn {
    do { try await clock.sleep(until: time) } catch { return Turn(probe: index) }
    let answer = await probe.ask(curl, transport)
    return Turn(probe: index, answer: Task.isCancelled ? nil : answer)
  }
}
