/// What the checks say of a wave, with what it rests on. Journalled as it is; replay never asks again.
public struct Verdict: Hashable, Codable, Sendable {
  public var outcome: Outcome
  /// One sentence for people, naming the check that decided.
  public var reason: String
  public var evidence: [Evidence]
  /// Samples of this rollout that the verdict rests on: all up to and including this number. Nil for none.
  public var lastSample: Int?

  public enum Outcome: String, Hashable, Codable, Sendable, CaseIterable {
    case pass, fail, inconclusive
    case noData = "no_data"
    case error
  }

  public init(outcome: Outcome, reason: String, evidence: [Evidence] = []) {
    self.outcome = outcome
    self.reason = reason
    self.evidence = evidence
  }
}

/// One check's numbers at the moment of a verdict.
public struct Evidence: Hashable, Codable, Sendable {
  public var check: String
  public var outcome: Verdict.Outcome
  /// The updated instances' value and the siblings', in the check's unit. Nil when not measured.
  public var canary: Double?
  public var baseline: Double?
  /// Requests (or samples) behind the two values.
  public var canarySamples: Double
  public var baselineSamples: Double
  /// canary/baseline with an interval that holds at every moment; nil where there is none.
  public var ratio: Double?
  public var ratioLow: Double?
  public var ratioHigh: Double?
  /// Evidence of a regression against its threshold, both as natural logarithms. Nil for a plain threshold.
  public var logEvidence: Double?
  public var logThreshold: Double?
  /// Evidence of no regression beyond the pass margin against its threshold, as natural logarithms.
  public var passEvidence: Double?
  public var passThreshold: Double?
  /// What an earned pass still needs; nil when earned or out of reach.
  public var need: Need?
  /// Not the canary alone: the siblings degraded too.
  public var siblingsDegraded: Bool
  public var owner: String?
  /// What it says, or what is still missing.
  public var detail: String

  /// "412 of about 1,000 requests, about 9 min".
  public struct Need: Hashable, Codable, Sendable {
    public var have: Double
    public var about: Double
    /// `requests`, `samples`, `seconds`.
    public var unit: String
    /// At the present rate; nil when nothing arrives.
    public var time: TimeSpan?
    public init(have: Double, about: Double, unit: String, time: TimeSpan?) {
      self.have = have
      self.about = about
      self.unit = unit
      self.time = time
    }
  }

  public init(
    check: String, outcome: Verdict.Outcome, canary: Double? = nil, baseline: Double? = nil,
    canarySamples: Double = 0, baselineSamples: Double = 0, logEvidence: Double? = nil, logThreshold: Double? = nil,
    detail: String
  ) {
    self.check = check
    self.outcome = outcome
    self.canary = canary
    self.baseline = baseline
    self.canarySamples = canarySamples
    self.baselineSamples = baselineSamples
    self.logEvidence = logEvidence
    self.logThreshold = logThreshold
    self.detail = detail
    siblingsDegraded = false
  }
}

extension Evidence {
  /// Verdicts in older journals lack what came later.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    func number(_ key: CodingKeys) throws -> Double? { try values.decodeIfPresent(Double.self, forKey: key) }
    check = try values.decode(String.self, forKey: .check)
    outcome = try values.decode(Verdict.Outcome.self, forKey: .outcome)
    canary = try number(.canary)
    baseline = try number(.baseline)
    canarySamples = try values.decode(Double.self, forKey: .canarySamples)
    baselineSamples = try values.decode(Double.self, forKey: .baselineSamples)
    ratio = try number(.ratio)
    ratioLow = try number(.ratioLow)
    ratioHigh = try number(.ratioHigh)
    logEvidence = try number(.logEvidence)
    logThreshold = try number(.logThreshold)
    passEvidence = try number(.passEvidence)
    passThreshold = try number(.passThreshold)
    need = try values.decodeIfPresent(Need.self, forKey: .need)
    siblingsDegraded = try values.decodeIfPresent(Bool.self, forKey: .siblingsDegraded) ?? false
    owner = try values.decodeIfPresent(String.self, forKey: .owner)
    detail = try values.decode(String.self, forKey: .detail)
  }
}

/// What the probes of one instance say, after rise and fall.
public enum Health: Hashable, Codable, Sendable {
  case healthy
  /// `detail` is the last failed answer in one phrase, such as `http GET /healthz: 503, expected 200`.
  case unhealthy(detail: String)
}
