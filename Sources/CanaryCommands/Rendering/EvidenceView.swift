internal import ImmuneSystem
import RolloutCore

/// What the two sides of a comparison are called.
struct ArmNames: Hashable, Sendable {
  var updated: String
  var others: String

  static let canary = ArmNames(updated: "canary", others: "siblings")

  private init(updated: String, others: String) {
    self.updated = updated
    self.others = others
  }

  /// In later waves several instances are updated, and after the last one only the time before the push is left to
  /// compare with.
  init(_ rollout: Rollout) {
    if rollout.passedWaves >= rollout.plan.waves.count {
      self.init(updated: "now", others: "before the push")
    } else {
      let isCanary = rollout.plan.waves[rollout.passedWaves].kind == .canary
      self = isCanary ? .canary : ArmNames(updated: "updated", others: "siblings")
    }
  }
}

/// One check's evidence as people see it.
struct EvidenceView: Hashable, Sendable {
  let evidence: Evidence
  let unit: CheckUnit
  private let measure: CheckPolicy.Measure?
  let isCritical: Bool
  /// Measured and shown, never acted on.
  let isMuted: Bool
  let owner: String?
  let names: ArmNames

  /// - Parameter policy: the one that the rollout runs under; what it does not say of the check stays unsaid.
  init(_ evidence: Evidence, _ policy: Policy?, _ names: ArmNames = .canary) {
    self.names = names
    let check = policy?.checks.first { $0.name == evidence.check }
    self.evidence = evidence
    unit = check.map { CheckUnit($0) } ?? .plain
    measure = check?.measure
    isCritical = check?.isCritical ?? false
    isMuted = check?.muted ?? false
    owner = evidence.owner ?? check?.owner
  }

  var sign: String {
    switch evidence.outcome {
    case _ where isMuted: Signs.skipped
    case .pass: Signs.done
    case .fail: Signs.failed
    case .inconclusive, .noData: Signs.unknown
    case .error: Signs.careful
    }
  }

  var style: Palette.Style {
    switch evidence.outcome {
    case _ where isMuted: .faint
    case .pass: .good
    case .fail: .bad
    case .inconclusive: .plain
    case .noData, .error: .careful
    }
  }

  /// What a person must look at first has the lowest.
  var rank: Int {
    switch evidence.outcome {
    case _ where isMuted: 6
    case .fail: 0
    case .error: 1
    case .noData: 2
    case .inconclusive: evidence.siblingsDegraded || (regression ?? 0) >= 0.5 ? 3 : 4
    case .pass: 5
    }
  }

  var isMeasured: Bool { evidence.canary != nil || evidence.baseline != nil }

  /// Nothing can be concluded from it now; `detail` says why.
  var isBlind: Bool { evidence.outcome == .noData || evidence.outcome == .error }

  // MARK: Values

  /// `0.72 % / 0.39 %`: the canary's, then the siblings' where there is one.
  var arms: String {
    guard isMeasured else { return "" }
    let canary = unit.text(evidence.canary)
    return evidence.baseline == nil && evidence.baselineSamples == 0
      ? canary : "\(canary) / \(unit.text(evidence.baseline))"
  }

  /// `canary 0.72 % of 1,200 requests · siblings 0.39 % of 2,610`
  var armsInWords: String {
    var text = "\(names.updated) \(arm(evidence.canary, evidence.canarySamples, counted))"
    if evidence.baseline != nil || evidence.baselineSamples > 0 {
      text += " · \(names.others) \(arm(evidence.baseline, evidence.baselineSamples))"
    }
    return text
  }

  /// - Parameter samples: what stands behind the value; for rates, shares and levels seconds of all instances of the
  ///   arm.
  private func arm(_ value: Double?, _ samples: Double, _ noun: String = "") -> String {
    let text = (quantile.map { "\($0) " } ?? "") + unit.text(value)
    guard samples > 0 else { return text }
    switch measure {
    case .ratio: return "\(text) of \(Figures.count(samples))\(noun)"
    case .histogram, nil: return "\(text) over \(Figures.count(samples))\(noun)"
    case .rate, .share, .gauge: return "\(text) over \(Self.length(samples))"
    }
  }

  private var counted: String {
    if case .ratio? = measure { return " requests" }
    return " samples"
  }

