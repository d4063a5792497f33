internal import ImmuneSystem
import RolloutCore

/// One check's evidence as a JSON object, every key always there.
enum EvidenceJSON {
  /// - Parameter policy: names the unit, and whether the check is muted; nil where it is not at hand.
  static func object(_ evidence: Evidence, _ policy: Policy?) -> JSONText {
    let view = EvidenceView(evidence, policy)
    return .object([
      ("check", .string(evidence.check)), ("outcome", .string(evidence.outcome.rawValue)),
      ("unit", policy == nil ? .null : .string(view.unit.rawValue)),
      ("canary", .amount(evidence.canary)), ("baseline", .amount(evidence.baseline)),
      ("canarySamples", .number(evidence.canarySamples)), ("baselineSamples", .number(evidence.baselineSamples)),
      ("ratio", .amount(evidence.ratio)), ("ratioLow", .amount(evidence.ratioLow)),
      ("ratioHigh", .amount(evidence.ratioHigh)),
      ("logEvidence", .amount(evidence.logEvidence)), ("logThreshold", .amount(evidence.logThreshold)),
      ("passEvidence", .amount(evidence.passEvidence)), ("passThreshold", .amount(evidence.passThreshold)),
      ("need", evidence.need.map(need) ?? .null),
      ("siblingsDegraded", .bool(evidence.siblingsDegraded)),
      ("muted", policy == nil ? .null : .bool(view.isMuted)), ("owner", .text(view.owner)),
      ("detail", .string(evidence.detail)),
    ])
  }

  private static func need(_ need: Evidence.Need) -> JSONText {
    .object([
      ("have", .number(need.have)), ("about", .number(need.about)), ("unit", .string(need.unit)),
      ("seconds", .span(need.time)),
    ])
  }
}
