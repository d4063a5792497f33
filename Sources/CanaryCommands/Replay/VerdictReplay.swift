internal import ImmuneSystem
internal import Observers
internal import RolloutCore
internal import RolloutEngine

/// Every journalled verdict of a rollout beside its recomputation.
struct VerdictReplay {
  enum Refusal: Error, Hashable {
    case pruned(needed: Int)
    case damaged(sequence: Int, detail: String)
  }

  struct Entry: Hashable {
    /// Of the journal's record.
    var sequence: Int
    var at: Timestamp
    var verdict: Verdict
    var finding: Finding
  }

  enum Finding: Hashable {
    case same
    case differs(VerdictDifference)
    /// The verdict names no samples: it says that none could be used.
    case unfounded
  }

  let entries: [Entry]
  let samples: Int

  var isSame: Bool {
    entries.allSatisfy { if case .differs = $0.finding { false } else { true } }
  }

  init(_ plan: Plan, _ events: [RecordedEvent], _ records: [SampleRecord]) throws(Refusal) {
    let request = AnalysisRequest(plan)
    var immune = ImmuneSystem(
      checks: request.checks, falseAlarm: request.falseAlarm, horizon: request.horizon,
      untilRequests: request.untilRequests, warmUp: request.warmUp)
    var next = 0
    var entries: [Entry] = []
    for event in events {
      guard case .verdictReached(_, let verdict) = event.event else { continue }
      var finding = Finding.unfounded
      if let last = verdict.lastSample {
        guard last < records.count, last >= 0 else { throw .pruned(needed: last + 1) }
        // A verdict is about all samples up to its own; journals are in the order of their verdicts.
        while next <= last {
          try Self.feed(records[next], to: &immune)
          next += 1
        }
        finding = VerdictDifference(recorded: verdict, recomputed: immune.verdict).map { .differs($0) } ?? .same
      }
      entries.append(Entry(sequence: event.sequence, at: event.at, verdict: verdict, finding: finding))
    }
    self.entries = entries
    samples = records.count
  }

  private static func feed(_ record: SampleRecord, to immune: inout ImmuneSystem) throws(Refusal) {
    do {
      try immune.record(try SampleCodec.decode(record), sequence: record.sequence)
    } catch let damage as SampleCodec.Damage {
      throw .damaged(sequence: record.sequence, detail: damage.detail)
    } catch {
      throw .damaged(sequence: record.sequence, detail: "\(error)")
    }
  }
}

/// The first place where two verdicts are not the same, doubles compared by their bits.
struct VerdictDifference: Hashable {
  var field: String
  var recorded: String
  var recomputed: String

  private init(_ field: String, _ recorded: String, _ recomputed: String) {
    (self.field, self.recorded, self.recomputed) = (field, recorded, recomputed)
  }

  /// Nil when they are the same.
  init?(recorded: Verdict, recomputed: Verdict) {
    let found = Self.fields(recorded)
    let again = Self.fields(recomputed)
    let first = zip(found, again).first { $0 != $1 }
    if let (old, new) = first {
      self.init(old.name, old.value, old.name == new.name ? new.value : "nothing")
    } else if found.count != again.count {
      self.init("evidence", "\(recorded.evidence.count) checks", "\(recomputed.evidence.count) checks")
    } else {
      return nil
    }
  }

  private struct Field: Hashable {
    var name: String
    var value: String
    /// Of a double: text alone would not tell every pair of bits apart.
    var bits: UInt64 = 0
  }

  private static func fields(_ verdict: Verdict) -> [Field] {
    [
      Field(name: "outcome", value: verdict.outcome.rawValue), Field(name: "reason", value: verdict.reason),
      Field(name: "lastSample", value: verdict.lastSample.map(String.init) ?? "none"),
    ] + verdict.evidence.flatMap(fields)
  }

  private static func fields(_ evidence: Evidence) -> [Field] {
    func number(_ name: String, _ value: Double?) -> Field {
      Field(
        name: "\(evidence.check).\(name)", value: value.map { "\($0)" } ?? "none", bits: value?.bitPattern ?? 0)
    }
    func text(_ name: String, _ value: String?) -> Field {
      Field(name: "\(evidence.check).\(name)", value: value ?? "none")
    }
    let need = evidence.need
    return [
      text("outcome", evidence.outcome.rawValue), number("canary", evidence.canary),
      number("baseline", evidence.baseline), number("canarySamples", evidence.canarySamples),
      number("baselineSamples", evidence.baselineSamples), number("ratio", evidence.ratio),
      number("ratioLow", evidence.ratioLow), number("ratioHigh", evidence.ratioHigh),
      number("logEvidence", evidence.logEvidence), number("logThreshold", evidence.logThreshold),
      number("passEvidence", evidence.passEvidence), number("passThreshold", evidence.passThreshold),
      number("need.have", need?.have), number("need.about", need?.about), text("need.unit", need?.unit),
      text("need.time", need?.time?.description), text("siblingsDegraded", "\(evidence.siblingsDegraded)"),
      text("owner", evidence.owner), text("detail", evidence.detail),
    ]
  }
}
