/// Tolerances, margins and bets of each kind of check.
extension RateCheck {
  init(rule: CheckRule, rules: JudgeRules) {
    var pass: RatePass?
    var sides: [RateSide] = []
    switch rule.kind {
    case .share(let low, let high):
      sides = [
        RateSide(part: "low", direction: -1, ratio: low, allowance: 0, phasesIn: false, odds: .lowShare),
        RateSide(part: "high", direction: 1, ratio: high, allowance: 0, phasesIn: false, odds: .highShare),
      ]
    default:
      let isUp = rule.kind.direction > 0
      let isRatio = if case .ratio = rule.kind { true } else { false }
      let ratio = isUp ? 1 + max(rule.tolerance, 0) : 1 - min(max(rule.tolerance, 0), 0.999)
      sides = [
        RateSide(
          direction: isUp ? 1 : -1, ratio: ratio, allowance: isUp ? rule.allowance ?? (isRatio ? 1e-5 : 0) : 0,
          phasesIn: true, odds: isUp ? .higher : .lower)
      ]
      if isRatio { pass = Self.pass(rule, rules, isUp: isUp) }
    }
    self.init(
      sides: sides, pass: pass, usesPlacebo: !sides.contains { $0.part != nil }, instances: rules.instances,
      horizon: rules.horizon)
  }

  private static func pass(_ rule: CheckRule, _ rules: JudgeRules, isUp: Bool) -> RatePass {
    guard isUp else {
      let ratio = 1 - min(max(rule.passMargin, 0), 0.999)
      return RatePass(
        null: RateNull(ratio: ratio, allowance: 0), odds: .notLower, beta: rules.beta)
    }
    let enough = rules.untilRequests.map { $0 > 0 ? max(2e-4, 1.5 * LogSpace.of(1 / rules.beta) / $0) : 2e-4 } ?? 2e-4
    return RatePass(
      null: RateNull(ratio: 1 + max(rule.passMargin, 0), allowance: rule.passAllowance ?? enough),
      odds: .notHigher, beta: rules.beta)
  }
}

extension LatencyCheck {
  init(rule: CheckRule, rules: JudgeRules, quantiles: [Double]) {
    let sound = quantiles.filter { $0 > 0 && $0 < 1 }.sorted()
    let top = sound.last
    let tails = sound.enumerated().map { index, quantile in
      let own = rule.latencyParts?.quantiles
      return LatencyTail(
        quantile: quantile, tolerance: own.flatMap { index < $0.count ? $0[index] : nil } ?? rule.tolerance,
        passMargin: quantile == top ? rule.passMargin : nil, beta: rules.beta, instances: rules.instances)
    }
    let body = LatencyBody(
      tolerance: rule.latencyParts?.body ?? rule.tolerance,
      passMargin: rule.latencyParts?.bodyPassMargin ?? rule.passMargin, beta: rules.beta, instances: rules.instances)
    self.init(
      body: body, tails: tails, instances: rules.instances, warmUp: max(rules.warmUp, 0), horizon: rules.horizon,
      initialDelay: rule.initialDelay)
  }

  /// Shares of the check's stake: the body and the highest quantile carry most.
  var shares: [Double] {
    guard tails.count > 1 else { return tails.isEmpty ? [1] : [0.45, 0.55] }
    let others = 0.15 / Double(tails.count - 1)
    return [0.45] + Array(repeating: others, count: tails.count - 1) + [0.4]
  }

  /// ln E of the parts, the body first.
  var parts: [Double] { [body.wealth.logValue] + tails.map(\.wealth.logValue) }

  /// ln of the weighted mean of the parts' E.
  var logValue: Double { LogSpace.sum(zip(parts, shares).map { $0 + LogSpace.of($1) }) }

  /// The part with the most evidence.
  var strongest: String {
    var (best, name) = (-Double.infinity, "body")
    for (index, value) in zip(parts, shares).map({ $0 + LogSpace.of($1) }).enumerated() where value > best {
      best = value
      name = index == 0 ? "body" : CheckRule.Kind.partName(tails[index - 1].quantile)
    }
    return name
  }

  /// The pass side: both the body and the highest quantile must reach 1/β.
  var passState: CheckState.PassState? {
    let processes = [body.pass].compactMap { $0 } + tails.compactMap { $0.pass?.process }
    guard let first = processes.first else { return nil }
    return CheckState.PassState(
      value: processes.map(\.logValue).min() ?? 0, threshold: first.logThreshold,
      isEarned: processes.allSatisfy(\.isEarned))
  }

  var exposureMissing: Double? {
    let processes = ([body.pass].compactMap { $0 } + tails.compactMap { $0.pass?.process }).filter { !$0.isEarned }
    let missing = processes.map(\.exposureMissing)
    guard !missing.isEmpty, !missing.contains(where: { $0 == nil }) else { return nil }
    return missing.compactMap { $0 }.max()
  }

  var lowestTemper: Double { ([body.tempering.lowest] + tails.map(\.tempering.lowest)).min() ?? 1 }
}