  /// `p99`: the highest quantile of a histogram is the one that is shown.
  private var quantile: String? {
    guard case .histogram(_, let quantiles)? = measure, let top = quantiles.max() else { return nil }
    return "p\(Figures.short(top * 100))"
  }

  /// `×1.8`
  var ratio: String? { evidence.ratio.flatMap { $0.isFinite ? "×\(Figures.brief($0))" : nil } }

  /// `(1.2–2.9)`; one bound alone where the other says nothing.
  var interval: String? {
    guard ratio != nil else { return nil }
    let low = evidence.ratioLow.flatMap { $0.isFinite && $0 > 0 ? Figures.brief($0) : nil }
    let high = evidence.ratioHigh.flatMap { $0.isFinite ? Figures.brief($0) : nil }
    switch (low, high) {
    case (let low?, let high?): return "(\(low)–\(high))"
    case (let low?, nil): return "(≥ \(low))"
    case (nil, let high?): return "(≤ \(high))"
    case (nil, nil): return nil
    }
  }

  // MARK: Evidence

  /// Part of the evidence that fails it, 0 to 1; nil where there is none to gather.
  var regression: Double? { Self.part(evidence.logEvidence, of: evidence.logThreshold) }

  /// Part of the evidence that passes it, 0 to 1.
  var cleared: Double? { Self.part(evidence.passEvidence, of: evidence.passThreshold) }

  private static func part(_ value: Double?, of threshold: Double?) -> Double? {
    guard let value, let threshold, threshold > 0, !value.isNaN else { return nil }
    return min(max(value / threshold, 0), 1)
  }

  var regressionStyle: Palette.Style {
    switch regression ?? 0 {
    case 1...: .bad
    case 0.5...: .careful
    default: .faint
    }
  }

  var clearedStyle: Palette.Style { evidence.outcome == .pass ? .good : .busy }

  /// `412 of about 1,000 requests, about 9m`
  var need: String? {
    guard let need = evidence.need else { return nil }
    let amounts =
      need.unit == "seconds"
      ? "\(Self.length(need.have)) of about \(Self.length(need.about))"
      : "\(Figures.count(need.have)) of about \(Figures.count(Figures.rounded(need.about))) \(need.unit)"
    guard let time = need.time else { return "\(amounts), and nothing arrives" }
    return "\(amounts), about \(TimeWords.about(time))"
  }

  /// The same in a few columns: `~9m`.
  var briefNeed: String? { evidence.need.map { need in need.time.map { "~\(TimeWords.about($0))" } ?? "stalled" } }

  private static func length(_ seconds: Double) -> String {
    TimeWords.length(TimeSpan(milliseconds: Int64(min(max(seconds, 0), 1e9)) * 1000))
  }

  static let degraded = "siblings degraded too: not the canary alone"

  /// The analyst's own words, without what is shown beside them.
  var detail: String {
    let mark = "muted: "
    return isMuted && evidence.detail.hasPrefix(mark) ? String(evidence.detail.dropFirst(mark.count)) : evidence.detail
  }

  /// What of it is not shown in figures already. The analyst's sentence must stand alone in a log; beside both arms and
  /// what is missing it would say them twice. A failure keeps its whole sentence.
  var remarks: String {
    guard evidence.outcome == .inconclusive || evidence.outcome == .pass else { return detail }
    let parts = detail.split(separator: "; ").filter { part in
      !(evidence.baseline != nil && part.contains(" against "))
        && !(evidence.need != nil && part.contains(" of about "))
    }
    return parts.joined(separator: "; ")
  }

  /// One line for a log: `server-errors inconclusive: canary 0.72 % of 1,200 requests · … · ×1.8 (1.2–2.9) · …`
  var sentence: String {
    var parts: [String] = []
    if isMeasured { parts.append(armsInWords) }
    if let ratio { parts.append(interval.map { "\(ratio) \($0)" } ?? ratio) }
    if isBlind || parts.isEmpty {
      parts.append(detail)
    } else {
      if let regression { parts.append("\(Figures.percent(regression)) of what fails it") }
      if let cleared, evidence.outcome != .fail { parts.append("\(Figures.percent(cleared)) of what passes it") }
      if let need, evidence.outcome != .fail { parts.append(need) }
    }
    if evidence.siblingsDegraded { parts.append(Self.degraded) }
    return "\(evidence.check) \(evidence.outcome.rawValue): \(parts.filter { !$0.isEmpty }.joined(separator: " · "))"
  }
}
