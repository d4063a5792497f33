/// A check's numbers for people.
extension CheckState {
  func finding(logThreshold: Double, alpha: Double) -> CheckFinding {
    var result = CheckFinding()
    result.logEvidence = logEvidence
    result.logThreshold = logThreshold
    result.silentTicks = silentTicks
    result.isLimitBreached = limit?.isBreached ?? false
    result.isLimitHeld = limit?.isHeld ?? false
    result.limitValue = limit?.lastValue
    result.siblingsDegraded = limit?.isBreachedBySiblings ?? false
    result.isOnRecording = isOnRecording
    result.recordingIsUsedUp = recordingIsUsedUp
    if let pass {
      result.passEvidence = pass.value
      result.passThreshold = pass.threshold
      result.hasEarnedPass = pass.isEarned
    }
    if let rates { fill(&result, rates, alpha: alpha) }
    if let latency { fill(&result, latency, alpha: alpha) }
    if let gauge { fill(&result, gauge) }
    if let bounded { fill(&result, bounded) }
    // A pass is earned against siblings only.
    if isOnRecording { result.exposureMissing = nil }
    return result
  }

  private func fill(_ result: inout CheckFinding, _ rates: RateCheck, alpha: Double) {
    let total = rates.isOnRecording ? rates.soakTotal : rates.total
    let strata = rates.isOnRecording ? rates.soakStrata : rates.strata
    result.part = rates.strongest?.part
    result.temper = rates.lowestTemper
    result.silentSiblings = rates.silentSiblings
    result.exposureMissing = rates.pass?.process.exposureMissing
    result.updatedExposure = total.canaryExposure
    result.siblingsExposure = total.baselineExposure
    if total.canaryExposure > 0 { result.updated = total.canaryEvents / total.canaryExposure }
    if total.baselineExposure > 0 { result.siblings = total.baselineEvents / total.baselineExposure }
    if let a = result.updated, let b = result.siblings, b > 0 {
      result.ratio = a / b
      let bounds = strata.bounds(alpha: alpha / 2)
      (result.ratioLow, result.ratioHigh) = (bounds.low, bounds.high)
    }
    if case .share = rule.kind { return }
    result.siblingsDegraded =
      result.siblingsDegraded || rates.trend.isWorse(direction: rule.kind.direction, tolerance: rule.tolerance)
  }

  private func fill(_ result: inout CheckFinding, _ latency: LatencyCheck, alpha: Double) {
    result.part = latency.strongest
    result.temper = latency.lowestTemper
    result.silentSiblings = latency.silentSiblings
    result.exposureMissing = latency.exposureMissing
    guard let shown = latency.shown, let layout = latency.layout, let quantile = latency.tails.last?.quantile else {
      return
    }
    let updated = latency.isOnRecording ? shown.paired : shown.updated
    let siblings = latency.isOnRecording ? shown.recorded : shown.siblings
    result.updatedExposure = updated.reduce(0, +)
    result.siblingsExposure = siblings.reduce(0, +)
    let value = { (counts: [Double], least: Double) -> Double? in
      counts.reduce(0, +) >= least ? LogSpace.exponential(HistogramQuantile.log(quantile, counts, layout)) : nil
    }
    result.updated = value(updated, 1)
    result.siblings = value(siblings, 1)
    if let a = result.updated, let b = result.siblings, b > 0 {
      result.ratio = a / b
      let low = QuantileInterval.bounds(quantile, updated, layout, alpha: alpha / 2)
      let high = QuantileInterval.bounds(quantile, siblings, layout, alpha: alpha / 2)
      if let low, let high {
        result.ratioLow = high.high > 0 ? low.low / high.high : 0
        result.ratioHigh = high.low > 0 ? low.high / high.low : .infinity
      }
    }
    if let before = value(shown.before, 1000), let recent = value(shown.recent, 1000) {
      result.siblingsDegraded = result.siblingsDegraded || recent > before * (1 + rule.tolerance)
    }
  }

  private func fill(_ result: inout CheckFinding, _ gauge: GaugeCheck) {
    result.updated = gauge.updatedLevel
    result.siblings = gauge.siblingsLevel
    result.updatedExposure = Double(gauge.windowsJudged) * GaugeCheck.window
    result.siblingsExposure = result.updatedExposure
    result.silentSiblings = gauge.silentSiblings
  }

  private func fill(_ result: inout CheckFinding, _ bounded: BoundedRateCheck) {
    let total = bounded.total
    result.updatedExposure = total.canaryExposure
    result.siblingsExposure = total.baselineExposure
    if total.canaryExposure > 0 { result.updated = total.canaryEvents / total.canaryExposure }
    if total.baselineExposure > 0 { result.siblings = total.baselineEvents / total.baselineExposure }
    result.silentSiblings = bounded.silentSiblings
  }
}
