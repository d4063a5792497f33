internal import RolloutCore
internal import RolloutEngine

/// What is true of the metrics, and whether their source is there.
final class Metrics {
  /// The release does harm where it runs.
  var isReleaseBad = false
  var isAway = false
  /// Verdicts come and go.
  var isFlapping = false
  /// The source has the baseline in its history.
  var hasHistory = false
  /// Milliseconds of watching that earn a verdict.
  var earning: Int64 = 4_000
  var interval: Int64 = 2_000
  /// Stores each sample before it concludes anything from it, as the real one does.
  var keepsSamples = true
}

/// Gives verdicts that follow from the metrics' truth after a while of watching.
struct SimAnalyst: Analyst, @unchecked Sendable {
  let process: SimProcess
  let fleet: Fleet
  let metrics: Metrics

  func observe(
    _ request: AnalysisRequest, current: CurrentAnalysis, samples: any SampleLog,
    report: @escaping @Sendable (Int64, Verdict) async -> Void
  ) async {
    guard var next = await taken(samples) else { return }
    var watch = (number: Int64(0), since: fleet.world.now, said: Verdict.Outcome?.none, saidAt: Int64.min)
    let every = request.reportInterval.milliseconds
    while process.isAlive, !Task.isCancelled {
      guard await process.sleep(metrics.interval) else { return }
      let analysis = current.value
      if metrics.hasHistory, analysis.stage == .baseline { await current.baselineIsTaken(of: analysis.number) }
      if metrics.keepsSamples {
        let record = SampleRecord(
          sequence: next, at: Timestamp(milliseconds: SimClock.epoch + fleet.world.now), payload: "s")
        do { try await samples.append([record]) } catch {
          guard case .unavailable = error else { return }
          // It may have been written all the same.
          guard let found = await taken(samples) else { return }
          next = found
          continue
        }
        next += 1
      }
      if watch.number != analysis.number || analysis.updated.isEmpty {
        watch = (analysis.number, fleet.world.now, nil, Int64.min)
      }
      let outcome = verdict(analysis, since: watch.since)
      guard outcome != watch.said || fleet.world.now - watch.saidAt >= every else { continue }
      (watch.said, watch.saidAt) = (outcome, fleet.world.now)
      var verdict = Verdict(outcome: outcome, reason: "the checks say \(outcome.rawValue)")
      verdict.lastSample = next
      if process.isAlive, !(metrics.isAway && outcome == .pass) { fleet.referee.measured(analysis, verdict) }
      await report(analysis.number, verdict)
    }
  }

  /// The number of samples that are there; nil when that cannot be read and the watch is over.
  private func taken(_ samples: any SampleLog) async -> Int? {
    guard metrics.keepsSamples else { return 0 }
    while process.isAlive, !Task.isCancelled {
      if var next = try? await samples.samples(from: 0).count {
        while let more = try? await samples.samples(from: next).count, more > 0 { next += more }
        return next
      }
      guard await process.sleep(1_000) else { return nil }
    }
    return nil
  }

  private func verdict(_ analysis: Analysis, since: Int64) -> Verdict.Outcome {
    if metrics.isAway, planted(.analystPassesOnNoData), !analysis.updated.isEmpty { return .pass }
    if metrics.isAway { return fleet.world.dice.chance(70) ? .noData : .error }
    if metrics.isFlapping { return fleet.world.dice.pick([.pass, .inconclusive, .noData, .error]) }
    guard !analysis.updated.isEmpty, fleet.world.now - since >= metrics.earning else { return .inconclusive }
    return metrics.isReleaseBad ? .fail : .pass
  }
}
